// What a screen is drawn of, and how often.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { emsOf, figuresOf, withScope } from "../wall/model";
import { Kept, PAINT_MS } from "../wall/source";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => vi.useRealTimers());

test("the first change is drawn at once, a storm ten times a second, and the last of it always", () => {
  const kept = new Kept();
  const drawn: number[] = [];
  kept.listen(() => drawn.push(kept.get().heardAt));

  vi.advanceTimersByTime(5000);
  kept.set({ heardAt: 1 });
  vi.advanceTimersByTime(1);
  expect(drawn).toEqual([1]);

  for (let i = 2; i <= 1001; i++) {
    kept.set({ heardAt: i });
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(PAINT_MS);
  expect(drawn.length).toBeLessThanOrEqual(1 + 1000 / PAINT_MS + 1);
  expect(drawn.length).toBeGreaterThanOrEqual(1000 / PAINT_MS);
  expect(drawn.at(-1)).toBe(1001);

  vi.advanceTimersByTime(5000);
  kept.set({ heardAt: 2000 });
  vi.advanceTimersByTime(1);
  expect(drawn.at(-1)).toBe(2000);
});

test("a team has figures of agents, of today and of the last 30 minutes", () => {
  const waiting = { scope: "all", key: null, figure: "waiting", period: "now", warn: 5, bad: 10 } as const;
  expect(withScope(waiting, "team", "toko")).toEqual({ scope: "team", key: "toko", figure: "handled", period: "today", warn: null, bad: null });
  const aht = { scope: "queue", key: "toko.penjualan", figure: "aht", period: "recent", warn: 300_000, bad: null } as const;
  expect(withScope(aht, "team", "toko")).toEqual({ ...aht, scope: "team", key: "toko" });
  expect(withScope({ scope: "team", key: "toko", figure: "occupancy", period: "today", warn: 0.7, bad: 0.5 }, "all", null)).toMatchObject({ scope: "all", key: null, period: "today", warn: null });
  expect(figuresOf("today", "queue")).not.toContain("occupancy");
});

test("a number's width is that of its digits, with room for one alone", () => {
  expect(["3", "100%", "0:04", "12.345"].map((text) => Number(emsOf(text).toFixed(2)))).toEqual([1.4, 3.1, 2.5, 3.9]);
});
