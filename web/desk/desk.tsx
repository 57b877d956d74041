// The agent's desk: strip, work, call bar with notes, customer. One page, laid out for every channel.
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { api } from "../shared/api.gen";
import { Frame } from "../shared/frame";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { phone } from "../shared/phone";
import { useAct, type Act } from "./act";
import { CallBar, type Asking, type Pass } from "./callbar";
import { useCard } from "./card";
import { CommandBar } from "./commandbar";
import { useCommands, type Command } from "./commands";
import { Customer } from "./customer";
import { OwnFigures } from "./figures";
import { keys } from "./keys";
import { WorkList } from "./list";
import { callsOf, canDo, isNumber, nameCall, workOf, type Work } from "./model";
import { Notes } from "./notes";
import { PhoneMenu } from "../shared/phonemenu";
import { Script } from "./script";
import { Heard, Help, Keys, LentTo, Messages, MyState, Pressure, ToLeader } from "./strip";
import type { Target } from "./target";
import type { Begun } from "./task";
import type { Thing } from "./things";
import type { Looked } from "./tickets";
import { readable } from "../shared/address";
import { customerOf, whoIs } from "./who";
import { deskWords } from "./words";
import { choose, Dispositions, useChosen } from "./wrapup";

type Pane = "work" | "contact" | "customer";

/** What came of it can be chosen while they still talk. */
function DuringCall({ work, act }: { work: Work; act: Act }) {
  return <Dispositions work={work} value={useChosen(work)} onChange={(id) => act.run("disposition", () => choose(work, id))} />;
}

export function Desk() {
  const words = useWords(deskWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? null);
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const contacts = useLive((page) => page.live.contacts);
  const reasons = useLive((page) => page.directory?.reasons);
  const fresh = useLive((page) => page.live.feed !== "");
  const act = useAct();
  const stateAct = useAct();
  const [wanted, setWanted] = useState<string | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const [pane, setPane] = useState<Pane>("contact");
  const [begun, setBegun] = useState<Begun | null>(null);
  const [barOpen, setBarOpen] = useState(false);
  const [beside, setBeside] = useState<"customer" | "script">("customer");
  const [ticket, setTicket] = useState<string | null>(null);
  const [asksTicket, setAsksTicket] = useState(false);
  const [looked, setLooked] = useState<Looked | null>(null);
  const aside = useRef<HTMLElement>(null);
  const line = useStore(phone.shown);
  const directory = useLive((page) => page.directory);

  const work = workOf(agent, contacts);
  const calls = callsOf(work);
  const chosen = work.find((one) => one.contact === wanted) ?? calls.main ?? work[0] ?? null;
  const { card } = useCard(chosen?.contact ?? null, of, `${chosen?.state}${chosen?.of?.person ?? ""}`);
  const who = chosen ? whoIs(chosen, words, card) : "";
  const customer = customerOf(card, words);

  // the card is that of the next contact; but who is writing in a ticket goes on doing so, and comes to it by a click
  const [was, setWas] = useState(chosen?.contact ?? null);
  const wasWho = useRef(who);
  useEffect(() => {
    wasWho.current = who;
  });
  if (was !== (chosen?.contact ?? null)) {
    setWas(chosen?.contact ?? null);
    if ((ticket || asksTicket) && aside.current?.contains(document.activeElement)) {
      if (!looked && was) setLooked({ contact: was, who: wasWho.current, writes: was });
    } else {
      setTicket(null);
      setAsksTicket(false);
      setLooked(null);
    }
  }
  const back = () => {
    setTicket(null);
    setAsksTicket(false);
    setLooked(null);
  };
  /** From Pekerjaan: on the card of who is there already, else on that of the last contact in which it was touched. */
  const showTicket = (one: Thing) => {
    setAsksTicket(false);
    setLooked(card?.tickets.some((found) => found.id === one.ticket?.id) ? null : { contact: one.contact, who: one.name ?? (one.address ? readable(one.address) : words("unknown")), writes: null });
    setTicket(one.ticket?.id ?? null);
    show("customer");
  };

  // what is being asked for belongs to the call as it was
  const callNow = `${calls.main?.contact ?? ""}${calls.main?.state ?? ""}${calls.asked?.contact ?? ""}`;
  useEffect(() => {
    if (calls.main?.state === "offered" || !calls.main) return;
    setAsking((now) => (now === "dial" ? null : now));
  }, [callNow]);
  // a new contact is shown when nothing else was chosen; what was chosen stays
  useEffect(() => {
    if (wanted && !work.some((one) => one.contact === wanted)) setWanted(null);
  }, [wanted, work]);

  const ready = () => {
    if (!me || !agent) return;
    const first = reasons?.[0]?.id;
    stateAct.run(agent.presence === "ready" ? "not ready" : "ready", () => api.state(me, agent.presence === "ready" ? (first ? { state: "not_ready", reason: first } : { state: "not_ready" }) : { state: "ready" }));
  };
  const place = (target: Target, name: string) => {
    if (!me) return;
    if (line.state === "ready") phone.expectOwn();
    const { kind, to, client, campaign } = target;
    act.run("dial", () => api.call(me, { kind, to, ...(client ? { client } : {}), ...(campaign ? { campaign } : {}) }).then((placed) => nameCall(placed.contact, name)));
  };
  const pass: Pass = (how, { kind, to }, name) => {
    const offer = calls.main?.offer;
    if (!offer) return;
    if (how === "transfer") act.run("transfer", () => api.offerTransfer(offer, { kind, to }));
    else act.run("consult", () => api.offerConsult(offer, { kind, to }).then((placed) => nameCall(placed.contact, name)));
  };
  /** From a card, a task or a callback: at once, for the client that it belongs to, and for the campaign while one may. */
  const callThing = ({ address, name, client, campaign }: Pick<Thing, "address" | "name" | "client"> & { campaign?: string | null }) => {
    if (calls.main || !address) return;
    setPane("contact");
    const again = directory?.campaigns.find((one) => one.id === campaign)?.id;
    place({ kind: "outside", to: `+${address.replace(/^\+/, "")}`, ...(client ? { client } : {}), ...(again ? { campaign: again } : {}) }, name ?? readable(address));
  };
  const begin = (what: Begun | null) => {
    setBegun(what);
    if (what) setPane("work");
  };
  const promise = () => {
    if (chosen) begin({ contact: chosen.contact, who, text: `${words("callback")} ` });
  };
  const can = canDo(calls, false);
  /** What only makes sense with what is typed: a number, a colleague, a queue. */
  const more = (typed: string): Command[] => {
    const wanted = typed.toLowerCase();
    const found: Command[] = [];
    if (isNumber(typed) && !calls.main) found.push({ id: "n call", name: words("commandDial", { who: typed }), run: () => place({ kind: "outside", to: typed }, typed) });
    if (isNumber(typed) && can.transfer) found.push({ id: "n transfer", name: words("transferNow", { who: typed }), run: () => pass("transfer", { kind: "outside", to: typed }, typed) });
    if (wanted.length < 2 || isNumber(typed)) return found;
    const targets: (Target & { name: string })[] = [
      ...(directory?.agents.filter((one) => one.id !== me).map((one) => ({ kind: "agent" as const, to: one.id, name: one.name })) ?? []),
      ...(directory?.queues.map((one) => ({ kind: "queue" as const, to: one.id, name: one.name })) ?? []),
    ];
    for (const one of targets.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, 3)) {
      if (can.transfer) found.push({ id: `t ${one.kind} ${one.to}`, name: words("transferNow", { who: one.name }), run: () => pass("transfer", one, one.name) });
      if (can.consult && one.kind === "agent") found.push({ id: `c ${one.to}`, name: words("consultNow", { who: one.name }), run: () => pass("consult", one, one.name) });
      if (!calls.main) found.push({ id: `d ${one.kind} ${one.to}`, name: words("commandDial", { who: one.name }), run: () => place(one, one.name) });
    }
    return found;
  };
  const show = (what: "customer" | "script") => {
    setBeside(what);
    setPane("customer");
  };
  useCommands([
    { id: "ready", name: words(agent?.presence === "ready" ? "toBreak" : "toReady"), hotkey: keys.ready, run: ready },
    {
      id: "notes",
      name: words("notes"),
      hotkey: keys.notes,
      run: chosen
        ? () => {
            flushSync(() => setPane("contact")); // at once: the next letter is already the note's
            document.querySelector<HTMLTextAreaElement>("[data-notes]")?.focus();
          }
        : undefined,
    },
    { id: "callback", name: words("callback"), hotkey: keys.callback, run: chosen && chosen.of?.direction !== "internal" ? promise : undefined },
    {
      id: "ticket",
      name: words("ticketNew"),
      hotkey: keys.ticket,
      run:
        chosen && card?.person && card.direction !== "internal"
          ? () => {
              setLooked(null);
              show("customer");
              setAsksTicket(true);
            }
          : undefined,
    },
    { id: "script", name: words("script"), hotkey: keys.script, run: () => show(beside === "script" ? "customer" : "script") },
    { id: "commands", name: words("commands"), hotkey: keys.commands, run: () => setBarOpen(true), deep: true },
    ...work.map((one) => ({ id: `row ${one.contact}`, name: words("commandShow", { who: whoIs(one, words) }), deep: true, run: () => setWanted(one.contact) })),
  ]);

  return (
    <Frame
      here="desk"
      className="desk"
      main={
        <div className="desk-main" data-pane={pane} aria-busy={!fresh}>
          <h1 className="hidden">{words("title")}</h1>
          {barOpen ? <CommandBar onDone={() => setBarOpen(false)} more={more} /> : null}
          <Messages />
          <div className="panes choice" role="group" aria-label={words("moves")}>
            {(["work", "contact", "customer"] as const).map((one) => (
              <button type="button" key={one} className="button small" aria-pressed={pane === one} onClick={() => setPane(one)}>
                {one === "customer" ? customer : words(one)}
                {one === "work" && work.length > 0 ? ` (${work.length})` : ""}
              </button>
            ))}
          </div>
          <section className="pane pane-work" aria-labelledby="head-work">
            <h2 id="head-work">{words("work")}</h2>
            {fresh ? (
              <WorkList
                work={work}
                chosen={chosen?.contact ?? null}
                choose={setWanted}
                ready={agent?.presence === "ready"}
                busy={calls.main !== null}
                onCall={callThing}
                onTicket={showTicket}
                begun={begun}
                begin={begin}
              />
            ) : null}
          </section>
          <div className="pane-middle">
            <CallBar calls={calls} act={act} asking={asking} setAsking={setAsking} place={place} pass={pass} />
            <section className="pane pane-contact card" aria-label={words("contact")}>
              {chosen ? (
                <>
                  <Notes
                    key={chosen.contact} 
                    contact={chosen.contact}
                    who={words("notesFor", { who })}
                    note={card?.note ?? null}
                    beside={
                      chosen.of?.direction === "internal" ? null : (
                        <Button small hotkey={keys.callback} expanded={begun?.contact === chosen.contact} onPress={promise}>
                          {words("callback")}
                        </Button>
                      )
                    }
                  />
                  {chosen.state === "talking" || chosen.state === "on hold" ? (
                    <DuringCall key={`d${chosen.contact}`} work={chosen} act={act} />
                  ) : null}
                </>
              ) : (
                <p className="empty soft">{words("nothing")}</p>
              )}
            </section>
          </div>
          <aside ref={aside} className="pane pane-customer card" aria-label={customer}>
            <div className="choice" role="group" aria-label={words("besideCall")}>
              <Button small pressed={beside === "customer"} onPress={() => show("customer")}>
                {customer}
              </Button>
              <Button small hotkey={keys.script} pressed={beside === "script"} onPress={() => show("script")}>
                {words("script")}
              </Button>
            </div>
            {beside === "customer" ? <Customer
                work={chosen}
                looked={looked}
                back={back}
                backTo={chosen ? who : null}
                ticket={ticket}
                setTicket={setTicket}
                asksTicket={asksTicket}
                setAsksTicket={setAsksTicket}
                busy={calls.main !== null}
                onCall={callThing}
              /> : <Script work={chosen} script={card?.script ?? null} campaign={card?.campaign_name ?? null} />}
          </aside>
        </div>
      }
    >
      <MyState act={stateAct} />
      <Heard />
      <LentTo />
      <span role="alert" className={stateAct.problem ? "badge bad" : "hidden"}>
        {stateAct.problem ? words("failed", { why: stateAct.problem }) : ""}
      </span>
      <span className="grow" />
      <OwnFigures />
      <Pressure />
      <PhoneMenu />
      <Help act={stateAct} />
      <ToLeader />
      <Button small kind="plain" hotkey={keys.commands} onPress={() => setBarOpen(true)}>
        {words("commands")}
      </Button>
      <Keys />
    </Frame>
  );
}
