// The top strip: my state with its clock, breaks, how full the queues are, whether my telephone is there, the keys.
import { api } from "../shared/api.gen";
import { clock, useNow } from "../shared/clock";
import { language, nameOf, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Menu } from "../shared/ui";
import { callWords } from "../shared/words";
import type { Act } from "./act";
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

  if (!me?.agent || !agent) return null;
  const work = workOf(agent, contacts);
  const { main } = callsOf(work);
  const busy = main ?? work[0] ?? null;
  const reason = nameOf(of, reasons?.find((one) => one.id === agent.reason));
  const presence = agent.presence === "ready" ? call("ready") : agent.presence === "offline" ? call("offline") : reason || call("notReady");
  const doing = busy ? call(busy.state === "offered" ? "offered" : busy.state === "wrap-up" ? "wrapup" : busy.state === "on hold" ? "held" : "talking") : presence;
  const at = since(busy ? busy.since : agent.since, now);
  const tone = busy ? "accent" : agent.presence === "ready" ? "good" : agent.presence === "offline" ? "" : "warn";
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
            {reasons?.map((one) => (
              <button
                type="button"
                key={one.id}
                role="menuitemradio"
                aria-checked={agent.presence === "not ready" && agent.reason === one.id}
                className="item"
                onClick={() => {
                  set("not_ready", one.id);
                  close();
                }}
              >
                {nameOf(of, one)}
              </button>
            ))}
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
