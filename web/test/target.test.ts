import { describe, expect, it } from "vitest";
import type { Figure, FigureTarget, Standing } from "../shared/api.gen";
import { ownLines } from "../desk/figures";
import { figuresFor, fromText, linesOf, placeOf, rowOf, scopeOf, targetsOf, toText, wrongs, type Row } from "../lead/goals";
import { goalLevel, goalOf, goalState } from "../shared/target";
import { tell } from "../wall/model";

const figure = (id: string, more: Partial<Figure> = {}): Figure => ({ id, id_name: id, en_name: id, kind: "ratio", unit: "ratio", text: "", formula: "", edge: "", rows: "centre, client, queue", live: true, better: "higher", ...more });
const figures = [
  figure("csat", { live: false }),
  figure("service_level_1"),
  figure("asa", { kind: "mean", unit: "ms", better: "lower" }),
  figure("aht", { kind: "mean", unit: "ms", better: "lower", rows: "centre, client, queue, agent" }),
  figure("handled", { kind: "count", unit: "", rows: "centre, client, queue, agent" }),
  figure("calls_placed", { kind: "count", unit: "", rows: "agent" }),
  figure("occupancy", { rows: "agent" }),
  figure("offered", { kind: "count", unit: "", better: "neither" }),
];
const goal = (of: string, target: number, more: Partial<FigureTarget> = {}): FigureTarget => ({ figure: of, target, better: "higher", scope: "queue", from: "2026-01-01", to: null, today: "met", recent: "missed", ...more });
const standing = (id: string, scope: Standing["scope"], targets: FigureTarget[]): Standing =>
  ({ id, scope, key: id.split(":")[1] ?? null, name: id, targets, oldest: null, today: { service_level_1: 0.9, handled: 12 }, recent: { service_level_1: 0.5, handled: null } }) as unknown as Standing;
const row = (more: Partial<Row> = {}): Row => ({ id: 1, place: "queue:a", figure: "service_level_1", value: "80", from: "2026-11-22", to: "", owner: "", ...more });
const places = new Set(["all", "queue:a", "team:toko"]);
const owners = new Set(["rani", "sari"]);

describe("what can be aimed at", () => {
  it("is what such rows have, the live ones first", () => {
    expect(figuresFor(figures, "queue").map((one) => one.id)).toEqual(["service_level_1", "asa", "aht", "handled", "csat"]);
    expect(figuresFor(figures, "team").map((one) => one.id)).toEqual(["aht", "handled", "calls_placed", "occupancy"]);
    expect(figuresFor(figures, "all").map((one) => one.id)).toContain("occupancy"); // for all teams
    expect(figuresFor(figures, "all").map((one) => one.id)).not.toContain("calls_placed"); // a number of a day is not passed down
  });

  it("keeps keys with colons and dots", () => {
    expect(scopeOf("queue:a:b.c")).toEqual({ scope: "queue", key: "a:b.c" });
    expect(placeOf({ scope: "team", key: "toko" })).toBe("team:toko");
    expect(scopeOf("all")).toEqual({ scope: "all", key: null });
  });
});

describe("values", () => {
  it("are typed in percent and seconds, with comma or point", () => {
    expect(fromText("82,5", "percent")).toBe(0.825);
    expect(fromText(" 20 ", "seconds")).toBe(20_000);
    expect(fromText("1250.5", "money")).toBe(1250.5);
    for (const bad of ["", "  ", "dua", "1,2,3"]) expect(fromText(bad, "plain")).toBeNull();
  });

  it("come back as they went", () => {
    for (const [text, unit] of [["82.5", "percent"], ["20", "seconds"], ["0.5", "seconds"], ["40", "plain"]] as const) expect(toText(fromText(text, unit)!, unit)).toBe(text);
  });

  it("make what was typed into what is sent, and back", () => {
    const sent = targetsOf([row({ to: "2026-12-24", owner: "sari" }), row({ place: "all", figure: "asa", value: "15" })], figures);
    expect(sent).toEqual([
      { scope: "queue", key: "a", figure: "service_level_1", value: 0.8, from: "2026-11-22", to: "2026-12-24", owner: "sari" },
      { scope: "all", key: null, figure: "asa", value: 15_000, from: "2026-11-22", to: null, owner: null },
    ]);
    expect(rowOf(sent[0]!, 1, figures)).toEqual(row({ to: "2026-12-24", owner: "sari" }));
  });
});

describe("what is wrong", () => {
  const of = (...rows: Row[]) => wrongs(rows, figures, places, owners);

  it("is nothing with a good row", () => expect(of(row(), row({ from: "2026-12-01" }), row({ figure: "asa", value: "20" }))).toEqual([{}, {}, {}]));

  it("is said at its field", () => {
    expect(of(row({ figure: "", value: "", from: "" }))).toEqual([{ figure: "missing", value: "missing", from: "missing" }]);
    expect(of(row({ value: "120" }))).toEqual([{ value: "share" }]);
    expect(of(row({ value: "banyak" }))).toEqual([{ value: "number" }]);
    expect(of(row({ figure: "asa", value: "-3" }))).toEqual([{ value: "number" }]);
    expect(of(row({ to: "2026-11-21" }))).toEqual([{ to: "order" }]);
    expect(of(row({ place: "queue:gone" }))).toEqual([{ place: "gone" }]);
    expect(of(row(), row())).toEqual([{}, { from: "twice" }]);
  });
});

describe("actual against target", () => {
  it("goes from the whole to the small, each in its place", () => {
    const lines = linesOf([standing("team:t", "team", [goal("handled", 200, { today: "open", recent: "none" })]), standing("queue:a", "queue", [goal("service_level_1", 0.8)]), standing("all", "all", [goal("service_level_1", 0.8), goal("csat", 0.9)])], 0);
    expect(lines.map((line) => `${line.standing.id} ${line.goal.figure}`)).toEqual(["all service_level_1", "queue:a service_level_1", "team:t handled"]);
    expect(lines[2]).toMatchObject({ today: 12, recent: null });
  });

  it("is of today or of the last half hour, never of a moment", () => {
    const one = goal("service_level_1", 0.8);
    expect([goalState(one, "today"), goalState(one, "recent"), goalState(one, "now")]).toEqual(["met", "missed", "none"]);
    expect([goalLevel("met"), goalLevel("missed"), goalLevel("open"), goalLevel("none")]).toEqual(["good", "bad", "none", "none"]);
    expect(goalOf(undefined, "asa")).toBeUndefined();
  });

  it("colours a tile that has no limits of its own", () => {
    const world = new Map([["queue:a", standing("queue:a", "queue", [goal("service_level_1", 0.8)])]]);
    const tile = { scope: "queue", key: "a", figure: "service_level_1", period: "recent", warn: null, bad: null } as const;
    expect(tell(tile, world, 0)).toMatchObject({ level: "bad", goal: { target: 0.8 } });
    expect(tell({ ...tile, period: "today" }, world, 0).level).toBe("good");
    expect(tell({ ...tile, warn: 0.6, bad: 0.4 }, world, 0).level).toBe("warn"); // between its own limits
    expect(tell({ ...tile, figure: "waiting", period: "now" }, world, 0).goal).toBeUndefined();
    const people = new Map([["team:t", standing("team:t", "team", [goal("handled", 200, { today: "open", recent: "none" })])]]);
    const handled = { scope: "team", key: "t", figure: "handled", warn: null, bad: null } as const;
    expect(tell({ ...handled, period: "today" }, people, 0).goal).toMatchObject({ target: 200 });
    expect(tell({ ...handled, period: "recent" }, people, 0).goal).toBeUndefined(); // half an hour reaches no number of a day
  });

  it("of one's own begins with what is aimed at", () => {
    const lines = ownLines({ figures: { handled: 12, aht: 200_000, solved_rate: 0.5 }, targets: [goal("solved_rate", 0.7, { today: "missed" }), goal("handled", 40, { today: "open" })] });
    expect(lines.map((line) => line.key)).toEqual(["solved_rate", "handled", "aht", "wrapup_mean", "occupancy", "transfers"]);
    expect(lines[0]).toMatchObject({ value: 0.5, goal: { today: "missed" } });
    expect(lines[3]).toEqual({ key: "wrapup_mean", value: null, goal: undefined });
    expect(ownLines({ figures: null, targets: [] })[0]).toEqual({ key: "handled", value: null, goal: undefined });
  });
});
