// What opens beside the lists, never above them: an agent, a contact and why it waits, a number with its meaning and its contacts.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { api, type Contact, type ContactRecord, type Figure, type Why } from "../shared/api.gen";
import { Problem } from "../shared/call";
import { clock, moment, now } from "../shared/clock";
import { figureWords, isCounted, meaningWords, show, valueOf, type FigureKey, type Period } from "../shared/figures";
import { language, locale, nameOf, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useProblems } from "../shared/problem";
import { useStore } from "../shared/store";
import { Goal, goalOf } from "../shared/target";
import { Button } from "../shared/ui";
import { callWords } from "../shared/words";
import { useStateName, whoIs } from "./lead";
import { rowOf, untilChoices } from "./model";
import { Supervise } from "./supervise";
import { leadWords } from "./words";

export type Shown = { kind: "agent"; id: string } | { kind: "contact"; id: string } | { kind: "figure"; standing: string; figure: FigureKey; period: Period };

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

function Skills({ id, name }: { id: string; name: string }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const skills = useLive((page) => page.directory?.skills) ?? [];
  const doing = useDoing();
  const [skill, setSkill] = useState("");
  const [level, setLevel] = useState("5");
  const [until, setUntil] = useState("0");
  const [choices] = useState(() => untilChoices(now()));
  const time = (date: Date) => words("until", { time: new Intl.DateTimeFormat(locale(of), { timeStyle: "short" }).format(date) });
  const chosen = until === "" ? null : choices[Number(until)];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const of_ = skill || skills[0];
    if (!of_) return;
    const end = chosen ? chosen.toISOString() : undefined;
    doing.run(() => api.skill(id, of_, end ? { level: Number(level), until: end } : { level: Number(level) }), words("skillDone", { skill: of_, level: Number(level), name, until: chosen ? time(chosen) : words("forGood") }));
  };

  if (skills.length === 0) return null;
  return (
    <form className="panel-part" onSubmit={submit}>
      <h3>{words("skills")}</h3>
      <div className="row wrap bottom">
        <label className="field grow">
          <span>{words("skill")}</span>
          <select className="input" value={skill || skills[0]} onChange={(event) => setSkill(event.target.value)}>
            {skills.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label className="field level-field">
          <span>{words("skillLevel")}</span>
          <input className="input" type="number" min={0} max={10} required value={level} onChange={(event) => setLevel(event.target.value)} />
        </label>
        <label className="field grow">
          <span>{words("skillUntil")}</span>
          <select className="input" value={until} onChange={(event) => setUntil(event.target.value)}>
            {choices.map((date, i) => (
              <option key={date.getTime()} value={i}>
                {time(date)}
              </option>
            ))}
            <option value="">{words("forGood")}</option>
          </select>
        </label>
        <button type="submit" className="button" aria-disabled={doing.busy ? true : undefined}>
          {words("skillDo")}
        </button>
      </div>
      <Said doing={doing} />
    </form>
  );
}

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
        {agent.team ? <span className="badge">{agent.team}</span> : null}
        <span className={agent.phone ? "badge good" : "badge bad"}>
          <span aria-hidden="true">{agent.phone ? "✓" : "✕"}</span> {words(agent.phone ? "phoneGood" : "phoneBad")}
        </span>
      </p>
      <p className="soft small">
        {words("extension", { number: agent.extension })} · {words("handled", { n: agent.contacts })}
      </p>
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
      {mayForce ? <Skills id={id} name={agent.name} /> : null}
    </>
  );
}

/* ---- a contact ---- */

function Move({ contact }: { contact: Contact }) {
  const words = useWords(leadWords);
  const queues = useLive((page) => page.directory?.queues) ?? [];
  const doing = useDoing();
  const others = queues.filter((queue) => queue.id !== contact.queue && (contact.client === null || queue.client === contact.client));
  const [to, setTo] = useState("");
  const chosen = others.find((queue) => queue.id === to) ?? others[0];

  if (!chosen) return null;
  return (
    <div className="panel-part">
      <label className="field">
        <span>{words("move")}</span>
        <span className="row">
          <select className="input" value={chosen.id} onChange={(event) => setTo(event.target.value)}>
            {others.map((queue) => (
              <option key={queue.id} value={queue.id}>
                {queue.name}
              </option>
            ))}
          </select>
          <Button disabled={doing.busy} onPress={() => doing.run(() => api.move(contact.id, { queue: chosen.id }), words("moved", { queue: chosen.name }))}>
            {words("moveDo")}
          </Button>
        </span>
      </label>
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

  useEffect(() => {
    const stop = new AbortController();
    api
      .why(id, { language: of === "id" ? "id" : "en" }, { signal: stop.signal })
      .then((answer) => {
        setWhy(answer);
        setProblem("");
      })
      .catch((error: unknown) => {
        if (error instanceof Problem) setProblem(words("failed", { why: error.message }));
      });
    return () => stop.abort();
  }, [id, of, place, turn, words]);
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
      <div className="panel-part">
        <div className="row">
          <h3 className="grow">{words("why")}</h3>
          {contact ? (
            <Button small onPress={() => setTurn(turn + 1)}>
              {words("whyAgain")}
            </Button>
          ) : null}
        </div>
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
      </div>
      {contact && mayMove && (contact.place === "queue" || contact.place === "ringing") ? <Move contact={contact} /> : null}
    </>
  );
}

/* ---- a number ---- */

const LIST = 50;

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

const wantsPast: Partial<Record<FigureKey, (record: ContactRecord) => boolean>> = {
  answered: (record) => record.answered,
  handled: (record) => record.answered,
  abandoned: (record) => record.outcome.startsWith("abandoned"),
  callback: (record) => record.callback !== undefined,
  transfers: (record) => record.transfers.length > 0,
};

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
  const zone = useLive((page) => page.directory?.zone);
  const [figure, setFigure] = useState<Figure | null>(null);
  const [past, setPast] = useState<ContactRecord[] | null>(null);
  const [problem, setProblem] = useState("");
  const { figure: key, period } = shown;
  const scope = standing?.scope;
  const name = standing?.key;

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
  useEffect(() => {
    const stop = new AbortController();
    setPast(null);
    setProblem("");
    if (period === "now" || !scope) return;
    const from = period === "recent" ? now() - 30 * 60_000 : midnight(zone);
    const whose = scope === "queue" && name ? { queue: name } : scope === "client" && name ? { client: name } : {};
    newest(from, whose, stop.signal)
      .then(setPast)
      .catch((error: unknown) => {
        if (error instanceof Problem) setProblem(words("failed", { why: error.message }));
      });
    return () => stop.abort();
  }, [key, period, scope, name, zone, words]);

  if (!standing) return null;
  const isOf = (contact: Contact) => standing.scope === "all" || (standing.scope === "queue" ? contact.queue === standing.key : contact.client === standing.key);
  const living = period === "now" ? livingOf(contacts.values(), key, isOf) : [];
  const wanted = wantsPast[key];
  const records = (past ?? []).filter((record) => !wanted || wanted(record)).slice(0, LIST);
  const whose = key === "agents_ready" ? "ready" : key === "agents_not_ready" ? "notReady" : key === "agents_busy" ? "busy" : null;
  const people = whose ? [...agents.values()].map(rowOf).filter((row) => (whose === "busy" ? !["ready", "notReady", "offline"].includes(row.doing) : row.doing === whose)) : [];

  return (
    <>
      <p className="row wrap">
        <strong className="big">{show(of, key, valueOf(standing, key, period, at))}</strong>
        <span className="badge">{standing.name ?? figures("all")}</span>
        <span className="badge">{figures(period)}</span>
        {shown.period === "now" ? null : <Goal goal={goalOf(standing, key)} period={shown.period} />}
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
          {records.length === LIST ? ` · ${words("first", { n: LIST })}` : ""}
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
            {records.length === 0 ? <li className="soft">{words("noContacts")}</li> : null}
            {records.map((record) => (
              <li key={record.contact} className="row">
                <button type="button" className="link grow cut" onClick={() => open({ kind: "contact", id: record.contact })}>
                  {record.address || words("unknown")}
                </button>
                <span className="small">{words(record.answered ? "outcome_answered" : record.outcome.startsWith("abandoned") ? "outcome_left" : "outcome_other")}</span>
                <span className="small soft">{record.answered ? words("talked", { clock: clock(record.talk_ms) }) : words("waited", { clock: clock(record.queue_ms) })}</span>
                <span className="clock">{record.arrived ? new Intl.DateTimeFormat(locale(of), { timeStyle: "short" }).format(new Date(record.arrived)) : ""}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

/** Lists come by arrival, the oldest first: looked at from shorter times on, until there are enough. */
async function newest(from: number, whose: { queue?: string; client?: string }, signal: AbortSignal): Promise<ContactRecord[]> {
  for (const minutes of [30, 120, 24 * 60]) {
    const begin = Math.max(from, now() - minutes * 60_000);
    const answer = await api.past({ from: new Date(begin).toISOString(), limit: 500, ...whose }, { signal });
    if (begin === from || answer.items.length >= LIST) return answer.items.reverse();
  }
  return [];
}

/** The centre's own midnight, whatever this browser's zone is. */
function midnight(zone: string | undefined): number {
  const at = new Date(now());
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone ?? "UTC", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).formatToParts(at);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value ?? 0);

  return Math.floor(at.getTime() / 1000) * 1000 - (part("hour") * 3600 + part("minute") * 60 + part("second")) * 1000;
}

/* ---- around it ---- */

export function Panel({ shown, close, open, at }: { shown: Shown; close: () => void; open: (shown: Shown) => void; at: number }) {
  const words = useWords(leadWords);
  const figures = useWords(figureWords);
  const agent = useLive((page) => (shown.kind === "agent" ? page.live.agents.get(shown.id) : undefined));
  const contact = useLive((page) => (shown.kind === "contact" ? page.live.contacts.get(shown.id) : undefined));
  const title = useRef<HTMLHeadingElement>(null);
  const key = shown.kind === "figure" ? `${shown.standing} ${shown.figure} ${shown.period}` : `${shown.kind} ${shown.id}`;
  let text = "";
  let body: ReactNode = null;

  useEffect(() => title.current?.focus(), [key]);
  if (shown.kind === "agent") {
    text = agent?.name ?? shown.id;
    body = <AgentPanel key={key} id={shown.id} open={open} at={at} />;
  } else if (shown.kind === "contact") {
    text = words("contact", { who: contact ? whoIs(contact, words("unknown")) : shown.id });
    body = <ContactPanel key={key} id={shown.id} open={open} at={at} />;
  } else {
    text = figures(shown.figure);
    body = <FigurePanel key={key} shown={shown} open={open} at={at} />;
  }
  return (
    <aside
      className="side-panel card"
      aria-labelledby="panel-title"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
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
