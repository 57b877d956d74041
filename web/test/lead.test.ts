import { describe, expect, it } from "vitest";
import type { Agent, Contact, FigureTarget, FigureValues, Standing } from "../shared/api.gen";
import { nothing, type Live } from "../shared/feed";
import { levelOf, levelOfService, show, valueOf } from "../shared/figures";
import { agentRows, attention, limits, queueRows, rowOf, untilChoices, waitingOf } from "../lead/model";
import { addressOf, columnsOf, fromField, keyOf, pageAt, standardBoard, tell, toField, withPeriod } from "../wall/model";

const at = Date.parse("2026-11-22T08:00:00Z");
const ago = (s: number) => new Date(at - s * 1000).toISOString();

function agent(id: string, more: Partial<Agent> = {}): Agent {
  return { id, name: id, extension: "1", team: "toko", presence: "ready", reason: null, since: ago(60), phone: true, contacts: 0, assignments: [], ...more } as Agent;
}

const values: FigureValues = { offered: 10, answered: 8, abandoned: 2, overflowed: 0, callback: 0, handled: 8, transfers: 0, service_level_1: 0.9, answer_rate: 0.8, abandon_rate_short: 0.1, asa: 9000, aht: 60_000, wait_max_ms: 30_000, wrapup_mean: 9000, occupancy: null };

const level = (target: number): FigureTarget => ({ figure: "service_level_1", target, better: "higher", scope: "description", from: null, to: null, today: "met", recent: "met" });

function queue(key: string, more: Partial<Standing> = {}): Standing {
  return { id: `queue:${key}`, scope: "queue", key, name: key, client: "toko", waiting: 0, callbacks_waiting: 0, ringing: 0, talking: 0, oldest: null, agents_ready: 1, agents_busy: 1, agents_not_ready: 0, level_ms: 20_000, level_percent: 80, today: values, recent: values, targets: [level(0.8)], ...more };
}

function live(agents: Agent[], standings: Standing[] = [], contacts: Partial<Contact>[] = []): Live {
  const byId = <T extends { id: string }>(items: T[]) => new Map(items.map((item) => [item.id, item]));
  return { ...nothing, agents: byId(agents), standings: byId(standings), contacts: byId(contacts as Contact[]) };
}

const part = (state: string, s: number, more = {}) => ({ offer: "1", contact: "7", queue: "a", state, channel: "voice", since: ago(s), due: null, ...more }) as unknown as Agent["assignments"][0];
const items = (world: Live) => attention(world, agentRows(world, null, ""), queueRows(world, null), at);

describe("agents", () => {
  it("are what they do, not only what they say", () => {
    expect(rowOf(agent("x")).doing).toBe("ready");
    expect(rowOf(agent("x", { presence: "not ready", assignments: [part("wrap-up", 3), part("talking", 5)] }))).toMatchObject({ doing: "talking", since: at - 5000 });
  });

  it("keep their places whatever happens to them", () => {
    const world = live([agent("c"), agent("a"), agent("b", { team: "bank" })]);
    const before = agentRows(world, null, "").map((row) => row.agent.id);
    const after = live([agent("b", { team: "bank", assignments: [part("talking", 1)] }), agent("c", { presence: "offline" }), agent("a")]);
    expect(agentRows(after, null, "").map((row) => row.agent.id)).toEqual(before);
    expect(agentRows(world, null, "bank").map((row) => row.agent.id)).toEqual(["b"]);
  });

  it("who waits longest stands first", () => {
    const world = live([], [], [{ id: "2", queue: "a", place: "queue", arrived: ago(5) }, { id: "1", queue: "a", place: "ringing", arrived: ago(50) }, { id: "3", queue: "a", place: "talk", arrived: ago(500) }, { id: "4", queue: null, place: "ringing", arrived: ago(9) }]);
    expect(waitingOf(world).map((contact) => contact.id)).toEqual(["1", "2"]);
  });
});

describe("what needs attention", () => {
  it("is nothing in a calm centre", () => expect(items(live([agent("x"), agent("y", { assignments: [part("talking", 30)] })], [queue("a")]))).toEqual([]));

  it("is a wait beyond three times the limit, and worse beyond six", () => {
    expect(items(live([], [queue("a", { waiting: 1, oldest: ago(61) })]))).toMatchObject([{ kind: "wait", level: "warn", queue: "a" }]);
    expect(items(live([], [queue("a", { waiting: 1, oldest: ago(121) })]))[0]?.level).toBe("bad");
    expect(items(live([], [queue("a", { waiting: 1, oldest: ago(59) })]))).toEqual([]);
  });

  it("is an alert of the description, worst until somebody has seen it, in the place of what the page thinks itself", () => {
    const alert = { kind: "longest wait", queue: "a", agent: null, state: "on", since: ago(5), value: 70_000, limit: 60_000, by: null } as const;
    const world = live([agent("x", { presence: "not ready", since: ago(5000) })], [queue("a", { waiting: 1, oldest: ago(70) })]);
    const of = (alerts: Live["alerts"]) => items({ ...world, alerts }).map(({ id, level }) => [id, level]);
    expect(of([])).toEqual([["wait:a", "warn"], ["notReady:x", "warn"]]);
    expect(of([alert])).toEqual([["alert:longest wait:a", "bad"], ["notReady:x", "warn"]]);
    expect(of([{ ...alert, state: "seen", by: "y" }])[0]).toEqual(["alert:longest wait:a", "warn"]);
    expect(of([{ ...alert, kind: "not ready", queue: null, agent: "x" }])).toEqual([["alert:not ready:x", "bad"], ["wait:a", "warn"]]);
    expect(of([{ ...alert, queue: "of another client" }, { ...alert, kind: "talk", queue: null, agent: "of another team" }]).length).toBe(2); // not shown here
  });

  it("is a queue that nobody serves", () => expect(items(live([], [queue("a", { waiting: 2, oldest: ago(1), agents_ready: 0, agents_busy: 0 })]))).toMatchObject([{ kind: "noAgents", level: "bad" }]));

  it("is a service level below its target, once it says something", () => {
    const low = (answered: number, share: number) => queue("a", { recent: { ...values, answered, abandoned: 0, service_level_1: share } });
    expect(items(live([], [low(limits.decided, 0.75)]))).toMatchObject([{ kind: "level", level: "warn" }]);
    expect(items(live([], [low(limits.decided, 0.6)]))[0]?.level).toBe("bad");
    expect(items(live([], [low(limits.decided - 1, 0.1)]))).toEqual([]);
    expect(items(live([], [queue("a", { recent: { ...values, service_level_1: null } })]))).toEqual([]);
  });

  it("is an agent too long in something, or out of reach", () => {
    expect(items(live([agent("x", { phone: false })]))).toMatchObject([{ kind: "phone", level: "bad", agent: "x" }]);
    expect(items(live([agent("x", { assignments: [part("on hold", 121)] })]))[0]?.kind).toBe("held");
    expect(items(live([agent("x", { assignments: [part("talking", 301)] })], [queue("a")]))[0]?.kind).toBe("talk"); // five minutes, for the usual is one
    expect(items(live([agent("x", { assignments: [part("talking", 301, { queue: null })] })]))).toEqual([]);
    expect(items(live([agent("x", { assignments: [part("wrap-up", 90, { due: ago(1) })] })]))[0]?.kind).toBe("wrapup");
    expect(items(live([agent("x", { presence: "not ready", since: ago(1801) })]))[0]?.kind).toBe("notReady");
  });

  it("has raised hands before everything, and the worst before the rest", () => {
    const world = live([agent("x", { help: { state: "raised", contact: null, since: ago(2), by: null } } as never), agent("y", { phone: false }), agent("z", { presence: "not ready", since: ago(5000) })], [queue("a", { waiting: 1, oldest: ago(500) })]);
    expect(items(world).map((item) => item.kind)).toEqual(["help", "wait", "phone", "notReady"]);
  });
});

describe("figures", () => {
  it("tell none from zero", () => {
    expect(show("id", "service_level_1", null)).toBe("–");
    expect(show("id", "service_level_1", 0)).toBe("0%");
    expect(show("id", "offered", 12_345)).toBe("12.345");
    expect(show("en", "offered", 12_345)).toBe("12,345");
    expect(valueOf(queue("a", { oldest: ago(90) }), "oldest", "now", at)).toBe(90_000);
    expect(valueOf(undefined, "offered", "today", at)).toBeNull();
    expect(valueOf(queue("a"), "offered", "now", at)).toBeNull();
  });

  it("are held against limits either way", () => {
    expect([4, 5, 9, 10].map((value) => levelOf(value, 5, 10))).toEqual(["good", "warn", "warn", "bad"]);
    expect([0.9, 0.8, 0.7].map((value) => levelOf(value, 0.8, 0.7))).toEqual(["good", "warn", "bad"]);
    expect(levelOf(null, 5, 10)).toBe("none");
    expect(levelOf(7, null, null)).toBe("none");
    expect([0.8, 0.75, 0.69].map((value) => levelOfService(value, 80))).toEqual(["good", "warn", "bad"]);
  });
});

describe("wallboards", () => {
  it("have addresses", () => {
    expect(addressOf("")).toEqual({ board: "", token: "" });
    expect(addressOf("#lantai-2")).toEqual({ board: "lantai-2", token: "" });
    expect(addressOf(`#a/sapa_${"0f".repeat(32)}`).token).toHaveLength(69);
    expect(addressOf("#a/<script>")).toEqual({ board: "a", token: "" });
    expect(addressOf("#../x").board).toBe("");
  });

  it("turn by the clock, all screens alike", () => {
    expect(pageAt(at, 20, 1)).toBe(0);
    expect([0, 19_999, 20_000, 60_000].map((ms) => pageAt(ms, 20, 3))).toEqual([0, 0, 1, 0]);
    expect(pageAt(0, 20, 3, -1)).toBe(2);
  });

  it("keep limits as they were typed", () => {
    expect(fromField("service_level_1", "80")).toBe(0.8);
    expect(fromField("asa", "12,5")).toBe(12_500);
    expect(fromField("waiting", "")).toBeNull();
    expect(fromField("waiting", "-1")).toBeNull();
    expect(fromField("waiting", "x")).toBeNull();
    for (const [figure, text] of [["service_level_1", "92.5"], ["oldest", "90"], ["waiting", "7"]] as const) expect(toField(figure, fromField(figure, text))).toBe(text);
  });

  it("begin with figures that the server has", () => {
    const directory = { name: "Pusat", clients: [{ id: "toko", name: "Toko", language: "id" }] } as never;
    expect(standardBoard(directory, true).pages).toHaveLength(2);
    const board = standardBoard(directory, false);
    expect(board.pages.map((page) => page.tiles.length)).toEqual([7]);
    const told = board.pages[0]!.tiles.map((tile) => tell(tile, new Map([["client:toko", queue("x", { id: "client:toko" })]]), at));
    expect(told.every((one) => !one.missing && one.value !== null)).toBe(true);
    expect(tell(board.pages[0]!.tiles[0]!, new Map(), at)).toEqual({ value: null, level: "none", goal: undefined, missing: true });
    expect(withPeriod(board.pages[0]!.tiles[0]!, "today").figure).toBe("service_level_1");
    expect([1, 2, 3, 4, 5, 6, 7].map(columnsOf)).toEqual([1, 2, 3, 2, 3, 3, 4]);
  });

  it("have keys out of their titles", () => {
    expect(keyOf("Lantai Dua!", [])).toBe("lantai-dua");
    expect(keyOf("2. Étage", [])).toBe("e-tage");
    expect(keyOf("日本", ["papan"])).toBe("papan-2");
    expect(keyOf("Standar", [])).toBe("standar-2");
  });
});

it("skills end at full and half hours, half an hour ahead at least", () => {
  const choices = untilChoices(Date.parse("2026-11-22T14:31:00"));
  expect(choices[0]!.getTime()).toBeGreaterThanOrEqual(Date.parse("2026-11-22T15:01:00"));
  expect(choices).toHaveLength(8);
  for (const choice of choices) expect(choice.getMinutes() % 30).toBe(0);
});
