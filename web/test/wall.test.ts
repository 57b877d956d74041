// What a screen is drawn of, and how often.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
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
