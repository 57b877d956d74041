import { describe, expect, it } from "vitest";
import type { Agent, AgentChange } from "../shared/api.gen";
import { bodies, isEmpty, joined, undoOf, type Wish } from "../lead/change";

const at = Date.parse("2026-11-22T08:00:00Z");
const until = new Date(at + 3_600_000);
const change = (more: Partial<AgentChange>): AgentChange => ({ skill: null, queue: null, team: null, level: null, serves: null, until: null, ...more });
const agent = (id: string, ...changes: AgentChange[]): Agent => ({ id, changes }) as unknown as Agent;
const wish = (more: Partial<Wish>): Wish => ({ skills: {}, queues: {}, team: "", until, ...more });

describe("changes by hand", () => {
  it("are one request; what is as described again has no end, and is another", () => {
    expect(bodies(wish({ skills: { a: "7", b: "described", c: "" }, queues: { q: "no" } }), ["x"])).toEqual([
      { agents: ["x"], skills: [{ skill: "a", level: 7 }], queues: [{ queue: "q", serves: false }], until: until.toISOString() },
      { agents: ["x"], skills: [{ skill: "b" }] },
    ]);
    expect(bodies(wish({ skills: { a: "0" }, until: null }), ["x"])).toEqual([{ agents: ["x"], skills: [{ skill: "a", level: 0 }] }]);
    expect(isEmpty(wish({ skills: { a: "" } }))).toBe(true);
    expect(isEmpty(wish({ team: "to bank" }))).toBe(false);
    expect(bodies(wish({ skills: { a: "7" }, team: "to bank" }), ["x"])).toEqual([{ agents: ["x"], skills: [{ skill: "a", level: 7 }], team: "bank", until: until.toISOString() }]);
    expect(bodies(wish({ team: "described" }), ["x"])).toEqual([{ agents: ["x"], team: null }]);
  });

  it("are undone to what each agent had, those alike together", () => {
    const later = new Date(at + 60_000).toISOString();
    const undo = undoOf(
      wish({ skills: { a: "7" }, queues: { q: "yes" } }),
      [agent("x"), agent("y"), agent("z", change({ skill: "a", level: 4, until: later }), change({ queue: "q", serves: false })), undefined],
      at,
    );
    expect(undo).toEqual([
      { agents: ["x", "y"], skills: [{ skill: "a" }], queues: [{ queue: "q" }] },
      { agents: ["z"], skills: [{ skill: "a", level: 4 }], until: later },
      { agents: ["z"], queues: [{ queue: "q", serves: false }] },
    ]);
    expect(undoOf(wish({ team: "to bank" }), [agent("x"), agent("y", change({ team: "toko", until: later })), agent("z", change({ team: "toko" }), change({ skill: "a", level: 4 }))], at)).toEqual([
      { agents: ["x"], team: null },
      { agents: ["y"], team: "toko", until: later },
      { agents: ["z"], team: "toko" },
    ]);
    // what has ended meanwhile does not come back
    expect(undoOf(wish({ skills: { a: "7" } }), [agent("z", change({ skill: "a", level: 4, until: later }))], at + 120_000)).toEqual([{ agents: ["z"], skills: [{ skill: "a" }] }]);
  });

  it("are done when every part of them is", () => {
    const one = (id: string, done: boolean) => ({ agent: id, done, code: null, problem: null });
    expect(joined([[one("x", true), one("y", false)], [one("x", false), one("y", true)]]).map((result) => result.done)).toEqual([false, false]);
  });
});
