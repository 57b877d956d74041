// What was planned for an agent today and what he did: where the two differ, whether he was busy (with whom) or absent. Times, verdicts and figures come from the server alone.
import { useEffect, useState } from "react";
import { api, type AgentDay, type DayLine } from "../shared/api.gen";
import { useAsk } from "../shared/ask";
import { language, locale, nameOf, useWords, type Language, type Messages } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { shownAs } from "./coach";
import type { Shown } from "./panel";

export const shiftWords = {
  id: {
    title: "Jadwal hari ini",
    none: "Tidak ada jadwal untuk hari ini.",
    adherence: "Kepatuhan {value}",
    conformance: "Kesesuaian jam {value}",
    good: "Sejauh ini semua sesuai jadwal.",
    away: "Di luar jadwal",
    wholeDay: "Seluruh hari",
    time: "Waktu",
    planned: "Rencana",
    actual: "Kenyataan",
    verdict: "Keterangan",
    contact: "Kontak {n, number}",
    more: "dan {n, number} lagi",
    shift: "Kerja",
    break: "Istirahat",
    meeting: "Rapat",
    training: "Pelatihan",
    other: "Lainnya",
    work: "Kerja",
    out: "Tidak masuk",
    ready: "Siap",
    inContact: "Melayani kontak",
    wrapup: "Catatan akhir",
    notReady: "Tidak siap",
    stopped: "Sistem berhenti",
    asPlanned: "sesuai",
    busy: "sibuk",
    absent: "tidak di tempat",
    atWork: "tetap siap",
    unplanned: "tanpa jadwal",
    unknown: "tidak diketahui",
  },
  en: {
    title: "Schedule today",
    none: "Nothing is planned for today.",
    adherence: "Adherence {value}",
    conformance: "Conformance {value}",
    good: "All as planned so far.",
    away: "Off schedule",
    wholeDay: "The whole day",
    time: "Time",
    planned: "Planned",
    actual: "Actual",
    verdict: "What it is",
    contact: "Contact {n, number}",
    more: "and {n, number} more",
    shift: "Work",
    break: "Break",
    meeting: "Meeting",
    training: "Training",
    other: "Other",
    work: "Work",
    out: "Logged out",
    ready: "Ready",
    inContact: "In a contact",
    wrapup: "Wrap-up",
    notReady: "Not ready",
    stopped: "System stopped",
    asPlanned: "as planned",
    busy: "busy",
    absent: "absent",
    atWork: "still ready",
    unplanned: "not planned",
    unknown: "not known",
  },
} satisfies Messages<string>;

const actuals = { work: "work", out: "out", ready: "ready", contact: "inContact", wrapup: "wrapup", "not ready": "notReady", stopped: "stopped" } as const;
const verdicts = { "as planned": "asPlanned", busy: "busy", absent: "absent", "at work": "atWork", unplanned: "unplanned", unknown: "unknown" } as const;
const signs: Partial<Record<DayLine["verdict"], [sign: string, kind: string]>> = { "as planned": ["✓", "good"], busy: ["●", "warn"], absent: ["✕", "bad"], "at work": ["●", "warn"] };
const contactsShown = 4;

/** Where he did something else than was planned; what nobody planned is none. */
export const isDeviation = (line: Pick<DayLine, "planned" | "verdict">): boolean =>
  line.verdict === "absent" || line.verdict === "at work" || line.verdict === "busy";

/** "12:00–12:04" on the clock of who looks. */
export function spanOf(of: Language, { from, to }: Pick<DayLine, "from" | "to">): string {
  const time = new Intl.DateTimeFormat(locale(of), { timeStyle: "short" });
  return `${time.format(new Date(from))}–${time.format(new Date(to))}`;
}

function Lines({ lines, caption, open }: { lines: DayLine[]; caption: string; open: (shown: Shown) => void }) {
  const words = useWords(shiftWords);
  const of = useStore(language);
  const reasons = useLive((page) => page.directory?.reasons) ?? [];

  return (
    <table className="day">
      <caption className="hidden">{caption}</caption>
      <thead>
        <tr>
          {(["time", "planned", "actual", "verdict"] as const).map((column) => (
            <th key={column} scope="col">
              {words(column)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => {
          const reason = reasons.find(({ id }) => id === line.reason);
          const [sign, kind] = signs[line.verdict] ?? ["", ""];
          return (
            <tr key={line.from}>
              <td className="mono">{spanOf(of, line)}</td>
              <td>{line.planned ? words(line.planned) : "–"}</td>
              <td>{reason ? nameOf(of, reason) : words(actuals[line.actual])}</td>
              <td>
                <span className={`badge ${kind}`}>
                  {sign ? <span aria-hidden="true">{sign} </span> : null}
                  {words(verdicts[line.verdict])}
                </span>
                {isDeviation(line)
                  ? line.contacts.slice(0, contactsShown).map((contact, i) => (
                      <button key={contact} type="button" className="link small" onClick={() => open({ kind: "contact", id: contact })}>
                        {words("contact", { n: i + 1 })}
                      </button>
                    ))
                  : null}
                {isDeviation(line) && line.contact_count > contactsShown ? <span className="small soft">{words("more", { n: line.contact_count - contactsShown })}</span> : null}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Asked again each half minute that it is looked at. */
export function Day({ agent, at, open }: { agent: string; at: number; open: (shown: Shown) => void }) {
  const words = useWords(shiftWords);
  const of = useStore(language);
  const [day, setDay] = useState<AgentDay | null>(null);

  useEffect(() => setDay(null), [agent]);
  useAsk((signal) => api.agentDay(agent, {}, { signal }), [agent, Math.floor(at / 30000)], setDay);
  if (!day) return null;
  const planned = day.plan.length > 0 || day.scheduled_ms > 0;
  const away = day.items.filter((line) => isDeviation(line) && (line.planned !== null || planned));

  return (
    <div className="panel-part">
      <h3>{words("title")}</h3>
      {planned ? (
        <>
          <p className="row wrap">
            <strong>{words("adherence", { value: shownAs(of, "ratio", day.adherence) })}</strong>
            <span>{words("conformance", { value: shownAs(of, "ratio", day.conformance) })}</span>
          </p>
          {away.length > 0 ? <Lines lines={away} caption={words("away")} open={open} /> : day.adherence === null ? null : <p className="small">{words("good")}</p>}
        </>
      ) : (
        <p className="small soft">{words("none")}</p>
      )}
      {day.items.length > away.length ? (
        <details>
          <summary>{words("wholeDay")}</summary>
          <Lines lines={day.items} caption={words("wholeDay")} open={open} />
        </details>
      ) : null}
    </div>
  );
}
