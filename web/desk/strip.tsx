// The top strip: my state with its clock, breaks, how full the queues are, whether my telephone is there, the keys.
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api } from "../shared/api.gen";
import { clock, moment, useNow } from "../shared/clock";
import { language, nameOf, useWords } from "../shared/i18n";
import { said, useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button, Menu } from "../shared/ui";
import { callWords } from "../shared/words";
import { useAct, type Act } from "./act";
import { useReasons } from "./asked";
import { useCommands } from "./commands";
import { FAVOURITES_MAX, favouriteKey } from "./favourites";
import { keyList, keys } from "./keys";
import { callsOf, workOf } from "./model";
import { deskWords } from "./words";

const since = (time: string | null | undefined, now: number) => (time ? now - Date.parse(time) : 0);

/** Ready, or not for a reason; what I do with a contact comes before both. */
export function MyState({ act }: { act: Act }) {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const me = useLive((page) => page.me);
  const reasons = useLive((page) => page.directory?.reasons);
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const contacts = useLive((page) => page.live.contacts);
  const now = useNow();
  const quotas = useReasons(of, `${agent?.presence}${agent?.reason}${agent?.booked}${Math.floor(now / 60000)}`);

  const mayAsk = me?.agent && agent;
  const go = (state: "ready" | "not_ready" | "logged_out", id?: string) => act.run(`${state} ${id ?? ""}`, () => api.state(me!.agent!, id ? { state, reason: id } : { state }));
  const isFull = (id: string) => {
    const quota = quotas?.find((q) => q.id === id);
    return quota?.team_max != null && quota.team_now >= quota.team_max;
  };
  const leave = (id: string) => {
    if (isFull(id) && agent?.reason !== id) act.run(`book ${id}`, () => api.state(me!.agent!, { state: "not_ready", reason: id, book: true }));
    else go("not_ready", id);
  };
  useCommands([
    ...(reasons ?? []).map((one) => ({
      id: `reason ${one.id}`,
      name: words("toReason", { reason: nameOf(of, one) }),
      ...(isFull(one.id) ? { about: words("lineUp") } : {}),
      run: mayAsk && !(agent.presence === "not ready" && agent.reason === one.id) ? () => leave(one.id) : undefined,
    })),
    { id: "offline", name: words("toOffline"), run: mayAsk && agent.presence !== "offline" ? () => go("logged_out") : undefined },
  ]);
  if (!me?.agent || !agent) return null;
  const work = workOf(agent, contacts);
  const { main } = callsOf(work);
  const busy = main ?? work[0] ?? null;
  const reason = nameOf(of, reasons?.find((one) => one.id === agent.reason));
  const presence = agent.presence === "ready" ? call("ready") : agent.presence === "offline" ? call("offline") : reason || call("notReady");
  const doing = busy ? call(busy.state === "offered" ? "offered" : busy.state === "wrap-up" ? "wrapup" : busy.state === "on hold" ? "held" : "talking") : presence;
  const at = since(busy ? busy.since : agent.since, now);
  const tone = busy ? "accent" : agent.presence === "ready" ? "good" : agent.presence === "offline" ? "" : "warn";
  const mine = quotas?.find((one) => one.team_max !== null) ?? null; // how many of the team are in the break that has the fewest places

  return (
    <div className="row">
      <Menu
        left
        className={`button state ${tone}`}
        label={words("stateChange")}
        named
        button={
          <>
            <span className="hidden">{words("mine")} </span>
            <span className="dot" aria-hidden="true" />
            <strong>{doing}</strong>
            <span className="mono">{agent.since || busy ? clock(at) : ""}</span>
            <kbd aria-hidden="true">{keys.ready}</kbd>
          </>
        }
      >
        {(close) => (
          <>
            <button
              type="button"
              role="menuitemradio"
              aria-checked={agent.presence === "ready"}
              className="item"
              onClick={() => {
                go("ready");
                close();
              }}
            >
              {words("toReady")} <kbd>{keys.ready}</kbd>
            </button>
            <p className="small soft menu-title">{words("breaks")}</p>
            {reasons?.map((one) => {
              const quota = quotas?.find((q) => q.id === one.id);
              const full = isFull(one.id);
              return (
                <button
                  type="button"
                  key={one.id}
                  role="menuitemradio"
                  aria-checked={agent.presence === "not ready" && agent.reason === one.id}
                  className="item"
                  onClick={() => {
                    leave(one.id);
                    close();
                  }}
                >
                  <span>
                    {nameOf(of, one)}
                    {full ? <span className="small"> · {words("lineUp")}</span> : null}
                  </span>
                  <span className="small soft mono">
                    {quota?.team_max != null ? words("used", { used: quota.team_now, most: quota.team_max }) : ""}
                    {quota?.daily_ms != null ? ` ${clock(quota.used_ms ?? 0)}/${clock(quota.daily_ms)}` : ""}
                  </span>
                </button>
              );
            })}
            <hr />
            <button
              type="button"
              className="item"
              onClick={() => {
                go("logged_out");
                close();
              }}
            >
              {words("toOffline")}
            </button>
          </>
        )}
      </Menu>
      {mine?.team_max != null ? (
        <span className="badge">
          {nameOf(of, reasons?.find((one) => one.id === mine.id))} {words("used", { used: mine.team_now, most: mine.team_max })}
        </span>
      ) : null}
      {agent.booked ? <span className="badge warn then">{words("inLine", { reason: nameOf(of, reasons?.find((one) => one.id === agent.booked)) })}</span> : null}
      {busy && agent.presence !== "ready" ? <span className="badge warn then">{words("after", { reason: presence })}</span> : null}
    </div>
  );
}

/** How many wait where I work, and the longest of them. */
export function Pressure() {
  const words = useWords(deskWords);
  const queues = useLive((page) => page.live.queues);
  const all = [...queues.values()];
  const waiting = all.reduce((sum, queue) => sum + queue.waiting, 0);
  const longest = all.reduce((most, queue) => Math.max(most, queue.longest_ms), 0);
  const high = all.some((queue) => queue.waiting > 0 && queue.longest_ms > 2 * queue.level_ms);

  return (
    <span className={`badge pressure ${high ? "bad" : waiting > 0 ? "warn" : ""}`}>
      {words("pressure", { waiting, longest: clock(longest) })}
      {high ? <strong> · {words("pressureHigh")}</strong> : null}
    </span>
  );
}

export function Keys() {
  const words = useWords(deskWords);

  return (
    <Menu label={words("helpTitle")} button={<strong aria-hidden="true">?</strong>} className="button plain small">
      {(close) => (
        <div className="keys">
          <p className="small soft">{words("helpText")}</p>
          <dl>
            {keyList.map(([key, names]) => (
              <div key={key}>
                <dt>{names.map((name) => words(name)).join(" / ")}</dt>
                <dd>
                  <kbd>{keys[key]}</kbd>
                </dd>
              </div>
            ))}
            {(
              [
                ["disposition", "Ctrl+Alt+1…5"],
                ["transferFavourite", `${favouriteKey(0)}…${favouriteKey(FAVOURITES_MAX - 1).slice(-1)}`],
              ] as const
            ).map(([name, key]) => (
              <div key={key}>
                <dt>{words(name)}</dt>
                <dd>
                  <kbd>{key}</kbd>
                </dd>
              </div>
            ))}
          </dl>
          <button type="button" className="button small" onClick={close}>
            {words("closeThis")}
          </button>
        </div>
      )}
    </Menu>
  );
}

/** Help is wanted, with the contact in hand; whoever leads sees it at once. */
export function Help({ act }: { act: Act }) {
  const words = useWords(deskWords);
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const names = useLive((page) => page.directory?.agents);
  const raised = agent?.help ?? null;
  const toggle = () => agent && act.run("help", () => (raised ? api.helpEnd(agent.id) : api.helpAsk(agent.id)));

  useCommands([{ id: "help", name: words(raised ? "helpDown" : "helpAsk"), hotkey: keys.help, run: agent ? toggle : undefined }]);
  if (!agent) return null;
  return (
    <Button small kind={raised ? "primary" : "plain"} hotkey={keys.help} pressed={raised !== null} onPress={toggle}>
      <span className="cut">{raised?.state === "taken" ? words("helpTaken", { who: names?.find((one) => one.id === raised.by)?.name ?? raised.by ?? "" }) : words(raised ? "helpRaised" : "helpAsk")}</span>
    </Button>
  );
}

/** Where the description lets agents know. */
export function Heard() {
  const words = useWords(deskWords);
  const heard = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.heard);

  return heard ? <span className="badge accent">{words("heard")}</span> : null;
}

/** For whom I work meanwhile. */
export function LentTo() {
  const words = useWords(deskWords);
  const of = useStore(language);
  const team = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.changes.find((one) => one.team !== null));

  if (!team) return null;
  const name = team.team ?? "";
  return <span className="badge accent">{team.until ? words("lentUntil", { team: name, until: moment(team.until, of) }) : words("lentTo", { team: name })}</span>;
}

/** What supervisors say to many: it stays until it is read. */
export function Messages() {
  const words = useWords(deskWords);
  const of = useStore(language);
  const all = useStore(said);
  const read = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.message_read);
  const now = useNow();
  const unread = all.filter((one) => BigInt(one.id) > BigInt(read ?? "0") && Date.parse(one.until) > now);
  const last = unread.at(-1);

  return (
    <div role="status" className={last ? "said" : "hidden"}>
      {unread.map((one) => (
        <p key={one.id}>
          <strong>{one.text}</strong> <span className="small soft">{[one.by, moment(one.at, of)].join(" · ")}</span>
        </p>
      ))}
      {last ? (
        <Button small onPress={() => void api.messageRead(last.id).catch(() => undefined)}>
          {words("read")}
        </Button>
      ) : null}
    </div>
  );
}

const LINE_MAX = 500; // bytes

/** A line to who leads my team; they see it at once. */
export function ToLeader() {
  const words = useWords(deskWords);
  const me = useLive((page) => page.me?.agent ?? "");
  const team = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.team ?? null);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [sent, setSent] = useState(false);
  const act = useAct();
  const input = useRef<HTMLInputElement>(null);
  const before = useRef<Element | null>(null);

  useCommands([{ id: "to leader", name: words("toLeaderLong"), hotkey: keys.toLeader, run: team ? () => show(!open) : undefined }]);
  const show = (on: boolean) => {
    if (on) before.current = document.activeElement;
    else if (before.current instanceof HTMLElement) before.current.focus();
    setSent(false);
    setOpen(on);
  };
  useEffect(() => {
    if (open) input.current?.focus();
  }, [open]);
  const send = (event: FormEvent) => {
    event.preventDefault();
    const line = text.trim();
    if (!line) return;
    act.run("line", () =>
      api.leaderMessage(me, { text: line }).then(() => {
        setText("");
        setSent(true);
      }),
    );
  };
  if (!team) return null;
  return (
    <div className="menu">
      <Button small kind="plain" hotkey={keys.toLeader} expanded={open} label={words("toLeaderLong")} onPress={() => show(!open)}>
        {words("toLeader")}
      </Button>
      {open ? (
        <form
          className="panel to-leader"
          aria-label={words("toLeaderLong")}
          onSubmit={send}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            show(false);
          }}
        >
          <label className="field">
            <span>{words("toLeaderOf", { team })}</span>
            <input ref={input} className="input" value={text} maxLength={LINE_MAX} autoComplete="off" onChange={(event) => setText(event.target.value)} />
          </label>
          <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
            {act.problem ? words("failed", { why: act.problem }) : ""}
          </p>
          <div className="row">
            <button type="submit" className="button primary small" aria-disabled={!text.trim() || act.busy !== null ? true : undefined}>
              {words("send")} <kbd aria-hidden="true">Enter</kbd>
            </button>
            <Button small kind="plain" onPress={() => show(false)}>
              {words("closeThis")} <kbd aria-hidden="true">Esc</kbd>
            </Button>
            <span role="status">{sent ? <span className="badge good">{words("sent")}</span> : null}</span>
          </div>
        </form>
      ) : null}
    </div>
  );
}
