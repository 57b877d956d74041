// Coaching notes to an agent: whether each was heard, and how his figures stand since. Values and verdicts come from the server alone.
import { useEffect, useState } from "react";
import { api, type CoachFigure, type CoachFollowed, type CoachNotes } from "../shared/api.gen";
import { useAsk } from "../shared/ask";
import { clock, moment } from "../shared/clock";
import { locale, language, useWords, type Language, type Messages } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import type { Shown } from "./panel";

export const coachWords = {
  id: {
    title: "Pelatihan, 30 hari terakhir",
    none: "Belum ada catatan pelatihan. Dengarkan rekaman sebuah kontaknya, lalu tulis catatan di saat yang dimaksud.",
    done: "didengar {time}",
    open: "belum didengar",
    from: "{by}, {time}",
    contact: "di {at} rekaman",
    erased: "Isinya sudah dihapus bersama data pelanggan.",
    since: "Angka 7 hari sebelum catatan → sejak itu",
    sinceText: "{before}, dibanding sejak {since}",
    few: "Belum cukup untuk dibandingkan: sedikitnya {least} di tiap sisi.",
    fewHere: "terlalu sedikit",
    contacts: "{before, number} dan {since, number} kontak",
    answers: "{before, number} dan {since, number} jawaban",
    becomes: "menjadi",
    points: "{n} poin persen",
    better: "membaik",
    worse: "memburuk",
    same: "tetap",
    hidden: "Angka agen meliputi klien yang tidak Anda lihat.",
    aht: "AHT",
    wrapup_mean: "Rata-rata ACW",
    transfer_rate: "Alihan",
    csat: "CSAT",
    nps: "NPS",
  },
  en: {
    title: "Coaching, last 30 days",
    none: "No coaching notes yet. Listen to the recording of a contact and write one at the moment that you mean.",
    done: "heard {time}",
    open: "not heard yet",
    from: "{by}, {time}",
    contact: "at {at} of the recording",
    erased: "Its text was erased with the customer's data.",
    since: "Figures of the 7 days before the note → since then",
    sinceText: "{before}, against since {since}",
    few: "Not enough to compare yet: at least {least} on each side.",
    fewHere: "too few",
    contacts: "{before, number} and {since, number} contacts",
    answers: "{before, number} and {since, number} answers",
    becomes: "becomes",
    points: "{n} percentage points",
    better: "better",
    worse: "worse",
    same: "the same",
    hidden: "An agent's figures cover clients that you do not see.",
    aht: "AHT",
    wrapup_mean: "Average wrap-up",
    transfer_rate: "Transfers",
    csat: "CSAT",
    nps: "NPS",
  },
} satisfies Messages<string>;

type Known = "aht" | "wrapup_mean" | "transfer_rate" | "csat" | "nps";
const known: readonly string[] = ["aht", "wrapup_mean", "transfer_rate", "csat", "nps"] satisfies Known[];
const ofAnswers: readonly string[] = ["csat", "nps"];
const signs = { better: "▲", worse: "▼", same: "=" } as const;

/** As the unit of the dictionary wants it; "–" where there is none. */
export function shownAs(of: Language, unit: string, value: number | null): string {
  if (value === null) return "–";
  if (unit === "ms") return clock(value);
  return new Intl.NumberFormat(locale(of), unit === "ratio" ? { style: "percent", maximumFractionDigits: 1 } : { maximumFractionDigits: 1 }).format(value);
}

/** With its sign; shares differ by points of a hundred. Null: a side has no value. */
export function differenceOf(of: Language, { unit, before, since }: Pick<CoachFigure, "unit" | "before" | "since">): string | null {
  if (before === null || since === null) return null;
  const by = unit === "ms" ? Math.round(since / 1000) * 1000 - Math.round(before / 1000) * 1000 : since - before; // what is shown adds up
  if (unit === "ms") return `${by < 0 ? "−" : by > 0 ? "+" : "±"}${clock(Math.abs(by))}`;
  return new Intl.NumberFormat(locale(of), { maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(unit === "ratio" ? by * 100 : by);
}

function Line({ one, alone }: { one: CoachFigure; alone: boolean }) {
  const words = useWords(coachWords);
  const of = useStore(language);
  const difference = differenceOf(of, one);
  const verdict = one.verdict === "better" || one.verdict === "worse" || one.verdict === "same" ? one.verdict : null;

  return (
    <li className="row wrap">
      <strong className="figure">{words(one.figure as Known)}</strong>
      <span className="mono">
        {shownAs(of, one.unit, one.before)} <span aria-hidden="true">→</span>
        <span className="hidden"> {words("becomes")} </span> {shownAs(of, one.unit, one.since)}
      </span>
      {difference !== null ? <span className="mono soft">{one.unit === "ratio" ? words("points", { n: difference }) : difference}</span> : null}
      {verdict ? (
        <span className={`badge ${verdict === "better" ? "good" : verdict === "worse" ? "bad" : ""}`}>
          <span aria-hidden="true">{signs[verdict]}</span> {words(verdict)}
        </span>
      ) : null}
      <span className="small soft">{words(ofAnswers.includes(one.figure) ? "answers" : "contacts", { before: one.count_before, since: one.count_since })}{alone && one.verdict === "few" ? `: ${words("fewHere")}` : ""}</span>
    </li>
  );
}

function Note({ one, least, first, open }: { one: CoachFollowed; least: number; first: boolean; open: (shown: Shown) => void }) {
  const words = useWords(coachWords);
  const of = useStore(language);
  const { note } = one;
  const days = new Intl.DateTimeFormat(locale(of), { dateStyle: "medium", timeStyle: "short" });
  const figures = one.figures?.filter((figure) => known.includes(figure.figure)) ?? [];
  const few = figures.every((figure) => figure.verdict === "few");

  return (
    <li className="coached">
      <p className="small row wrap">
        <span className="soft">{words("from", { by: note.by_name, time: moment(note.created, of) })}</span>
        <button type="button" className="link" onClick={() => open({ kind: "contact", id: note.contact })}>
          {words("contact", { at: clock(note.at_ms) })}
        </button>
        <span className={note.done ? "badge good" : "badge warn"}>{note.done ? `✓ ${words("done", { time: moment(note.done, of) })}` : words("open")}</span>
      </p>
      <p className="note">{note.text ?? words("erased")}</p>
      <details open={first}>
        <summary>{words("since")}</summary>
        {one.figures === null ? (
          <p className="small soft">{words("hidden")}</p>
        ) : (
          <>
            <p className="small soft">{words("sinceText", { before: days.formatRange(new Date(one.before), new Date(one.until)), since: days.format(new Date(one.since)) })}</p>
            <ul className="followed">
              {figures.map((figure) => (
                <Line key={figure.figure} one={figure} alone={!few} />
              ))}
            </ul>
            {few ? <p className="small">{words("few", { least })}</p> : null}
          </>
        )}
      </details>
    </li>
  );
}

export function Coached({ agent, open }: { agent: string; open: (shown: Shown) => void }) {
  const words = useWords(coachWords);
  const may = useLive((page) => page.me?.rights.includes("coach") ?? false);
  const [notes, setNotes] = useState<CoachNotes | null>(null);

  useEffect(() => setNotes(null), [agent, may]);
  useAsk(may ? (signal) => api.coachNotes(agent, { signal }) : null, [agent, may], setNotes);
  if (!notes) return null;
  return (
    <div className="panel-part">
      <h3>{words("title")}</h3>
      {notes.items.length === 0 ? <p className="small soft">{words("none")}</p> : null}
      <ul className="coached-list">
        {notes.items.map((one, i) => (
          <Note key={one.note.id} one={one} least={notes.least} first={i === 0} open={open} />
        ))}
      </ul>
    </div>
  );
}
