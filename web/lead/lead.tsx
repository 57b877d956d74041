// The supervisor's page: what needs attention first, queues and who waits on the left, agents on the right, a panel beside them.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { readable } from "../shared/address";
import { api, type Alert, type Contact, type Standing } from "../shared/api.gen";
import { clock, spoken, useNow } from "../shared/clock";
import { count, figureWords, levelOfService, percent, show, valueOf, type FigureKey, type Level, type Period } from "../shared/figures";
import { Frame } from "../shared/frame";
import { Goal, goalOf } from "../shared/target";
import { language, locale, nameOf, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { PhoneMenu } from "../shared/phonemenu";
import { Announce, Button } from "../shared/ui";
import { callWords } from "../shared/words";
import { Lines } from "./lines";
import { agentRows, attention, queueRows, waitingOf, type AgentRow, type Doing, type Item } from "./model";
import { Panel, type Shown } from "./panel";
import { Broadcast } from "./supervise";
import { MissedMark, Targets, TargetsLink, useTargetsSide } from "./targets";
import { Tasks } from "./tasks";
import { leadWords } from "./words";

/** What stands before a state, so that it is not told by colour alone. */
const signs: Record<Doing, string> = { talking: "◆", held: "‖", offered: "◇", wrapup: "✎", ready: "●", notReady: "○", offline: "–" };
const tones: Record<Doing, string> = { talking: "talk", held: "held", offered: "offered", wrapup: "wrapup", ready: "ready", notReady: "away", offline: "off" };
const alertWords = { waiting: "alertWaiting", "longest wait": "alertLongest", "service level": "alertLevel", abandoned: "alertAbandoned", "not ready": "alertNotReady", talk: "alertTalk", line: "alertLine" } as const;
const ITEMS = 5;

export const whoIs = (contact: Contact, unknown: string): string => (contact.address ? readable(contact.address) : unknown);

export function useStateName(): (doing: Doing, reason?: string | null) => string {
  const words = useWords(callWords);
  const of = useStore(language);
  const directory = useLive((page) => page.directory);

  return (doing, reason) => {
    const found = doing === "notReady" ? nameOf(of, directory?.reasons.find((one) => one.id === reason)) : "";
    return found || words(doing);
  };
}

function LevelMark({ level }: { level: Level }) {
  const words = useWords(leadWords);

  if (level === "none") return null;
  return (
    <span className={`mark ${level}`}>
      <span aria-hidden="true">{level === "good" ? "✓" : level === "warn" ? "!" : "‼"}</span>
      <span className="hidden">{words(level)}</span>
    </span>
  );
}

function Attention({ items, at, open }: { items: Item[]; at: number; open: (shown: Shown) => void }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const state = useStateName();
  const [all, setAll] = useState(false);
  const agents = useLive((page) => page.live.agents);
  const standings = useLive((page) => page.live.standings);
  const maySee = useLive((page) => page.me?.rights.includes("agents") ?? false);
  const shown = all ? items : items.slice(0, ITEMS);
  const beyond = (alert: Alert, value: number) => (alert.kind === "waiting" ? count(of, value) : alert.kind === "service level" || alert.kind === "abandoned" ? percent(of, value / 1e6) : alert.kind === "line" ? new Intl.NumberFormat(locale(of), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value / 100) : clock(value));
  const sentence = (item: Item) => {
    if (item.alert)
      return words(alertWords[item.alert.kind], {
        who: item.agent ? (agents.get(item.agent)?.name ?? item.agent) : (standings.get(`queue:${item.queue}`)?.name ?? item.queue ?? ""),
        value: beyond(item.alert, item.alert.value),
        limit: beyond(item.alert, item.alert.limit),
      });
    const reason = item.values["reason"] ? state("notReady", String(item.values["reason"])) : "";
    return words(item.kind === "level" ? "levelItem" : (item.kind as Exclude<Item["kind"], "alert" | "level">), {
      ...item.values,
      agent: agents.get(item.agent ?? "")?.name ?? item.agent ?? "",
      queue: standings.get(`queue:${item.queue ?? ""}`)?.name ?? item.queue ?? "",
      clock: item.since === null ? "" : clock(at - item.since),
      limit: typeof item.values["limit"] === "number" ? clock(item.values["limit"]) : "",
      share: typeof item.values["share"] === "number" ? percent(of, item.values["share"]) : "",
      target: typeof item.values["target"] === "number" ? percent(of, item.values["target"]) : "",
      reason: reason ? `: ${reason}` : "",
    });
  };
  const target = (item: Item): Shown =>
    item.agent
      ? { kind: "agent", id: item.agent }
      : item.kind === "level" || item.alert?.kind === "service level"
        ? { kind: "figure", standing: `queue:${item.queue}`, figure: "service_level_1", period: "recent" }
        : { kind: "figure", standing: `queue:${item.queue}`, figure: "waiting", period: "now" };
  const bad = items.filter((item) => item.level === "bad");

  return (
    <section className="attention" aria-labelledby="attention">
      <h2 id="attention">
        {words("attention")} {items.length > 0 ? <span className="number">{count(of, items.length)}</span> : null}
      </h2>
      {items.length === 0 ? (
        <p className="calm">
          <span aria-hidden="true">✓</span> {words("calm")}
        </p>
      ) : (
        <ul>
          {shown.map((item) => (
            <li key={item.id}>
              <button type="button" className={`item ${item.level}`} onClick={() => open(target(item))}>
                <span aria-hidden="true">{item.level === "bad" ? "‼" : "!"}</span>
                <span className="hidden">{words(item.level)}: </span>
                <span className="cut">{sentence(item)}</span>
                {item.alert?.by ? <span className="small">· {words("alertSeen", { by: item.alert.by })}</span> : null}
              </button>
              {item.alert?.state === "on" && maySee ? (
                <button
                  type="button"
                  className="item see"
                  aria-label={words("alertSeeOf", { what: sentence(item) })}
                  onClick={() => void api.alertSeen({ kind: item.alert!.kind, key: item.agent ?? item.queue ?? "" }).catch(() => undefined)}
                >
                  {words("alertSee")}
                </button>
              ) : null}
            </li>
          ))}
          {items.length > ITEMS ? (
            <li>
              <button type="button" className="item more" aria-expanded={all} onClick={() => setAll(!all)}>
                {all ? words("fewer") : words("moreItems", { n: items.length - ITEMS })}
              </button>
            </li>
          ) : null}
        </ul>
      )}
      <Announce text={bad[0] ? sentence({ ...bad[0], since: null }) : ""} />
    </section>
  );
}

/** A number that opens its definition and its contacts. */
export function Number({ standing, figure, period, at, open, mark, children }: { standing: Standing; figure: FigureKey; period: Period; at: number; open: (shown: Shown) => void; mark?: Level; children?: ReactNode }) {
  const words = useWords(leadWords);
  const figures = useWords(figureWords);
  const of = useStore(language);
  const text = show(of, figure, valueOf(standing, figure, period, at));

  return (
    <button
      type="button"
      className="number-button"
      data-figure={figure}
      aria-label={words("openFigure", { figure: figures(figure), scope: standing.name ?? figures("all"), period: figures(period), value: mark && mark !== "none" ? `${text}, ${words(mark)}` : text })}
      onClick={() => open({ kind: "figure", standing: standing.id, figure, period })}
    >
      {mark ? <LevelMark level={mark} /> : null}
      {children ?? text}
    </button>
  );
}

function Queues({ rows, at, open, shown }: { rows: Standing[]; at: number; open: (shown: Shown) => void; shown: Shown | null }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const queues = useLive((page) => page.live.queues);

  return (
    <section aria-labelledby="queues" className="queues">
      <h2 id="queues">{words("queues")}</h2>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{words("queue")}</th>
              <th scope="col">{words("waiting")}</th>
              <th scope="col">{words("longest")}</th>
              <th scope="col" className="wide">
                {words("expected")}
              </th>
              <th scope="col">{words("level")}</th>
              <th scope="col">{words("answered")}</th>
              <th scope="col">{words("abandoned")}</th>
              <th scope="col">{words("agentsColumn")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const queue = queues.get(row.key ?? "");
              const wait = row.oldest ? at - Date.parse(row.oldest) : 0;
              const late: Level = row.waiting === 0 || !row.level_ms ? "none" : wait > row.level_ms * 3 ? "bad" : wait > row.level_ms ? "warn" : "none";
              const goal = goalOf(row, "service_level_1");
              const level = levelOfService(row.recent.service_level_1, goal ? goal.target * 100 : null);
              const selected = shown?.kind === "figure" && shown.standing === row.id;
              return (
                <tr key={row.id} className={selected ? "selected" : undefined}>
                  <th scope="row">
                    <span className="cut" title={row.level_ms && goal ? words("target", { target: percent(of, goal.target), limit: clock(row.level_ms) }) : undefined}>
                      {row.name}
                    </span>
                    <MissedMark targets={row.targets} />
                    {queue && !queue.open ? <span className="badge">{words("closed")}</span> : null}
                  </th>
                  <td>
                    <Number standing={row} figure="waiting" period="now" at={at} open={open} />
                  </td>
                  <td>
                    <Number standing={row} figure="oldest" period="now" at={at} open={open} mark={late}>
                      {row.waiting === 0 ? "–" : clock(wait)}
                    </Number>
                  </td>
                  <td className="wide soft">{queue?.ewt_p50_ms == null ? "–" : clock(queue.ewt_p50_ms)}</td>
                  <td>
                    <Number standing={row} figure="service_level_1" period="recent" at={at} open={open} mark={level} />
                    <Goal goal={goal} period="recent" look="limit" />
                  </td>
                  <td>
                    <Number standing={row} figure="answered" period="today" at={at} open={open} />
                  </td>
                  <td>
                    <Number standing={row} figure="abandoned" period="today" at={at} open={open} />
                  </td>
                  <td className="pair">
                    <Number standing={row} figure="agents_ready" period="now" at={at} open={open} />
                    <span aria-hidden="true" className="soft">
                      /
                    </span>
                    <Number standing={row} figure="agents_busy" period="now" at={at} open={open} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Waiting({ contacts, at, open, shown }: { contacts: Contact[]; at: number; open: (shown: Shown) => void; shown: Shown | null }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const standings = useLive((page) => page.live.standings);

  return (
    <section aria-labelledby="waiting" className="waiting">
      <h2 id="waiting">
        {words("waiting")} <span className="number">{count(of, contacts.length)}</span> {contacts.length > 0 ? <span className="soft small">{words("sinceArrival")}</span> : null}
      </h2>
      {contacts.length === 0 ? <p className="soft">{words("nobodyWaits")}</p> : null}
      <ul className="scroll">
        {contacts.map((contact) => {
          const who = whoIs(contact, words("unknown"));
          const age = at - Date.parse(contact.arrived);
          return (
            <li key={contact.id} className={shown?.kind === "contact" && shown.id === contact.id ? "selected" : undefined}>
              <span className="clock" aria-label={spoken(age, of)}>
                {clock(age)}
              </span>
              <span className="cut grow">{standings.get(`queue:${contact.queue ?? ""}`)?.name ?? contact.queue}</span>
              <span className="cut mono small">{who}</span>
              <button type="button" className="button small" aria-label={words("whyOf", { who })} onClick={() => open({ kind: "contact", id: contact.id })}>
                {words("why")}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Agents({ rows, at, open, shown, chosen, choose, choosing }: { rows: AgentRow[]; at: number; open: (shown: Shown) => void; shown: Shown | null; chosen: ReadonlySet<string>; choose: (ids: string[], on: boolean) => void; choosing: (on: boolean) => void }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const state = useStateName();
  const standings = useLive((page) => page.live.standings);
  const list = useRef<HTMLUListElement>(null);
  const last = useRef<number | null>(null);
  const [at0, setAt0] = useState(0);
  const mayChange = useLive((page) => page.me?.rights.includes("agents") ?? false);
  const chooses = shown?.kind === "change";
  const columns = rows.length > 40 ? 3 : rows.length > 15 ? 2 : 1;
  const perColumn = Math.max(1, Math.ceil(rows.length / columns));
  const focus = Math.min(at0, Math.max(0, rows.length - 1));
  const step = (event: KeyboardEvent) => {
    if (chooses && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      event.preventDefault();
      choose(rows.map((row) => row.agent.id), true);
      return;
    }
    const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: perColumn, ArrowLeft: -perColumn, Home: -1e6, End: 1e6 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const to = Math.min(rows.length - 1, Math.max(0, focus + by));
    setAt0(to);
    if (chooses && event.shiftKey) choose([rows[focus]!.agent.id, rows[to]!.agent.id], true);
    list.current?.querySelectorAll<HTMLElement>("button")[to]?.focus();
  };

  return (
    <section aria-labelledby="agents" className="agents">
      <div className="row agents-head">
        <h2 id="agents" className="grow">
          {words("agents")} <span className="number">{count(of, rows.length)}</span>
        </h2>
        {mayChange ? (
          <Button small pressed={chooses} onPress={() => choosing(!chooses)}>
            {words("chooseMany")}
          </Button>
        ) : null}
        <Broadcast />
      </div>
      {rows.length === 0 ? <p className="soft">{words("noAgentsHere")}</p> : null}
      <ul ref={list} className={`columns-${columns}`} style={{ ["--rows" as string]: perColumn }} onKeyDown={step}>
        {rows.map((row, i) => {
          const queue = row.part?.queue ? (standings.get(`queue:${row.part.queue}`)?.name ?? row.part.queue) : "";
          const name = columns === 3 && row.doing === "wrapup" ? words("wrapupShort") : state(row.doing, row.agent.reason); // no word is cut
          const time = row.since === null ? "" : clock(at - row.since);
          return (
            <li key={row.agent.id}>
              <button
                type="button"
                className={`agent ${tones[row.doing]}`}
                tabIndex={i === focus ? 0 : -1}
                role={chooses ? "checkbox" : undefined}
                aria-checked={chooses ? chosen.has(row.agent.id) : undefined}
                aria-current={shown?.kind === "agent" && shown.id === row.agent.id ? "true" : undefined}
                data-agent={row.agent.id}
                onFocus={() => setAt0(i)}
                onClick={(event) => {
                  if (!chooses) open({ kind: "agent", id: row.agent.id });
                  else if (event.shiftKey && last.current !== null) choose(rows.slice(Math.min(last.current, i), Math.max(last.current, i) + 1).map((one) => one.agent.id), true);
                  else choose([row.agent.id], !chosen.has(row.agent.id));
                  last.current = i;
                }}
              >
                <span className="sign" aria-hidden="true">
                  {chooses ? (chosen.has(row.agent.id) ? "☑" : "☐") : signs[row.doing]}
                </span>
                <span className="name cut">
                  {row.agent.name}
                  {row.agent.changes.length > 0 ? (
                    <span title={words("lent")}>
                      <span aria-hidden="true"> ⇄</span>
                      <span className="hidden">, {words("lent")}</span>
                    </span>
                  ) : null}
                </span>
                <span className="state cut">{name}</span>
                <span className="clock">{time}</span>
                <span className="queue cut soft">{queue}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A whole team at once, everybody, nobody. */
function ChooseTeams({ rows, choose, clear }: { rows: AgentRow[]; choose: (ids: string[], on: boolean) => void; clear: () => void }) {
  const words = useWords(leadWords);
  const teams = [...new Set(rows.map((row) => row.agent.team))].filter((team) => team !== null);

  return (
    <div className="row wrap" role="group" aria-label={words("chooseMany")}>
      {teams.length > 1
        ? teams.map((team) => (
            <Button small key={team} onPress={() => choose(rows.filter((row) => row.agent.team === team).map((row) => row.agent.id), true)}>
              {words("chooseTeam", { team })}
            </Button>
          ))
        : null}
      <Button small onPress={() => choose(rows.map((row) => row.agent.id), true)}>
        {words("chooseAll")}
      </Button>
      <Button small kind="plain" onPress={clear}>
        {words("chooseNone")}
      </Button>
    </div>
  );
}

const totalsOf = {
  centre: [
    ["waiting", "now"],
    ["talking", "now"],
    ["agents_ready", "now"],
    ["service_level_1", "today"],
  ],
  team: [
    ["handled", "today"],
    ["aht", "today"],
    ["occupancy", "today"],
  ],
} as const satisfies Record<string, readonly (readonly [FigureKey, Period])[]>;

/** Of the team that is chosen, else of everything that one sees. */
function Totals({ at, open, team = "" }: { at: number; open: (shown: Shown) => void; team?: string }) {
  const figures = useWords(figureWords);
  const all = useLive((page) => page.live.standings.get("all"));
  const clients = useLive((page) => page.live.standings);
  const ofTeam = clients.get(`team:${team}`);
  const standing = ofTeam ?? all ?? [...clients.values()].find((one) => one.scope === "client");
  const shownFigures = totalsOf[ofTeam ? "team" : "centre"];

  if (!standing) return null;
  return (
    <ul className="totals" aria-label={standing.name ?? figures("all")}>
      {shownFigures.map(([figure, period]) => (
        <li key={figure}>
          <span className="soft small">
            {figures(figure)}
            {period === "now" ? "" : ` ${figures(period)}`}
          </span>{" "}
          <Number standing={standing} figure={figure} period={period} at={at} open={open} />
        </li>
      ))}
    </ul>
  );
}

export function Lead() {
  const words = useWords(leadWords);
  const live = useLive((page) => page.live);
  const directory = useLive((page) => page.directory);
  const ready = useLive((page) => page.live.feed !== "");
  const at = useNow();
  const targets = useTargetsSide();
  const [team, setTeam] = useState("");
  const [shown, setShown] = useState<Shown | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const opener = useRef<HTMLElement | null>(null);
  const rows = useMemo(() => agentRows(live, directory, team), [live, directory, team]);
  const queues = useMemo(() => queueRows(live, directory), [live, directory]);
  const waiting = useMemo(() => waitingOf(live), [live]);
  const items = attention(live, rows, queues, at);
  const teams = [...new Set([...live.agents.values()].map((agent) => agent.team))].filter((one) => one !== null);
  const open = (next: Shown) => {
    opener.current = document.activeElement as HTMLElement | null;
    setShown(next);
  };
  const choose = (ids: string[], on: boolean) =>
    setChosen((before) => {
      const next = new Set(before);
      for (const id of ids) if (on) next.add(id); else next.delete(id);
      return next;
    });
  const choosing = (on: boolean) => {
    if (!on) setChosen(new Set());
    if (on) open({ kind: "change" });
    else close();
    if (on) document.querySelector(".agents")?.scrollIntoView({ block: "start" }); // on a narrow page the panel covers what is below

  };
  const close = () => {
    setShown(null);
    const back = opener.current?.isConnected ? opener.current : document.getElementById("main"); // who waited may be gone by now
    back?.focus();
  };

  const away = (next: Shown) => {
    location.hash = ""; // numbers open on the other side
    open(next);
  };
  const leave = shown?.kind === "change" ? () => choosing(false) : close;
  const latest = useRef(leave);
  latest.current = leave;
  const isOpen = shown !== null;
  useEffect(() => {
    if (!isOpen) return;
    const escape = (event: globalThis.KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented && !event.composedPath().some((one) => one instanceof Element && one.classList.contains("menu"))) latest.current();
    };
    window.addEventListener("keydown", escape);
    return () => window.removeEventListener("keydown", escape);
  }, [isOpen]);
  useEffect(() => {
    if (!targets) document.title = `${items.length > 0 ? `(${items.length}) ` : ""}${words("title")} · Sapa`;
  }, [words, items.length, targets]);
  if (targets)
    return (
      <Frame here="lead" className="lead" main={<Targets at={at} open={away} />}>
        <Totals at={at} open={away} />
        <TargetsLink here />
        <PhoneMenu />
        {null}
      </Frame>
    );
  return (
    <Frame
      here="lead"
      className="lead"
      main={
        <div className={`lead-grid ${shown ? (shown.kind === "agent" || shown.kind === "change" ? "panel-left" : "panel-right") : ""}`}>
          <h1 className="hidden">{words("title")}</h1>
          {ready ? (
            <>
              <div className="attention">
                <Attention items={items} at={at} open={open} />
                <Tasks open={open} />
                <Lines onAgent={(id) => open({ kind: "agent", id })} />
              </div>
              <div className="left-side">
                <Queues rows={queues} at={at} open={open} shown={shown} />
                <Waiting contacts={waiting} at={at} open={open} shown={shown} />
              </div>
              <Agents rows={rows} at={at} open={open} shown={shown} chosen={chosen} choose={choose} choosing={choosing} />
              {shown ? (
                <Panel
                  shown={shown}
                  close={leave}
                  open={setShown}
                  at={at}
                  chosen={rows.map((row) => row.agent.id).filter((id) => chosen.has(id))}
                  drop={(id) => choose([id], false)}
                  head={<ChooseTeams rows={rows} choose={choose} clear={() => setChosen(new Set())} />}
                />
              ) : null}
            </>
          ) : (
            <p className="soft">{words("loading")}</p>
          )}
        </div>
      }
    >
      <Totals at={at} open={open} team={team} />
      <TargetsLink here={false} />
      <PhoneMenu />
      {teams.length > 1 ? (
        <label className="row small">
          <span className="soft">{words("team")}</span>
          <select className="input team" value={team} onChange={(event) => setTeam(event.target.value)}>
            <option value="">{words("allTeams")}</option>
            {teams.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      ) : null}
    </Frame>
  );
}
