// What opens beside the lists, never above them: an agent, a contact and why it waits, a number with its meaning and its contacts.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { readable } from "../shared/address";
import { api, type Agent, type Contact, type ContactRecord, type Counted, type Figure, type Why } from "../shared/api.gen";
import { useAsk } from "../shared/ask";
import { Problem } from "../shared/call";
import { clock, moment, now } from "../shared/clock";
import { count, figureWords, isCounted, meaningWords, show, valueOf, type FigureKey, type Period } from "../shared/figures";
import { language, locale, nameOf, useWords, type Language } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useProblems } from "../shared/problem";
import { useStore } from "../shared/store";
import { Goal, goalOf } from "../shared/target";
import { Button } from "../shared/ui";
import { callWords } from "../shared/words";
import { useStateName, whoIs } from "./lead";
import { ChangeForm, ChangePanel, Lent } from "./lend";
import { rowOf } from "./model";
import { RecordParts, useOutcome } from "./record";
import { Coached } from "./coach";
import { Day } from "./shift";
import { Supervise } from "./supervise";
import { leadWords } from "./words";

export type Shown = { kind: "agent"; id: string } | { kind: "change" } | { kind: "contact"; id: string; who?: string } | { kind: "figure"; standing: string; figure: FigureKey; period: Period; day?: string; was?: number | null };

interface Part {
  open: (shown: Shown) => void;
  at: number;
}

/** Does something and says what came of it, in the panel. */
export function useDoing(): { text: string; bad: boolean; busy: boolean; run: (what: () => Promise<unknown>, done: string) => void } {
  const words = useWords(leadWords);
  const inWords = useProblems();
  const [said, setSaid] = useState({ text: "", bad: false });
  const [busy, setBusy] = useState(false);

  return {
    ...said,
    busy,
    run: (what, done) => {
      if (busy) return;
      setBusy(true);
      setSaid({ text: "", bad: false });
      what()
        .then(() => setSaid({ text: done, bad: false }))
        .catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error;
          setSaid({ text: words("failed", { why: inWords(error) }), bad: true });
        })
        .finally(() => setBusy(false));
    },
  };
}

export function Said({ doing }: { doing: { text: string; bad: boolean } }) {
  return (
    <p role="status" className={doing.text ? (doing.bad ? "said bad" : "said") : "hidden"}>
      {doing.text}
    </p>
  );
}

/* ---- an agent ---- */

function AgentPanel({ id, open, at }: Part & { id: string }) {
  const words = useWords(leadWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const state = useStateName();
  const agent = useLive((page) => page.live.agents.get(id));
  const contacts = useLive((page) => page.live.contacts);
  const standings = useLive((page) => page.live.standings);
  const reasons = useLive((page) => page.directory?.reasons) ?? [];
  const mayForce = useLive((page) => page.me?.rights.includes("agents") ?? false);
  const doing = useDoing();

  if (!agent) return <p className="soft">{words("noAgentsHere")}</p>;
  const row = rowOf(agent);
  const name = state(row.doing, agent.reason);
  const force = (to: "ready" | "not_ready" | "logged_out", reason?: string, shown?: string) =>
    doing.run(() => api.state(id, reason ? { state: to, reason } : { state: to }), words("stateDone", { name: agent.name, state: shown ?? "" }));

  return (
    <>
      <p className="row wrap">
        <strong>{name}</strong>
        {row.since === null ? null : <span className="clock">{clock(at - row.since)}</span>}
        {agent.own_team ? <span className="badge">{agent.own_team}</span> : null}
        {agent.team !== agent.own_team ? (
          <span className="badge">
            <span aria-hidden="true">⇄ </span>
            {words("inTeam", { team: agent.team ?? "" })}
          </span>
        ) : null}
        <span className={agent.phone ? "badge good" : "badge bad"}>
          <span aria-hidden="true">{agent.phone ? "✓" : "✕"}</span> {words(agent.phone ? "phoneGood" : "phoneBad")}
        </span>
      </p>
      <p className="soft small">{words("extension", { number: agent.extension })}</p>
      <Handled agent={agent} open={open} key={agent.id} />
      <div className="panel-part">
        <h3>{words("inHand")}</h3>
        {agent.assignments.length === 0 ? <p className="soft">{words("nothingInHand")}</p> : null}
        <ul>
          {agent.assignments.map((part) => {
            const contact = contacts.get(part.contact ?? "");
            return (
              <li key={part.offer ?? part.since} className="row">
                <span className="cut grow">
                  {contact ? whoIs(contact, words("unknown")) : "···"} · {standings.get(`queue:${part.queue ?? ""}`)?.name ?? part.queue ?? call(contact?.direction ?? "internal")}
                </span>
                <span className="clock">{clock(at - Date.parse(part.since))}</span>
                {part.contact ? (
                  <button type="button" className="button small" onClick={() => open({ kind: "contact", id: part.contact! })}>
                    {words("why")}
                  </button>
                ) : null}
              </li>
            );
          })}
        </ul>
      </div>
      <Supervise agent={agent} />
      {mayForce ? (
        <div className="panel-part">
          <h3>{words("state")}</h3>
          <div className="row wrap">
            <Button small disabled={agent.presence === "ready"} onPress={() => force("ready", undefined, words("stateReady"))}>
              {words("stateReady")}
            </Button>
            {reasons.map((reason) => (
              <Button small key={reason.id} disabled={agent.presence === "not ready" && agent.reason === reason.id} onPress={() => force("not_ready", reason.id, nameOf(of, reason))}>
                {nameOf(of, reason)}
              </Button>
            ))}
            <Button small kind="bad" disabled={agent.presence === "offline"} onPress={() => force("logged_out", undefined, call("offline"))}>
              {words("stateLogout")}
            </Button>
          </div>
          <Said doing={doing} />
        </div>
      ) : null}
      <Day agent={id} at={at} open={open} />
      <Coached agent={id} open={open} />
      <Lent agent={agent} />
      {mayForce ? <ChangeForm agents={[id]} /> : null}
    </>
  );
}

/* ---- a contact ---- */

function Move({ contact }: { contact: Contact }) {
  const words = useWords(leadWords);
  const queues = useLive((page) => page.directory?.queues) ?? [];
  const agents = useLive((page) => page.live.agents);
  const doing = useDoing();
  const others = queues.filter((queue) => queue.id !== contact.queue && (contact.client === null || queue.client === contact.client));
  const ready = [...agents.values()].filter((agent) => agent.presence === "ready" && agent.phone);
  const [to, setTo] = useState("");
  const [serving, setServing] = useState<ReadonlySet<string>>(new Set());

  const queue = contact.queue;
  useAsk(queue ? (signal) => api.agents({ queue, limit: 500 }, { signal }) : null, [queue], ({ items }) => setServing(new Set(items.map((agent) => agent.id))));
  const who = ready.filter((agent) => serving.has(agent.id));
  const choices: [string, string][] = [...others.map((queue): [string, string] => [`queue:${queue.id}`, queue.name]), ...who.map((agent): [string, string] => [`agent:${agent.id}`, agent.name])];
  const [chosen, name] = choices.find(([id]) => id === to) ?? choices[0] ?? ["", ""];
  const key = chosen.slice(6);

  return (
    <div className="panel-part">
      <div className="row wrap bottom">
        {chosen ? (
          <>
            <label className="field grow">
              <span>{words("moveTo")}</span>
              <select className="input" value={chosen} onChange={(event) => setTo(event.target.value)}>
                <optgroup label={words("queues")}>
                  {choices.filter(([id]) => id.startsWith("queue:")).map(([id, text]) => (
                    <option key={id} value={id}>
                      {text}
                    </option>
                  ))}
                </optgroup>
                <optgroup label={words("agents")}>
                  {choices.filter(([id]) => id.startsWith("agent:")).map(([id, text]) => (
                    <option key={id} value={id}>
                      {text}
                    </option>
                  ))}
                </optgroup>
              </select>
            </label>
            <Button disabled={doing.busy} onPress={() => doing.run(() => api.move(contact.id, chosen.startsWith("queue:") ? { queue: key } : { agent: key }), words("moved", { queue: name }))}>
              {words("moveDo")}
            </Button>
          </>
        ) : null}
        <Button disabled={doing.busy} onPress={() => doing.run(() => api.move(contact.id, { front: true }), words("prioritySaid"))}>
          {words("priorityUp")}
        </Button>
      </div>
      <Said doing={doing} />
    </div>
  );
}

function ContactPanel({ id, open, at }: Part & { id: string }) {
  const words = useWords(leadWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const contact = useLive((page) => page.live.contacts.get(id));
  const agents = useLive((page) => page.live.agents);
  const standings = useLive((page) => page.live.standings);
  const mayMove = useLive((page) => page.me?.rights.includes("contacts") ?? false);
  const [why, setWhy] = useState<Why | null>(null);
  const [problem, setProblem] = useState("");
  const [turn, setTurn] = useState(0);
  const place = contact?.place;

  useAsk(
    (signal) => api.why(id, { language: of === "id" ? "id" : "en" }, { signal }),
    [id, of, place, turn, words],
    (answer) => {
      setWhy(answer);
      setProblem("");
    },
    (error) => setProblem(words("failed", { why: error.message })),
  );
  const lines = (
    <>
      {why?.position != null ? (
        <p>
          {words("position", { position: why.position })}
          {why.ewt_p50_ms != null && why.ewt_p90_ms != null ? `. ${words("expectedWait", { p50: clock(why.ewt_p50_ms), p90: clock(why.ewt_p90_ms) })}` : ""}
        </p>
      ) : null}
      <ol className="why" aria-live="polite" aria-busy={why === null}>
        {why?.lines.map((line, i) => <li key={i}>{line}</li>)}
      </ol>
      {why === null && !problem ? <p className="soft">{words("loading")}</p> : null}
      <p role="alert" className={problem ? "said bad" : "hidden"}>
        {problem}
      </p>
    </>
  );

  return (
    <>
      {contact ? (
        <>
          <p className="row wrap">
            <strong>{call(contact.place)}</strong>
            <span className="clock">{clock(at - Date.parse(contact.since))}</span>
            <span className="badge">{standings.get(`queue:${contact.queue ?? ""}`)?.name ?? contact.queue ?? contact.client}</span>
          </p>
          <p className="soft small">
            {words("arrived", { time: moment(contact.arrived, of) })}
            {contact.agent && agents.get(contact.agent) ? (
              <>
                {" · "}
                <button type="button" className="link" onClick={() => open({ kind: "agent", id: contact.agent! })}>
                  {agents.get(contact.agent)?.name}
                </button>
              </>
            ) : null}
          </p>
        </>
      ) : (
        <p className="soft">{words("over")}</p>
      )}
      {contact ? (
        <div className="panel-part">
          <div className="row">
            <h3 className="grow">{words("why")}</h3>
            <Button small onPress={() => setTurn(turn + 1)}>
              {words("whyAgain")}
            </Button>
          </div>
          {lines}
        </div>
      ) : null}
      {contact && mayMove && (contact.place === "queue" || contact.place === "ringing") ? <Move contact={contact} /> : null}
      <RecordParts id={id} again={`${place ?? ""}${contact?.agent ?? ""}`} open={open} />
      {contact ? null : (
        <details className="panel-part">
          <summary>{words("story")}</summary>
          {lines}
        </details>
      )}
    </>
  );
}

/* ---- a number ---- */

const LIST = 100;

/** "Minggu, 22 Nov 2026"; the date as it stands, whatever the browser's zone. */
export const dayText = (day: string, of: Language): string => new Intl.DateTimeFormat(locale(of), { weekday: "long", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));

let dictionary: Promise<Map<string, Figure>> | null = null;
const figuresOnce = () =>
  (dictionary ??= api
    .figures()
    .then((answer) => new Map(answer.items.map((figure) => [figure.id, figure])))
    .catch((error: unknown) => {
      dictionary = null;
      throw error;
    }));

/** Contacts that live now and are counted in a number. */
function livingOf(contacts: Iterable<Contact>, figure: FigureKey, of: (contact: Contact) => boolean): Contact[] {
  const places: Partial<Record<FigureKey, Contact["place"][]>> = { waiting: ["queue", "ringing"], oldest: ["queue", "ringing"], callbacks_waiting: ["callback"], ringing: ["ringing"], talking: ["talk"] };
  const wanted = places[figure] ?? [];

  return [...contacts].filter((contact) => wanted.includes(contact.place) && of(contact)).sort((a, b) => Date.parse(a.arrived) - Date.parse(b.arrived));
}

/** A contact of the past in a list. */
function RecordRow({ contact, record, open, children }: { contact: string; record: ContactRecord; open: (shown: Shown) => void; children?: ReactNode }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const outcome = useOutcome();
  const seesWho = useLive((page) => page.me?.rights.includes("person") ?? false); // else it is not that there is no number
  const who = record.address ? readable(record.address) : words(seesWho ? "unknown" : "somebody");

  return (
    <li className="row" data-contact={contact}>
      <button type="button" className="link grow cut" onClick={() => open({ kind: "contact", id: contact, who })}>
        {who}
      </button>
      {children}
      <span className="small">{outcome(record)}</span>
      <span className="small soft">{!record.ended ? "" : record.answered ? words("talked", { clock: clock(record.talk_ms) }) : words("waited", { clock: clock(record.queue_ms) })}</span>
      <span className="clock">{record.arrived ? new Intl.DateTimeFormat(locale(of), { timeStyle: "short" }).format(new Date(record.arrived)) : ""}</span>
    </li>
  );
}

/** How many he has had since he came, and which ones they were today. */
function Handled({ agent, open }: { agent: Agent; open: (shown: Shown) => void }) {
  const words = useWords(leadWords);
  const [shown, setShown] = useState(false);
  const [items, setItems] = useState<ContactRecord[] | null>(null);
  const [problem, setProblem] = useState("");
  const midnight = new Date(now());
  midnight.setHours(0, 0, 0, 0);

  useAsk(shown ? (signal) => api.past({ agent: agent.id, from: midnight.toISOString(), limit: 50 }, { signal }) : null, [shown, agent.id, agent.contacts], (answer) => setItems(answer.items), (error) => setProblem(words("failed", { why: error.message })));
  return (
    <>
      <button type="button" className="link small" aria-expanded={shown} onClick={() => setShown(!shown)}>
        {words("handled", { n: agent.contacts })}
      </button>
      {shown ? (
        <ul className="list" aria-label={words("handledToday", { name: agent.name })}>
          {problem ? <li role="alert">{problem}</li> : items === null ? <li className="soft">{words("loading")}</li> : items.length === 0 ? <li className="soft">{words("noContacts")}</li> : null}
          {items?.map((record) => <RecordRow key={record.contact} contact={record.contact} record={record} open={open} />)}
        </ul>
      ) : null}
    </>
  );
}

function FigurePanel({ shown, open, at }: Part & { shown: Extract<Shown, { kind: "figure" }> }) {
  const words = useWords(leadWords);
  const figures = useWords(figureWords);
  const meaning = useWords(meaningWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const state = useStateName();
  const standing = useLive((page) => page.live.standings.get(shown.standing));
  const contacts = useLive((page) => page.live.contacts);
  const agents = useLive((page) => page.live.agents);
  const [figure, setFigure] = useState<Figure | null>(null);
  const [past, setPast] = useState<Counted | null>(null);
  const [more, setMore] = useState<{ items: Counted["items"]; next: string | null } | null>(null);
  const [loading, setLoading] = useState(false);
  const [serving, setServing] = useState<ReadonlySet<string> | null>(null);
  const [problem, setProblem] = useState("");
  const { figure: key, period, day } = shown;
  const scope = standing?.scope;
  const name = standing?.key;
  const whoseOf = { ...(scope && scope !== "all" && name ? { [scope]: name } : {}), ...(day ? { day } : period === "now" ? {} : { period }) };

  useEffect(() => {
    let gone = false;
    setFigure(null);
    if (isCounted(key))
      figuresOnce()
        .then((all) => !gone && setFigure(all.get(key) ?? null))
        .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [key]);
  const value = standing && !day ? valueOf(standing, key, period, 0) : null;
  useEffect(() => {
    setPast(null);
    setMore(null);
    setProblem("");
  }, [key, period, day, scope, name]);
  const failed = (error: Problem) => setProblem(words("failed", { why: error.message }));
  useAsk(
    period === "now" || !scope || !isCounted(key) || more ? null : (signal) => api.counted(key, { limit: LIST, ...whoseOf }, { signal }), // who reads on is not disturbed by what is new
    [key, period, day, scope, name, words, period === "now" ? null : value], // a number that moves has other contacts
    setPast,
    failed,
  );
  const next = more ? more.next : (past?.next ?? null);
  const readOn = () => {
    if (!next || loading) return;
    setLoading(true);
    api
      .counted(key, { limit: LIST, cursor: next, ...whoseOf })
      .then((page) => setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next }))
      .catch((error: unknown) => {
        if (error instanceof Problem) setProblem(words("failed", { why: error.message }));
      })
      .finally(() => setLoading(false));
  };
  const ofAgents = key.startsWith("agents_");
  const changed = useLive((page) => (ofAgents ? [...page.live.agents.values()].map((agent) => agent.changes.length).join() : ""));
  useEffect(() => setServing(null), [ofAgents, scope, name, changed]);
  useAsk(
    ofAgents && (scope === "queue" || scope === "client") && name ? (signal) => api.agents({ [scope]: name, limit: 500 }, { signal }) : null,
    [ofAgents, scope, name, changed, words],
    ({ items }) => setServing(new Set(items.map((agent) => agent.id))),
    failed,
  );

  if (!standing) return null;
  const isOf = (contact: Contact) => standing.scope === "all" || (standing.scope === "queue" ? contact.queue === standing.key : contact.client === standing.key);
  const living = period === "now" ? livingOf(contacts.values(), key, isOf) : [];
  const items = [...(past?.items ?? []), ...(more?.items ?? [])];
  const whose = key === "agents_ready" ? "ready" : key === "agents_not_ready" ? "notReady" : key === "agents_busy" ? "busy" : null;
  const people = whose ? [...agents.values()].filter((agent) => scope === "all" || (scope === "team" ? agent.team === name : serving?.has(agent.id))).map(rowOf).filter((row) => (whose === "busy" ? !["ready", "notReady", "offline"].includes(row.doing) : row.doing === whose)) : [];

  return (
    <>
      <p className="row wrap">
        <strong className="big">{show(of, key, day ? (shown.was ?? null) : valueOf(standing, key, period, at))}</strong>
        <span className="badge">{standing.name ?? figures("all")}</span>
        <span className="badge">{day ? dayText(day, of) : figures(period)}</span>
        {shown.period === "now" || day ? null : <Goal goal={goalOf(standing, key)} period={shown.period} />}
      </p>
      <div className="panel-part">
        <h3>{words("definition")}</h3>
        <p>{meaning(key)}</p>
        {figure?.formula ? (
          <p className="small">
            <span className="soft">{words("formula")}</span> <code>{figure.formula}</code>
          </p>
        ) : null}
        {figure?.edge ? (
          <p className="small" lang="en">
            <span className="soft" lang={of === "id" ? "id" : "en"}>
              {words("edge")}
            </span>{" "}
            {figure.edge}
          </p>
        ) : null}
      </div>
      <div className="panel-part">
        <h3>
          {words(whose ? "agents" : "contacts")}
          {whose || period === "now" || !past ? "" : past.contacts > items.length && next ? ` · ${words("first", { n: items.length, all: past.contacts })}` : ` · ${count(of, items.length)}`}
        </h3>
        <p role="alert" className={problem ? "said bad" : "hidden"}>
          {problem}
        </p>
        {whose ? (
          <ul className="list">
            {people.map((row) => (
              <li key={row.agent.id} className="row">
                <button type="button" className="link grow cut" onClick={() => open({ kind: "agent", id: row.agent.id })}>
                  {row.agent.name}
                </button>
                <span className="small">{state(row.doing, row.agent.reason)}</span>
                <span className="clock">{row.since === null ? "" : clock(at - row.since)}</span>
              </li>
            ))}
          </ul>
        ) : period === "now" ? (
          <ul className="list">
            {living.length === 0 ? <li className="soft">{words("noContacts")}</li> : null}
            {living.map((contact) => (
              <li key={contact.id} className="row">
                <button type="button" className="link grow cut" onClick={() => open({ kind: "contact", id: contact.id })}>
                  {whoIs(contact, words("unknown"))}
                </button>
                <span className="small">{call(contact.place)}</span>
                <span className="clock">{clock(at - Date.parse(contact.since))}</span>
              </li>
            ))}
          </ul>
        ) : past === null && !problem ? (
          <p className="soft">{words("loading")}</p>
        ) : (
          <ul className="list">
            {items.length === 0 ? <li className="soft">{words("noContacts")}</li> : null}
            {items.map(({ contact, record, in_level }) => (
              <RecordRow key={contact} contact={contact} record={record} open={open}>
                {key === "service_level_1" ? (
                  <span className={in_level ? "small mark good" : "small mark bad"}>
                    <span aria-hidden="true">{in_level ? "✓" : "✕"}</span> {words(in_level ? "inLevel" : "notInLevel")}
                  </span>
                ) : null}
              </RecordRow>
            ))}
          </ul>
        )}
        {next && period !== "now" ? (
          <p>
            <Button small disabled={loading} onPress={readOn}>
              {words("readOn")}
            </Button>
          </p>
        ) : null}
        {past?.cut ? <p className="notice warn">{words("countedCut")}</p> : null}
      </div>
    </>
  );
}

/* ---- around it ---- */

export function Panel({ shown, close, open, at, chosen, drop, head }: { shown: Shown; close: () => void; open: (shown: Shown) => void; at: number; chosen: string[]; drop: (id: string) => void; head?: ReactNode }) {
  const words = useWords(leadWords);
  const figures = useWords(figureWords);
  const agent = useLive((page) => (shown.kind === "agent" ? page.live.agents.get(shown.id) : undefined));
  const contact = useLive((page) => (shown.kind === "contact" ? page.live.contacts.get(shown.id) : undefined));
  const title = useRef<HTMLHeadingElement>(null);
  const key = shown.kind === "figure" ? `${shown.standing} ${shown.figure} ${shown.period} ${shown.day ?? ""}` : shown.kind === "change" ? "change" : `${shown.kind} ${shown.id}`;
  let text = "";
  let body: ReactNode = null;

  useEffect(() => {
    if (shown.kind !== "change") title.current?.focus(); // who chooses agents stays among them
  }, [key]);
  if (shown.kind === "agent") {
    text = agent?.name ?? shown.id;
    body = <AgentPanel key={key} id={shown.id} open={open} at={at} />;
  } else if (shown.kind === "contact") {
    text = words("contact", { who: contact ? whoIs(contact, words("unknown")) : (shown.who ?? shown.id) });
    body = <ContactPanel key={key} id={shown.id} open={open} at={at} />;
  } else if (shown.kind === "change") {
    text = words("choosing", { n: chosen.length });
    body = (
      <>
        {head}
        <ChangePanel agents={chosen} drop={drop} />
      </>
    );
  } else {
    text = figures(shown.figure);
    body = <FigurePanel key={key} shown={shown} open={open} at={at} />;
  }
  return (
    <aside className="side-panel card" aria-labelledby="panel-title">
      <div className="row">
        <h2 id="panel-title" ref={title} tabIndex={-1} className="grow cut">
          {text}
        </h2>
        <Button small kind="plain" label={words("close")} onPress={close}>
          ✕
        </Button>
      </div>
      {body}
    </aside>
  );
}
