// Targets as a form: rows as they are typed, what is wrong with them, and what is sent.
import type { FigureTarget, Figure, PerformanceTarget, Standing } from "../shared/api.gen";
import { isCounted, valueOf } from "../shared/figures";

export type Scope = PerformanceTarget["scope"];

/** One row, as typed. */
export interface Row {
  id: number;
  /** "all", "queue:toko.penjualan" */
  place: string;
  figure: string;
  value: string;
  from: string;
  to: string;
  /** Who is given a task when it is missed; "": nobody. */
  owner: string;
}
export type Wrong = Partial<Record<"place" | "figure" | "value" | "from" | "to" | "owner", "missing" | "share" | "number" | "order" | "twice" | "gone">>;

export const placeOf = (target: Pick<PerformanceTarget, "scope" | "key">): string => (target.scope === "all" ? "all" : `${target.scope}:${target.key ?? ""}`);

export function scopeOf(place: string): { scope: Scope; key: string | null } {
  const [scope, ...key] = place.split(":");
  return scope === "all" ? { scope: "all", key: null } : { scope: scope as Scope, key: key.join(":") };
}

/** A number of a day, of which a mean or a share is not made: it is not passed down. */
export const isDaily = (figure: Pick<Figure, "kind">): boolean => figure.kind === "count" || figure.kind === "duration";

/** Figures that something can be aimed at there; those of the live pages first. */
export function figuresFor(figures: readonly Figure[], scope: Scope): Figure[] {
  const own = { all: "centre", client: "client", queue: "queue", team: "agent" }[scope];
  const has = (figure: Figure, rows: string) => figure.rows.split(", ").includes(rows);
  const fits = figures.filter((figure) => figure.better !== "neither" && (has(figure, own) || (scope === "all" && !isDaily(figure) && has(figure, "agent"))));
  return [...fits.filter((figure) => figure.live), ...fits.filter((figure) => !figure.live)];
}

export type Unit = "percent" | "seconds" | "money" | "plain";
export const unitOfFigure = (figure: Pick<Figure, "unit"> | undefined): Unit =>
  figure?.unit === "ratio" ? "percent" : figure?.unit === "ms" ? "seconds" : figure?.unit === "currency" ? "money" : "plain";

const scale: Record<Unit, number> = { percent: 100, seconds: 0.001, money: 1, plain: 1 };

/** As people type it: percent, seconds. */
export const toText = (value: number, unit: Unit): string => String(Math.round(value * scale[unit] * 1000) / 1000);

/** Null: it is no number. Both 0,8 and 0.8 are one. */
export function fromText(text: string, unit: Unit): number | null {
  const number = Number(text.trim().replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(number)) return null;
  return unit === "percent" || unit === "money" ? Math.round((number / scale[unit]) * 1e6) / 1e6 : Math.round(number / scale[unit]);
}

const dateIs = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

/** What is wrong, row by row; nothing where a row is good. */
export function wrongs(rows: readonly Row[], figures: readonly Figure[], places: ReadonlySet<string>, owners: ReadonlySet<string>): Wrong[] {
  return rows.map((row, i) => {
    const wrong: Wrong = {};
    const figure = figures.find((one) => one.id === row.figure);
    const unit = unitOfFigure(figure);
    const value = fromText(row.value, unit);
    if (!places.has(row.place)) wrong.place = row.place ? "gone" : "missing";
    if (!figure) wrong.figure = "missing";
    if (row.value.trim() === "") wrong.value = "missing";
    else if (value === null || (value < 0 && figure?.unit !== "points") || Math.abs(value) > 1e9) wrong.value = "number";
    else if (unit === "percent" && value > 1) wrong.value = "share";
    if (!dateIs(row.from)) wrong.from = "missing";
    else if (rows.some((other, k) => k < i && other.place === row.place && other.figure === row.figure && other.from === row.from)) wrong.from = "twice";
    if (row.owner && !owners.has(row.owner)) wrong.owner = "gone";
    if (row.to !== "" && (!dateIs(row.to) || row.to < row.from)) wrong.to = "order";
    return wrong;
  });
}

export const rowOf = (target: PerformanceTarget, id: number, figures: readonly Figure[]): Row => ({
  id,
  place: placeOf(target),
  figure: target.figure,
  value: toText(target.value, unitOfFigure(figures.find((one) => one.id === target.figure))),
  from: target.from,
  to: target.to ?? "",
  owner: target.owner ?? "",
});

/** Of rows that nothing is wrong with. */
export const targetsOf = (rows: readonly Row[], figures: readonly Figure[]): PerformanceTarget[] =>
  rows.map((row) => ({
    ...scopeOf(row.place),
    figure: row.figure,
    value: fromText(row.value, unitOfFigure(figures.find((one) => one.id === row.figure))) ?? 0,
    from: row.from,
    to: row.to || null,
    owner: row.owner || null,
  }));

/** A line of the table of actual against target. */
export interface Line {
  standing: Standing;
  goal: FigureTarget;
  today: number | null;
  recent: number | null;
}

const order: Record<Standing["scope"], number> = { all: 0, client: 1, queue: 2, team: 3 };

/** Everything that is aimed at; in the order of the description, wherever it stands. */
export function linesOf(standings: Iterable<Standing>, at: number): Line[] {
  const sorted = [...standings].map((standing, i) => ({ standing, i })).sort((a, b) => order[a.standing.scope] - order[b.standing.scope] || a.i - b.i);
  return sorted.flatMap(({ standing }) =>
    standing.targets
      .filter((goal) => isCounted(goal.figure))
      .map((goal) => ({ standing, goal, today: valueOf(standing, goal.figure, "today", at), recent: valueOf(standing, goal.figure, "recent", at) })),
  );
}
