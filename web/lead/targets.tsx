// Actual against target, everywhere at once; and where the director sets targets.
import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { api, type Figure, type PerformanceTargets, type PerformanceTargetsVersion } from "../shared/api.gen";
import { Problem } from "../shared/call";
import { moment, now } from "../shared/clock";
import { count, figureWords, show, type CountedFigure } from "../shared/figures";
import { language, nameOf, useWords, type Messages } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useProblems } from "../shared/problem";
import { useStore } from "../shared/store";
import { Goal, goalSigns } from "../shared/target";
import { Button } from "../shared/ui";
import { Number } from "./lead";
import type { Shown } from "./panel";
import { figuresFor, linesOf, rowOf, scopeOf, targetsOf, unitOfFigure, wrongs, type Row, type Wrong } from "./goals";
import "./targets.css";

export const targetViewWords = {
  id: {
    title: "Target",
    back: "Ke pantauan",
    today: "Target hari ini",
    summary: "{met, plural, =0 {Belum ada yang tercapai} other {# tercapai}}, {missed, plural, =0 {tidak ada yang meleset} other {# tidak tercapai}}{open, plural, =0 {} other {, # masih berjalan}}",
    noTargets: "Belum ada target yang berlaku hari ini.",
    onlyMissed: "Hanya yang tidak tercapai",
    noneMissed: "Tidak ada target yang meleset.",
    for: "Untuk",
    figure: "Angka",
    now: "Hari ini",
    goal: "Target",
    recent: "30 menit",
    holds: "Berlaku",
    description: "uraian pusat",
    fromTo: "{from} – {to}",
    fromOn: "sejak {from}",
    client: "klien",
    queue: "antrean",
    team: "tim",
    all: "Seluruh pusat",
    clients: "Klien",
    queues: "Antrean",
    teams: "Tim (tiap agen)",
    teamOf: "Tim {team}",
    set: "Target yang ditetapkan",
    notSet: "Belum ada target yang ditetapkan. Sampai ada, tingkat layanan antrean memakai target dari uraian pusat.",
    version: "Versi {version}, {time}, oleh {by}",
    change: "Ubah target",
    add: "Tambah target",
    remove: "Hapus target {n}",
    rowOf: "Target {n}",
    value: "Nilai",
    percent: "%",
    seconds: "detik",
    money: "{currency}",
    from: "Dari",
    to: "Sampai (boleh kosong)",
    atLeast: "minimal",
    atMost: "maksimal",
    live: "Terlihat langsung",
    report: "Dalam laporan",
    owner: "Tugas bila tidak tercapai",
    nobody: "tidak ada",
    comment: "Untuk apa? (boleh kosong)",
    save: "Simpan target",
    cancel: "Batal",
    saved: "Target disimpan: versi {version}.",
    mend: "{n, plural, other {# baris}} perlu diperbaiki.",
    stale: "Orang lain sudah mengubah target. Muat ulang, lalu ubah lagi.",
    reload: "Muat ulang",
    failed: "Tidak tersimpan: {why}",
    history: "Riwayat",
    entry: "Versi {version} · {time} · {by} · {count, plural, other {# target}}",
    missing: "Isi dulu.",
    share: "Paling banyak 100%.",
    number: "Tulis angka, misalnya 80 atau 12,5.",
    order: "Sampai tidak boleh sebelum dari.",
    twice: "Sudah ada target yang sama mulai hari itu: sisakan satu.",
    gone: "Sudah tidak ada di uraian pusat: pilih yang lain atau hapus.",
    choose: "Pilih …",
    missedSpoken: "{n, plural, other {# target}} tidak tercapai",
  },
  en: {
    title: "Targets",
    back: "To the live view",
    today: "Targets today",
    summary: "{met, plural, =0 {None met} other {# met}}, {missed, plural, =0 {none missed} other {# missed}}{open, plural, =0 {} other {, # on the way}}",
    noTargets: "No target holds today.",
    onlyMissed: "Only what is missed",
    noneMissed: "No target is missed.",
    for: "For",
    figure: "Figure",
    now: "Today",
    goal: "Target",
    recent: "30 minutes",
    holds: "Holds",
    description: "centre description",
    fromTo: "{from} – {to}",
    fromOn: "since {from}",
    client: "client",
    queue: "queue",
    team: "team",
    all: "Whole centre",
    clients: "Clients",
    queues: "Queues",
    teams: "Teams (each agent)",
    teamOf: "Team {team}",
    set: "Targets that are set",
    notSet: "No targets have been set. Until then the service level of queues is held against the centre's description.",
    version: "Version {version}, {time}, by {by}",
    change: "Change targets",
    add: "Add a target",
    remove: "Remove target {n}",
    rowOf: "Target {n}",
    value: "Value",
    percent: "%",
    seconds: "seconds",
    money: "{currency}",
    from: "From",
    to: "To (may stay empty)",
    atLeast: "at least",
    atMost: "at most",
    live: "Seen live",
    report: "In reports",
    owner: "Task when missed",
    nobody: "nobody",
    comment: "What for? (may stay empty)",
    save: "Save targets",
    cancel: "Cancel",
    saved: "Targets are saved: version {version}.",
    mend: "{n, plural, one {# row needs} other {# rows need}} mending.",
    stale: "Somebody else has changed the targets. Load them again, then change them.",
    reload: "Load again",
    failed: "Not saved: {why}",
    history: "History",
    entry: "Version {version} · {time} · {by} · {count, plural, one {# target} other {# targets}}",
    missing: "Fill this in.",
    share: "100% at most.",
    number: "Write a number: 80 or 12.5.",
    order: "To must not be before from.",
    twice: "There is a target for the same from that day: keep one.",
    gone: "No longer in the centre's description: choose another or remove it.",
    choose: "Choose …",
    missedSpoken: "{n, plural, one {# target} other {# targets}} missed",
  },
} satisfies Messages<string>;

/** How many of a queue's targets are missed today, beside its name; nothing when none is. */
export function MissedMark({ targets }: { targets: readonly { today: string }[] }) {
  const words = useWords(targetViewWords);
  const of = useStore(language);
  const n = targets.filter((one) => one.today === "missed").length;

  if (n === 0) return null;
  return (
    <a className="goal missed" href="#targets" title={words("missedSpoken", { n })}>
      <span aria-hidden="true">
        {goalSigns.missed} {count(of, n)}
      </span>
      <span className="hidden">{words("missedSpoken", { n })}</span>
    </a>
  );
}

/* ---- actual against target ---- */

/** Every number opens its meaning and its contacts, in the live view. */
interface Opens {
  at: number;
  open: (shown: Shown) => void;
}

function Board({ at, open }: Opens) {
  const words = useWords(targetViewWords);
  const figures = useWords(figureWords);
  const of = useStore(language);
  const standings = useLive((page) => page.live.standings);
  const [missedOnly, setMissedOnly] = useState(false);
  const all = linesOf(standings.values(), now());
  const lines = missedOnly ? all.filter((line) => line.goal.today === "missed") : all;
  const many = (state: string) => all.filter((line) => line.goal.today === state).length;

  return (
    <section aria-labelledby="targets-today" className="targets-board">
      <h2 id="targets-today">{words("today")}</h2>
      {all.length === 0 ? (
        <p className="soft">{words("noTargets")}</p>
      ) : (
        <>
          <p className="row wrap">
            <strong>{words("summary", { met: many("met"), missed: many("missed"), open: many("open") })}</strong>
            <label className="row small">
              <input type="checkbox" checked={missedOnly} onChange={(event) => setMissedOnly(event.target.checked)} />
              {words("onlyMissed")}
            </label>
          </p>
          {lines.length === 0 ? (
            <p className="soft">{words("noneMissed")}</p>
          ) : (
            <div className="scroll" tabIndex={0} role="group" aria-labelledby="targets-today">
              <table>
                <thead>
                  <tr>
                    {(["for", "figure", "now", "goal", "recent", "holds"] as const).map((key) => (
                      <th key={key} scope="col">
                        {words(key)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {lines.map(({ standing, goal, today, recent }) => (
                    <tr key={`${standing.id} ${goal.figure}`} data-target={`${standing.id} ${goal.figure}`}>
                      <th scope="row">
                        {standing.name ?? words("all")} {standing.scope === "all" ? null : <span className="soft small">{words(standing.scope)}</span>}
                      </th>
                      <td>{figures(goal.figure as CountedFigure)}</td>
                      <td className="value">
                        <Number standing={standing} figure={goal.figure as CountedFigure} period="today" at={at} open={open}>
                          {show(of, goal.figure, today)}
                        </Number>
                      </td>
                      <td>
                        <Goal goal={goal} period="today" look="column" />
                      </td>
                      <td className="value">
                        {recent === null ? (
                          <span className="soft">–</span>
                        ) : (
                          <>
                            <Number standing={standing} figure={goal.figure as CountedFigure} period="recent" at={at} open={open}>
                              {show(of, goal.figure, recent)}
                            </Number>{" "}
                            <Goal goal={goal} period="recent" look="short" />
                          </>
                        )}
                      </td>
                      <td className="soft small">
                        {goal.from === null ? words("description") : goal.to === null ? words("fromOn", { from: day(goal.from, of) }) : words("fromTo", { from: day(goal.from, of), to: day(goal.to, of) })}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </>
      )}
    </section>
  );
}

const day = (date: string, of: "id" | "en" | "en-XA"): string => new Intl.DateTimeFormat(of === "id" ? "id-ID" : "en-GB", { dateStyle: "medium", timeZone: "UTC" }).format(Date.parse(date));

/* ---- the form ---- */

function Field({ label, wrong, children }: { label: string; wrong: string; children: (props: { "aria-invalid": boolean; "aria-describedby"?: string }) => ReactNode }) {
  const id = useId();

  return (
    <label className="field">
      <span>{label}</span>
      {children(wrong ? { "aria-invalid": true, "aria-describedby": id } : { "aria-invalid": false })}
      {wrong ? (
        <span id={id} className="wrong">
          ‼ {wrong}
        </span>
      ) : null}
    </label>
  );
}

function RowForm({ row, n, figures, owners, wrong, change, remove }: { row: Row; n: number; figures: readonly Figure[]; owners: PerformanceTargets["owners"]; wrong: Wrong; change: (row: Row) => void; remove: () => void }) {
  const words = useWords(targetViewWords);
  const of = useStore(language);
  const directory = useLive((page) => page.directory);
  const { scope } = scopeOf(row.place || "all");
  const choices = figuresFor(figures, scope);
  const figure = figures.find((one) => one.id === row.figure);
  const says = (what: Wrong[keyof Wrong]) => (what ? words(what) : "");
  const unit = unitOfFigure(figure);
  const option = (one: Figure) => (
    <option key={one.id} value={one.id}>
      {nameOf(of, one)}
    </option>
  );

  return (
    <fieldset className="target-row" data-row={n}>
      <legend className="hidden">{words("rowOf", { n })}</legend>
      <Field label={words("for")} wrong={says(wrong.place)}>
        {(props) => (
          <select
            {...props}
            className="input"
            value={row.place}
            onChange={(event) => {
              const place = event.target.value;
              const fits = figuresFor(figures, scopeOf(place).scope).some((one) => one.id === row.figure);
              change({ ...row, place, figure: fits ? row.figure : "", value: fits ? row.value : "" });
            }}
          >
            <option value="all">{words("all")}</option>
            {row.place !== "all" && wrong.place === "gone" ? <option value={row.place}>{scopeOf(row.place).key}</option> : null}
            <optgroup label={words("clients")}>
              {directory?.clients.map((one) => (
                <option key={one.id} value={`client:${one.id}`}>
                  {one.name}
                </option>
              ))}
            </optgroup>
            <optgroup label={words("queues")}>
              {directory?.queues.map((one) => (
                <option key={one.id} value={`queue:${one.id}`}>
                  {one.name}
                </option>
              ))}
            </optgroup>
            <optgroup label={words("teams")}>
              {directory?.teams.map((one) => (
                <option key={one} value={`team:${one}`}>
                  {words("teamOf", { team: one })}
                </option>
              ))}
            </optgroup>
          </select>
        )}
      </Field>
      <Field label={words("figure")} wrong={says(wrong.figure)}>
        {(props) => (
          <select {...props} className="input" value={row.figure} onChange={(event) => change({ ...row, figure: event.target.value })}>
            <option value="">{words("choose")}</option>
            <optgroup label={words("live")}>{choices.filter((one) => one.live).map(option)}</optgroup>
            <optgroup label={words("report")}>{choices.filter((one) => !one.live).map(option)}</optgroup>
          </select>
        )}
      </Field>
      <Field label={`${words("value")} ${figure ? words(figure.better === "lower" ? "atMost" : "atLeast") : ""} ${unit === "plain" ? "" : `(${words(unit, { currency: directory?.currency ?? "" })})`}`} wrong={says(wrong.value)}>
        {(props) => <input {...props} className="input" inputMode="decimal" value={row.value} onChange={(event) => change({ ...row, value: event.target.value })} />}
      </Field>
      <Field label={words("from")} wrong={says(wrong.from)}>
        {(props) => <input {...props} className="input" type="date" value={row.from} onChange={(event) => change({ ...row, from: event.target.value })} />}
      </Field>
      <Field label={words("to")} wrong={says(wrong.to)}>
        {(props) => <input {...props} className="input" type="date" value={row.to} onChange={(event) => change({ ...row, to: event.target.value })} />}
      </Field>
      <Field label={words("owner")} wrong={says(wrong.owner)}>
        {(props) => (
          <select {...props} className="input" value={row.owner} onChange={(event) => change({ ...row, owner: event.target.value })}>
            <option value="">{words("nobody")}</option>
            {wrong.owner === "gone" ? <option value={row.owner}>{row.owner}</option> : null}
            {owners.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Button small kind="plain" label={words("remove", { n })} onPress={remove}>
        ✕
      </Button>
    </fieldset>
  );
}

function Editor({ targets, figures, done, cancel, reload }: { targets: PerformanceTargets; figures: readonly Figure[]; done: (version: number) => void; cancel: () => void; reload: () => void }) {
  const words = useWords(targetViewWords);
  const problems = useProblems();
  const directory = useLive((page) => page.directory);
  const me = useLive((page) => page.me?.user ?? "");
  const next = useRef(targets.items.length);
  const form = useRef<HTMLFormElement>(null);
  const [rows, setRows] = useState<Row[]>(() => targets.items.map((one, i) => rowOf(one, i, figures)));
  const [comment, setComment] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ text: string; stale: boolean } | null>(null);
  const places = new Set(["all", ...(directory?.clients ?? []).map((one) => `client:${one.id}`), ...(directory?.queues ?? []).map((one) => `queue:${one.id}`), ...(directory?.teams ?? []).map((one) => `team:${one}`)]);
  const people = new Set(targets.owners.map((one) => one.id));
  const wrong = wrongs(rows, figures, places, people);
  const bad = wrong.filter((one) => Object.keys(one).length > 0).length;
  const change = (row: Row) => setRows(rows.map((one) => (one.id === row.id ? row : one)));
  const add = () => {
    setRows([...rows, { id: next.current++, place: "all", figure: "", value: "", from: new Intl.DateTimeFormat("sv-SE", { timeZone: directory?.zone ?? "UTC", dateStyle: "short" }).format(now()), to: "", owner: people.has(me) ? me : "" }]);
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>(".target-row:last-of-type select")?.focus());
  };
  const save = async () => {
    setTried(true);
    setSaid(null);
    if (bad > 0) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    setBusy(true);
    try {
      const made = await api.goalsPut({ items: targetsOf(rows, figures), ...(comment.trim() ? { comment: comment.trim() } : {}) }, { match: `"${targets.version}"` });
      done(made.version);
    } catch (error) {
      const stale = error instanceof Problem && error.status === 412;
      setSaid({ text: stale ? words("stale") : words("failed", { why: problems(error) }), stale });
      setBusy(false);
    }
  };

  return (
    <form
      ref={form}
      className="target-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void save();
      }}
    >
      {rows.map((row, i) => (
        <RowForm key={row.id} row={row} n={i + 1} figures={figures} owners={targets.owners} wrong={tried || wrong[i]!.place === "gone" || wrong[i]!.owner === "gone" ? wrong[i]! : {}} change={change} remove={() => setRows(rows.filter((one) => one.id !== row.id))} />
      ))}
      <p>
        <Button small onPress={add}>
          {words("add")}
        </Button>
      </p>
      <label className="field comment">
        <span>{words("comment")}</span>
        <input className="input" maxLength={100} value={comment} onChange={(event) => setComment(event.target.value)} />
      </label>
      <p className="row wrap">
        <button type="submit" className="button primary" aria-disabled={busy ? true : undefined}>
          {words("save")}
        </button>
        <Button onPress={cancel}>{words("cancel")}</Button>
        <span role="alert" className={tried && (bad > 0 || said) ? "notice bad" : undefined}>
          {tried && bad > 0 ? words("mend", { n: bad }) : (said?.text ?? "")}
        </span>
        {said?.stale ? <Button onPress={reload}>{words("reload")}</Button> : null}
      </p>
    </form>
  );
}

function SetTargets() {
  const words = useWords(targetViewWords);
  const of = useStore(language);
  const problems = useProblems();
  const may = useLive((page) => page.me?.rights.includes("targets") ?? false);
  const [targets, setTargets] = useState<PerformanceTargets | null>(null);
  const [figures, setFigures] = useState<Figure[]>([]);
  const [versions, setVersions] = useState<PerformanceTargetsVersion[]>([]);
  const [editing, setEditing] = useState(false);
  const [said, setSaid] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const load = () =>
    Promise.all([api.goals(), api.figures(), api.goalVersions()])
      .then(([list, all, history]) => {
        setTargets(list);
        setFigures(all.items);
        setVersions(history.items);
      })
      .catch((error: unknown) => setSaid(words("failed", { why: problems(error) })));

  useEffect(() => {
    void load();
  }, []);
  if (!targets) return <p className="soft">{said}</p>;
  return (
    <section aria-labelledby="targets-set" className="targets-set">
      <h2 id="targets-set" ref={heading} tabIndex={-1}>
        {words("set")}
      </h2>
      <p className="row wrap">
        <span className="soft">{targets.version === 0 ? words("notSet") : words("version", { version: targets.version, time: moment(targets.changed ?? "", of), by: targets.by ?? "" })}</span>
        {may && !editing ? <Button onPress={() => setEditing(true)}>{words("change")}</Button> : null}
      </p>
      <p role="status" className={said ? "notice" : undefined}>
        {said}
      </p>
      {editing ? (
        <Editor
          key={targets.version}
          targets={targets}
          figures={figures}
          cancel={() => {
            setEditing(false);
            heading.current?.focus();
          }}
          reload={() => {
            setEditing(false);
            void load().then(() => setEditing(true));
          }}
          done={(version) => {
            setEditing(false);
            setSaid(words("saved", { version }));
            heading.current?.focus();
            void load();
          }}
        />
      ) : null}
      {versions.length > 0 ? (
        <details>
          <summary>{words("history")}</summary>
          <ul>
            {versions.map((one) => (
              <li key={one.version}>
                {words("entry", { version: one.version, time: moment(one.changed, of), by: one.by, count: one.count })}
                {one.comment ? <span className="soft"> · {one.comment}</span> : null}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  );
}

/** The page's other side: #targets. */
export function Targets({ at, open }: Opens) {
  const words = useWords(targetViewWords);
  const head = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${words("title")} · Sapa`;
    head.current?.focus();
  }, [words]);
  return (
    <div className="targets">
      <p className="row wrap">
        <a className="button small" href="#">
          ‹ {words("back")}
        </a>
      </p>
      <h1 ref={head} tabIndex={-1}>
        {words("title")}
      </h1>
      <Board at={at} open={open} />
      <SetTargets />
    </div>
  );
}

export function TargetsLink({ here }: { here: boolean }) {
  const words = useWords(targetViewWords);

  return (
    <a className="button small" href="#targets" aria-current={here ? "page" : undefined}>
      {words("title")}
    </a>
  );
}

/** Which side of the page is asked for. */
export function useTargetsSide(): boolean {
  const [side, setSide] = useState(location.hash === "#targets");

  useEffect(() => {
    const listener = () => setSide(location.hash === "#targets");
    window.addEventListener("hashchange", listener);
    return () => window.removeEventListener("hashchange", listener);
  }, []);
  return side;
}
