// Pekerjaan: everything that I own, of any channel. Rows keep their places.
import { clock, useNow } from "../shared/clock";
import { useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { callWords } from "../shared/words";
import type { Work } from "./model";
import { whoIs } from "./who";
import { deskWords } from "./words";

const signs: Record<string, string> = { voice: "☎", chat: "✉", email: "@", sms: "✉", message: "✉", social: "#", video: "▶", ticket: "▤" };

export function WorkList({ work, chosen, choose, ready }: { work: readonly Work[]; chosen: string | null; choose: (contact: string) => void; ready: boolean }) {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const directory = useLive((page) => page.directory);
  const now = useNow();

  if (work.length === 0)
    return (
      <p className="empty soft">
        {words("nothing")}
        <br />
        {ready ? words("nothingReady") : words("nothingNotReady", { key: "F9" })}
      </p>
    );
  return (
    <ul className="work">
      {work.map((one) => {
        const queue = directory?.queues.find((q) => q.id === one.queue);
        const client = directory?.clients.find((c) => c.id === (one.of?.client ?? queue?.client));
        const state = one.state === "offered" ? "offered" : one.state === "talking" ? "talking" : one.state === "on hold" ? "held" : "wrapup";
        return (
          <li key={one.offer ?? one.contact}>
            <button type="button" className={`work-row ${state}`} aria-pressed={chosen === one.contact} onClick={() => choose(one.contact)}>
              <span className="sign" role="img" aria-label={call(one.channel)}>
                {signs[one.channel] ?? "•"}
              </span>
              <span className="grow">
                <strong className="cut">{whoIs(one, words)}</strong>
                <span className="small soft cut">{client?.name ?? words("noClient")}</span>
              </span>
              <span className="work-when">
                <span className={`badge ${state === "offered" ? "good" : state === "wrapup" ? "warn" : state === "held" ? "" : "accent"}`}>{call(state)}</span>
                <span className="mono small">{one.due && one.state !== "talking" ? `−${clock(Date.parse(one.due) - now)}` : clock(now - Date.parse(one.since))}</span>
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
