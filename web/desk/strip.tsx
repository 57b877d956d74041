// The top strip: my state with its clock, breaks, how full the queues are, whether my telephone is there, the keys.
import { api } from "../shared/api.gen";
import { clock, moment, useNow } from "../shared/clock";
import { language, nameOf, useWords } from "../shared/i18n";
import { said, useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button, Menu, useKeys } from "../shared/ui";
import { callWords } from "../shared/words";
import type { Act } from "./act";
import { useReasons } from "./asked";
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
  const set = (state: "ready" | "not_ready" | "logged_out", id?: string) => act.run("state", () => api.state(me.agent!, id ? { state, reason: id } : { state }));

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
                set("ready");
                close();
              }}
            >
              {words("toReady")} <kbd>{keys.ready}</kbd>
            </button>
            <p className="small soft menu-title">{words("breaks")}</p>
            {reasons?.map((one) => {
              const quota = quotas?.find((q) => q.id === one.id);
              const full = quota?.team_max != null && quota.team_now >= quota.team_max;
              return (
                <button
                  type="button"
                  key={one.id}
                  role="menuitemradio"
                  aria-checked={agent.presence === "not ready" && agent.reason === one.id}
                  className="item"
                  onClick={() => {
                    if (full && agent.reason !== one.id) act.run("book", () => api.state(me.agent!, { state: "not_ready", reason: one.id, book: true }));
                    else set("not_ready", one.id);
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
                set("logged_out");
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
      {agent.booked ? <span className="badge warn">{words("inLine", { reason: nameOf(of, reasons?.find((one) => one.id === agent.booked)) })}</span> : null}
      {busy && agent.presence !== "ready" ? <span className="badge warn">{words("after", { reason: presence })}</span> : null}
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
    <Menu label={words("helpTitle")} named button={words("help")} className="button plain small">
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
          </dl>
          <button type="button" className="button small" onClick={close}>
            {words("cancel")}
          </button>
        </div>
      )}
    </Menu>
  );
}

export function Handled() {
  const words = useWords(deskWords);
  const count = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.contacts);

  return count === undefined ? null : <span className="badge handled">{words("handled", { count })}</span>;
}

/** Help is wanted, with the contact in hand; whoever leads sees it at once. */
export function Help({ act }: { act: Act }) {
  const words = useWords(deskWords);
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const names = useLive((page) => page.directory?.agents);
  const raised = agent?.help ?? null;
  const toggle = () => agent && act.run("help", () => (raised ? api.helpEnd(agent.id) : api.helpAsk(agent.id)));

  useKeys({ [keys.help]: agent ? toggle : undefined });
  if (!agent) return null;
  return (
    <Button small kind={raised ? "primary" : "plain"} hotkey={keys.help} pressed={raised !== null} onPress={toggle}>
      {raised?.state === "taken" ? words("helpTaken", { who: names?.find((one) => one.id === raised.by)?.name ?? raised.by ?? "" }) : words(raised ? "helpRaised" : "helpAsk")}
    </Button>
  );
}

/** Where the description lets agents know. */
export function Heard() {
  const words = useWords(deskWords);
  const heard = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.heard);

  return heard ? <span className="badge accent">{words("heard")}</span> : null;
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
