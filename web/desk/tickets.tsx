// Tickets of a customer: what he waits for. On his card, each opens in its place: what was done, one more note, resolved or not.
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { api, type Card, type Ticket, type TicketEntry } from "../shared/api.gen";
import { age, clock, moment, useNow } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { useAct } from "./act";
import { useAsked } from "./asked";
import { DueField, useDue } from "./due";
import { keys } from "./keys";
import { again, dueOf, useTicketTurn } from "./things";
import { ticketWords } from "./ticketwords";
import { deskWords } from "./words";

/** Of a customer with whom one does not talk now: whose ticket was opened from Pekerjaan, or with whom one talked until a moment ago. */
export interface Looked {
  contact: string | null;
  who: string;
  /** In which contact what is written was said. */
  writes: string | null;
}

const TEXT_MOST = 2000;
const SUBJECT_MOST = 200;
const ENTRIES_SHOWN = 6;
const draftOf = (ticket: string) => `sapa.note.ticket.${ticket}`;

function DueBadge({ ticket }: { ticket: Ticket }) {
  const say = useWords(ticketWords);
  const of = useStore(language);
  const due = dueOf(ticket.status === "resolved" ? null : ticket.due, useNow());

  if (due.state === "none") return null;
  return (
    <span className={`badge ${due.state === "late" ? "bad" : due.state === "soon" ? "warn" : ""}`}>
      {due.state === "later" ? say("until", { time: moment(ticket.due!, of) }) : say(due.state === "late" ? "late" : "soon", { time: due.ms < 86_400_000 ? clock(due.ms) : age(due.ms, of) })}
    </span>
  );
}

function Entry({ entry, showContact }: { entry: TicketEntry; showContact: null | ((contact: string) => void) }) {
  const say = useWords(ticketWords);
  const of = useStore(language);
  const changes = entry.id === "1" ? [] : entry.set.map((one) =>
    one === "status" ? say(entry.status ?? "open")
    : one === "owner" ? say("ownerIs", { who: entry.owner_name ?? say("nobody") })
    : one === "due" ? (entry.due ? say("until", { time: moment(entry.due, of) }) : say("dueNone"))
    : say(entry.priority === "high" ? "high" : "normal"));

  return (
    <li>
      <p className="small soft">
        {entry.by_name} · {moment(entry.at, of)}
        {changes.length > 0 ? ` · ${changes.join(" · ")}` : entry.id === "1" ? ` · ${say("begun")}` : ""}
        {entry.contact && showContact ? (
          <>
            {" "}
            <Button small kind="plain" onPress={() => showContact(entry.contact!)}>
              {say("itsContact")}
            </Button>
          </>
        ) : null}
      </p>
      {entry.text ? <p className="note">{entry.text}</p> : null}
    </li>
  );
}

/** Another time for it. */
function NewDue({ ticket, onDone, set }: { ticket: Ticket; onDone: () => void; set: (due: string | null) => void }) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const of = useStore(language);
  const [text, setText] = useState("");
  const when = useDue(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set(when.due ? when.due.toISOString() : null);
  };

  return (
    <form className="ticket-due" aria-label={say("dueOf", { number: ticket.id })} onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), onDone())}>
      <label className="field">
        <span>{say("when")}</span>
        <input className="input" value={text} autoFocus autoComplete="off" aria-describedby="ticket-when-hint" onChange={(event) => setText(event.target.value)} />
      </label>
      <p id="ticket-when-hint" className="small soft">
        {say("whenHint")}
      </p>
      <DueField of={when} />
      <div className="row wrap">
        <button type="submit" className="button small">
          {when.due ? say("until", { time: moment(when.due.toISOString(), of) }) : say("dueNone")} <kbd aria-hidden="true">Enter</kbd>
        </button>
        <Button small kind="plain" onPress={onDone}>
          {words("cancel")} <kbd aria-hidden="true">Esc</kbd>
        </Button>
      </div>
    </form>
  );
}

function TicketView({ ticket, entries, writes, showContact, known }: { ticket: Ticket; entries: readonly TicketEntry[]; writes: string | null; showContact: (contact: string) => void; known: (contact: string) => boolean }) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const me = useLive((page) => page.me?.agent ?? "");
  const [text, setText] = useState(sessionStorage.getItem(draftOf(ticket.id)) ?? "");
  const [asks, setAsks] = useState(false);
  const [all, setAll] = useState(false);
  const hidden = all ? 0 : Math.max(0, entries.length - ENTRIES_SHOWN);
  const act = useAct();
  const id = useId();
  const write = (draft: string) => {
    setText(draft);
    if (draft) sessionStorage.setItem(draftOf(ticket.id), draft);
    else sessionStorage.removeItem(draftOf(ticket.id));
  };
  const change = (name: string, body: Parameters<typeof api.ticketSet>[1]) => {
    const said = text.trim();
    act.run(name, () =>
      api.ticketSet(ticket.id, { ...body, ...(said ? { text: said } : {}), ...(writes ? { contact: writes } : {}) }).then(() => {
        write("");
        setAsks(false);
        again();
      }),
    );
  };
  const busy = act.busy !== null;

  return (
    <div className="ticket-view">
      {hidden > 0 ? (
        <p>
          <Button small kind="plain" onPress={() => setAll(true)}>
            {say("earlier", { count: hidden })}
          </Button>
        </p>
      ) : null}
      <ol className="entries">
        {entries.slice(hidden).map((one) => (
          <Entry key={one.id} entry={one} showContact={one.contact && known(one.contact) ? showContact : null} />
        ))}
      </ol>
      <label className="field" htmlFor={id}>
        <span>{say("noteOn", { number: ticket.id })}</span>
        <textarea id={id} className="input" rows={2} maxLength={TEXT_MOST} value={text} onChange={(event) => write(event.target.value)} />
      </label>
      <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
        {act.problem ? words("failed", { why: act.problem }) : ""}
      </p>
      {asks ? <NewDue ticket={ticket} onDone={() => setAsks(false)} set={(due) => change("due", { due })} /> : null}
      <div className="row wrap">
        <Button small disabled={busy || !text.trim()} label={say("writeTo", { number: ticket.id })} onPress={() => change("write", {})}>
          {say("write")}
        </Button>
        {ticket.status === "resolved" ? (
          <Button small disabled={busy} label={say("reopenThis", { number: ticket.id })} onPress={() => change("status", { status: "open" })}>
            {say("reopen")}
          </Button>
        ) : (
          <>
            <Button small kind="good" disabled={busy} label={say("resolveThis", { number: ticket.id })} onPress={() => change("status", { status: "resolved" })}>
              {say("resolve")}
            </Button>
            <Button small disabled={busy} label={say("waitThis", { number: ticket.id })} pressed={ticket.status === "waiting"} onPress={() => change("waits", { status: ticket.status === "waiting" ? "open" : "waiting" })}>
              {say("wait")}
            </Button>
            <Button small kind="plain" expanded={asks} label={say("dueOf", { number: ticket.id })} onPress={() => setAsks(!asks)}>
              {say("due")}
            </Button>
            {ticket.owner_kind === "agent" && ticket.owner === me ? null : (
              <Button small kind="plain" disabled={busy} label={say("takeThis", { number: ticket.id })} onPress={() => change("take", { owner_kind: "agent", owner: me })}>
                {say("take")}
              </Button>
            )}
          </>
        )}
      </div>
    </div>
  );
}

function TicketRow({ number, known: ticketKnown, opened, toggle, writes, showContact, contactKnown }: { number: string; known: Ticket | null; opened: boolean; toggle: () => void; writes: string | null; showContact: (contact: string) => void; contactKnown: (contact: string) => boolean }) {
  const say = useWords(ticketWords);
  const of = useStore(language);
  const now = useNow();
  const turn = useTicketTurn((one) => one.id === number);
  const detail = useAsked(opened ? `ticket ${number}` : null, turn, (signal) => api.ticket(number, { signal }));
  // what was read last may be older than what the card says
  const ticket = detail && (!ticketKnown || detail.ticket.version >= ticketKnown.version) ? detail.ticket : ticketKnown;
  const state = dueOf(ticket && ticket.status !== "resolved" ? ticket.due : null, now).state;

  return (
    <li className={`ticket ${state}`}>
      <button type="button" className="ticket-head" aria-expanded={opened} onClick={toggle}>
        <span className="row wrap">
          <span className="mono small">#{number}</span>
          {ticket?.priority === "high" ? <span className="badge warn">{say("high")}</span> : null}
          {ticket && ticket.status !== "open" ? <span className={`badge ${ticket.status === "resolved" ? "good" : ""}`}>{say(ticket.status)}</span> : null}
          {ticket ? <DueBadge ticket={ticket} /> : null}
        </span>
        <strong className="ticket-subject">{ticket?.subject ?? "…"}</strong>
        {ticket ? (
          <span className="small soft">
            {now - Date.parse(ticket.created) < 60_000 ? say("justNow") : say("since", { time: age(now - Date.parse(ticket.created), of) })} · {ticket.owner_name ?? say("nobody")}
          </span>
        ) : null}
      </button>
      {opened && detail && ticket ? <TicketView ticket={ticket} entries={detail.entries} writes={writes} showContact={showContact} known={contactKnown} /> : null}
    </li>
  );
}

/** A line, with the time in its words; what has to be known about it below. */
function NewTicket({ contact, who, onDone }: { contact: string; who: string; onDone: (made: string | null) => void }) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const of = useStore(language);
  const [subject, setSubject] = useState("");
  const [text, setText] = useState("");
  const [high, setHigh] = useState(false);
  const when = useDue(subject);
  const act = useAct();
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => input.current?.focus(), []); // it was asked for by a key or a click just now
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!when.rest) return;
    act.run("ticket", () =>
      api
        .ticketNew({ contact, subject: when.rest, ...(when.due ? { due: when.due.toISOString() } : {}), ...(text.trim() ? { text: text.trim() } : {}), ...(high ? { priority: "high" as const } : {}) })
        .then((made) => {
          again();
          onDone(made.ticket);
        }),
    );
  };
  return (
    <form
      className="new-task"
      aria-label={say("newFor", { who })}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onDone(null);
      }}
    >
      <label className="field">
        <span>{say("subject", { who })}</span>
        <input ref={input} className="input" value={subject} maxLength={SUBJECT_MOST} autoComplete="off" aria-describedby="ticket-subject-hint" onChange={(event) => setSubject(event.target.value)} />
      </label>
      <p id="ticket-subject-hint" className="small soft">
        {say("subjectHint")}
      </p>
      <DueField of={when} label={say("due")} />
      <label className="field">
        <span className="small soft">{say("text")}</span>
        <textarea className="input" rows={2} maxLength={TEXT_MOST} value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <label className="row small">
        <input type="checkbox" checked={high} onChange={(event) => setHigh(event.target.checked)} /> {say("high")}
      </label>
      <p role="status" className="small soft">
        {when.due ? say("until", { time: moment(when.due.toISOString(), of) }) : say("dueNone")}
      </p>
      <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
        {act.problem ? words("failed", { why: act.problem }) : ""}
      </p>
      <div className="row wrap">
        <button type="submit" className="button primary small" aria-disabled={!when.rest || act.busy !== null ? true : undefined}>
          {words("ticketNew")} <kbd aria-hidden="true">Enter</kbd>
        </button>
        <Button small kind="plain" onPress={() => onDone(null)}>
          {words("cancel")} <kbd aria-hidden="true">Esc</kbd>
        </Button>
      </div>
    </form>
  );
}

export interface TicketsProps {
  card: Card | null;
  /** From which one can be opened; null: he is not known, or it is somebody else's contact. */
  contact: string | null;
  who: string;
  writes: string | null;
  opened: string | null;
  setOpened: (ticket: string | null) => void;
  asks: boolean;
  setAsks: (asks: boolean) => void;
}

export function Tickets({ card, contact, who, writes, opened, setOpened, asks, setAsks }: TicketsProps) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const items = card?.tickets ?? [];
  const beside = opened && !items.some((one) => one.id === opened) ? opened : null; // resolved just now, or of a card that is not shown
  const known = (one: string) => card?.history.some((past) => past.contact === one) ?? false;
  const showContact = (one: string) => {
    const row = document.getElementById(`past-${one}`);
    row?.scrollIntoView({ block: "nearest" });
    row?.focus();
  };
  const row = (number: string, ticket: Ticket | null) => (
    <TicketRow key={number} number={number} known={ticket} opened={opened === number} toggle={() => setOpened(opened === number ? null : number)} writes={writes} showContact={showContact} contactKnown={known} />
  );

  return (
    <section className="ticket-part" aria-label={say("tickets")} aria-busy={card === null && contact !== null}>
      <div className="row">
        <h2 className="grow">
          {say("tickets")}
          {items.length > 0 ? ` (${items.length})` : ""}
        </h2>
        {contact ? (
          <Button small hotkey={keys.ticket} label={words("ticketNew")} expanded={asks} onPress={() => setAsks(!asks)}>
            {words("ticketNew")}
          </Button>
        ) : null}
      </div>
      {asks && contact ? (
        <NewTicket
          key={contact}
          contact={contact}
          who={who}
          onDone={(made) => {
            setAsks(false);
            if (made) setOpened(made);
          }}
        />
      ) : null}
      {items.length === 0 && !beside ? <p className="small soft">{say("none")}</p> : null}
      <ul className="tickets">
        {beside ? row(beside, null) : null}
        {items.map((one) => row(one.id, one))}
      </ul>
    </section>
  );
}
