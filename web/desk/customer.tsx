// Who it is: what is known, what was chosen in the menu, open callbacks, earlier contacts with notes and recordings.
import { useRef, useState, type FormEvent } from "react";
import { flushSync } from "react-dom";
import { api, type Card, type CardContact } from "../shared/api.gen";
import { clock, moment, useNow } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { Player } from "../shared/player";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { callWords } from "../shared/words";
import { useAct } from "./act";
import { useCard } from "./card";
import type { Work } from "./model";
import { callable, dueOf, useTicketTurn } from "./things";
import { Tickets, type Looked } from "./tickets";
import { ticketWords } from "./ticketwords";
import { readable } from "../shared/address";
import { customerOf, gaveUp, isPoor, selected, whoIs } from "./who";
import { deskWords } from "./words";

function Earlier({ one, customer, onCall, onTicket }: { one: CardContact; customer: string; onCall: null | (() => void); onTicket: (ticket: string) => void }) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const queue = useLive((page) => page.directory?.queues.find((q) => q.id === one.queue)?.name);
  const direction = one.direction === "outbound" || one.direction === "internal" ? one.direction : "inbound";

  return (
    <li className="earlier" id={`past-${one.contact}`} tabIndex={-1}>
      <p>
        <strong>{one.disposition_text ?? words("outcome", { what: selected(one.outcome) })}</strong>{" "}
        <span className="small soft">
          {moment(one.arrived, of)} · {call(direction)}
          {one.ended ? ` · ${clock(Date.parse(one.ended) - Date.parse(one.arrived))}` : ""}
          {one.survey === null || one.survey_scale === null ? "" : ` · ${words("rated", { answer: one.survey, scale: one.survey_scale })}`}
        </span>
      </p>
      <p className="small soft">{[one.party_type === "prospect" ? words("prospect", { customer: customer.toLowerCase() }) : null, queue, one.agent_name ? words("by", { who: one.agent_name }) : null].filter(Boolean).join(" · ")}</p>
      {one.note?.text ? <p className="note">{one.note.text}</p> : null}
      {one.recordings.map((recording) => (
        <Player key={recording.id} recording={recording.id} ms={recording.recorded_ms} complete={recording.complete} />
      ))}
      {one.tickets.length > 0 ? (
        <p className="row wrap">
          {one.tickets.map((ticket) => (
            <Button key={ticket} small kind="plain" onPress={() => onTicket(ticket)}>
              {say("inTicket", { number: ticket })}
            </Button>
          ))}
        </p>
      ) : null}
      {onCall ? (
        <Button small onPress={onCall}>
          {words("callThis")}
        </Button>
      ) : null}
    </li>
  );
}

const DAY_MS = 86_400_000;
/** The variable by which a flow says that it is known who the customer is. */
export const VERIFIED = "verified";

/** What whoever talks with him should know before the first word. */
function Warnings({ card }: { card: Card }) {
  const words = useWords(deskWords);
  const queues = useLive((page) => page.directory?.queues);
  const of = useStore(language);
  const now = useNow();
  const recent = card.history.filter((one) => one.direction === "inbound" && now - Date.parse(one.arrived) < DAY_MS);
  const last = card.history[0];
  const unsolved = last?.disposition ? queues?.flatMap((one) => one.dispositions).find((one) => one.id === last.disposition && [one.id_name, one.en_name].includes(last.disposition_text ?? ""))?.solved === false : false;
  const rated = card.history.find((one) => one.survey !== null);
  const say = useWords(ticketWords);
  const late = card.tickets.filter((one) => dueOf(one.due, now).state === "late").length;
  const warnings = [
    late > 0 ? say("warnLate", { count: late }) : null,
    recent.length > 0 ? words("warnRepeat", { count: recent.length + 1 }) : null,
    last && gaveUp(last) ? words("warnAbandoned") : null,
    unsolved ? words("warnUnsolved", { what: last?.disposition_text ?? "" }) : null,
    rated && isPoor(rated) ? words("warnRated", { answer: rated.survey!, scale: rated.survey_scale!, time: moment(rated.arrived, of) }) : null,
    card.callbacks.length > 0 ? words("warnCallback", { count: card.callbacks.length }) : null,
  ].filter((one) => one !== null);

  if (warnings.length === 0) return null;
  return (
    <ul className="warnings" aria-label={words("warnings")}>
      {warnings.map((one) => (
        <li key={one} className="badge warn">
          <span aria-hidden="true">⚠</span> {one}
        </li>
      ))}
    </ul>
  );
}

/** Is he a customer already? Whoever talks with him knows best: it holds for him from then on. */
function PartyType({ contact, type, customer, said }: { contact: string; type: Card["party_type"]; customer: string; said: () => void }) {
  const words = useWords(deskWords);
  const act = useAct();
  const name = { customer, prospect: words("prospect", { customer: customer.toLowerCase() }) };

  return (
    <>
      <div className="choice" role="group" aria-label={words("partyType", { customer: customer.toLowerCase() })}>
        {(["customer", "prospect"] as const).map((one) => (
          <Button key={one} small label={words("partyIs", { what: name[one] })} pressed={type === one} disabled={act.busy !== null} onPress={() => type !== one && act.run(one, () => api.partySet(contact, { party_type: one }).then(said))}>
            {name[one]}
          </Button>
        ))}
      </div>
      <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
        {act.problem ? words("failed", { why: act.problem }) : ""}
      </p>
    </>
  );
}

/** What to call him by: asked once, known from then on. */
function Called({ contact, called, said }: { contact: string; called: string | null; said: () => void }) {
  const words = useWords(deskWords);
  const act = useAct();
  const [text, setText] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const close = () => {
    const here = box.current?.contains(document.activeElement);
    flushSync(() => setText(null));
    if (here) box.current?.querySelector("button")?.focus(); // whoever has gone on elsewhere is left there
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void act.run("called", () =>
      api.calledSet(contact, { called: (text ?? "").trim() }).then(() => {
        close();
        said();
      }),
    );
  };

  return (
    <div ref={box}>
      {text === null ? (
        <Button small onPress={() => setText(called ?? "")}>
          {words(called ? "calledChange" : "calledAsk")}
        </Button>
      ) : (
        <form
          className="called"
          onSubmit={save}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            close();
          }}
        >
          <label className="field">
            <span>{words("called")}</span>
            <input className="input" value={text} maxLength={40} autoFocus autoComplete="off" aria-describedby="called-hint" onChange={(event) => setText(event.target.value)} />
          </label>
          <p id="called-hint" className="small soft">
            {words("calledHint")}
          </p>
          <div className="row">
            <button type="submit" className="button primary small" aria-disabled={act.busy !== null ? true : undefined}>
              {words("taskSave")} <kbd aria-hidden="true">Enter</kbd>
            </button>
            <Button small kind="plain" onPress={close}>
              {words("cancel")} <kbd aria-hidden="true">Esc</kbd>
            </Button>
          </div>
          <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
            {act.problem ? words("failed", { why: act.problem }) : ""}
          </p>
        </form>
      )}
    </div>
  );
}

interface CustomerProps {
  work: Work | null;
  /** Instead of `work`: whose ticket is looked at. */
  looked: Looked | null;
  /** Back to whom one talks with. */
  back: () => void;
  backTo: string | null;
  ticket: string | null;
  setTicket: (ticket: string | null) => void;
  asksTicket: boolean;
  setAsksTicket: (asks: boolean) => void;
  /** A call is in hand: no other is placed. */
  busy: boolean;
  onCall: (who: { address: string | null; name: string | null; client: string | null; campaign: string | null }) => void;
}

export function Customer({ work: inHand, looked, back, backTo, ticket, setTicket, asksTicket, setAsksTicket, busy, onCall }: CustomerProps) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const work = looked ? null : inHand;
  const contact = looked ? looked.contact : (work?.contact ?? null);
  const of = useStore(language);
  const mayHear = useLive((page) => page.me?.rights.includes("listen") ?? false);
  const clients = useLive((page) => page.directory?.clients);
  const [said, setSaid] = useState(0);
  const shown = useRef<readonly string[]>([]);
  const turn = useTicketTurn((one) => one.person === work?.of?.person || shown.current.includes(one.id));
  const { card, loading } = useCard(contact, of, `${work?.state}${work?.of?.person ?? ""} ${said} ${turn}`);
  shown.current = [...(card?.tickets.map((one) => one.id) ?? []), ...(ticket ? [ticket] : [])];

  if (!work && !looked) return <p className="empty soft">{words("cardNone")}</p>;
  const verified = card?.items.find((item) => item.id === VERIFIED)?.value;
  const client = card?.client_name ?? clients?.find((one) => one.id === work?.of?.client)?.name;
  const address = card?.address ?? work?.of?.address ?? null;
  const who = contact && (work || card) ? whoIs(work ?? { contact, of: null }, words, card) : (looked?.who ?? words("unknown"));
  const callNow = (number: string | null) => onCall({ address: number, name: card?.name ?? null, client: card?.client ?? work?.of?.client ?? null, campaign: card?.campaign ?? null });
  return (
    <div className="customer">
      {looked ? (
        <div className="notice looked">
          <p>{say("looked", { who })}</p>
          <Button small onPress={back}>
            {backTo ? words("back", { who: backTo }) : words("closeThis")}
          </Button>
        </div>
      ) : null}
      <header>
        <p className="small soft">
          {card?.brand ?? client ?? words("noClient")}
          {card?.customer ? ` · ${card.customer}` : ""}
          {card?.campaign_name ? ` · ${card.campaign_name}` : ""}
        </p>
        <p className="customer-name">{who}</p>
        <p className="row wrap">
          {verified ? <span className={`badge ${verified === "true" ? "good" : "warn"}`}>{verified === "true" ? `✓ ${words("verified")}` : words("unverified")}</span> : null}
          {card?.vip ? <span className="badge warn">{words("vip")}</span> : null}
          {work?.of ? (
            <span className="badge">
              {words("languageName")}: {words(work.of.language)}
            </span>
          ) : null}
        </p>
        {card ? <Warnings card={card} /> : null}
        {card?.person && card.direction !== "internal" ? <Called key={`called ${card.contact}`} contact={card.contact} called={card.called} said={() => setSaid((n) => n + 1)} /> : null}
        {card && card.direction !== "internal" ? <PartyType key={card.contact} contact={card.contact} type={card.party_type} customer={customerOf(card, words)} said={() => setSaid((n) => n + 1)} /> : null}
        {callable(address) && (card?.direction ?? work?.of?.direction) !== "internal" ? (
          <p>
            <Button small disabled={busy} label={words("callWhom", { who })} onPress={() => callNow(address)}>
              {words("callThis")}
            </Button>
          </p>
        ) : null}
      </header>
      {card?.person && card.direction !== "internal" ? (
        <Tickets
          card={card}
          contact={looked ? looked.writes : contact}
          who={who}
          writes={looked ? looked.writes : contact}
          opened={ticket}
          setOpened={setTicket}
          asks={asksTicket}
          setAsks={setAsksTicket}
        />
      ) : ticket ? (
        <Tickets card={null} contact={null} who={who} writes={null} opened={ticket} setOpened={setTicket} asks={false} setAsks={setAsksTicket} />
      ) : null}
      <dl className="facts">
        {card?.name && address ? (
          <div>
            <dt>{words("number", { number: "" })}</dt>
            <dd className="mono">{readable(address)}</dd>
          </div>
        ) : null}
        {work?.of?.number ? (
          <div>
            <dt>{words(work.of.direction === "outbound" ? "shownNumber" : "reached")}</dt>
            <dd className="mono">{work.of.number}</dd>
          </div>
        ) : null}
        {card?.items.filter((item) => item.id !== VERIFIED).map((item) => (
          <div key={item.id}>
            <dt>{item.value ? item.text : words("chose")}</dt>
            <dd>{item.value ?? item.text}</dd>
          </div>
        ))}
        {card?.identities
          .filter((one) => one.value.replace(/^\+/, "") !== (address ?? "").replace(/^\+/, ""))
          .map((one) => (
            <div key={one.kind + one.value}>
              <dt>{words("identity", { kind: one.kind })}</dt>
              <dd className="mono">{readable(one.value)}</dd>
            </div>
          ))}
      </dl>
      {card && card.callbacks.length > 0 ? (
        <section aria-label={words("callbacksOpen")}>
          <h2>{words("callbacksOpen")}</h2>
          <ul>
            {card.callbacks.map((one) => (
              <li key={one.contact} className="small">
                {[words("callbackState", { what: selected(one.state) }), one.due ? words("due", { time: moment(one.due, of) }) : null].filter(Boolean).join(" · ")}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <section aria-label={words("history")}>
        <h2>{words("history")}</h2>
        {card ? (
          card.history.length > 0 ? (
            <ul>
              {card.history.map((one) => (
                <Earlier
                  key={one.contact}
                  one={mayHear ? one : { ...one, recordings: [] }}
                  onTicket={setTicket}
                  customer={customerOf(card, words)}
                  onCall={gaveUp(one) && callable(address) ? () => callNow(address) : null}
                />
              ))}
            </ul>
          ) : (
            <p className="small soft">{words("historyNone")}</p>
          )
        ) : (
          <p className="small soft">{loading ? words("cardWait") : words("historyNone")}</p>
        )}
        {card?.more ? <p className="small soft">{words("historyMore")}</p> : null}
      </section>
    </div>
  );
}
