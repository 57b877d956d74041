// Coaching notes: marks that stand apart, differences as they are shown, notes among the things to do.
import { describe, expect, it } from "vitest";
import type { CoachNote } from "../shared/api.gen";
import { byTime, ofNote, ofTask } from "../desk/things";
import { differenceOf, shownAs } from "../lead/coach";
import { bytesOf, lanesOf } from "../shared/marks";

describe("marks", () => {
  it("stand above one another where they are close, and come down again", () => {
    expect(lanesOf([])).toEqual([]);
    expect(lanesOf([0, 0.2, 0.4])).toEqual([0, 0, 0]);
    expect(lanesOf([0.1, 0.1, 0.15, 0.19, 0.5])).toEqual([0, 1, 2, 0, 0]);
  });

  it("are measured in bytes, as the server does", () => expect(bytesOf("é…a")).toBe(6));
});

describe("what came of a note", () => {
  it("is shown in the unit of the dictionary", () => {
    expect(shownAs("en", "ms", 310_000)).toBe("5:10");
    expect(shownAs("en", "ratio", 0.0961)).toBe("9.6%");
    expect(shownAs("id", "points", -12.5)).toBe("-12,5");
    expect(shownAs("en", "ms", null)).toBe("–");
  });

  it("differs by what the two sides show", () => {
    expect(differenceOf("en", { unit: "ms", before: 310_000, since: 280_000 })).toBe("−0:30");
    expect(differenceOf("en", { unit: "ms", before: 10_400, since: 11_600 })).toBe("+0:02"); // 0:10 and 0:12
    expect(differenceOf("en", { unit: "ms", before: 10_000, since: 10_000 })).toBe("±0:00");
    expect(differenceOf("en", { unit: "ratio", before: 0.1, since: 0.125 })).toBe("+2.5");
    expect(differenceOf("en", { unit: "points", before: 20, since: 10 })).toBe("-10");
    expect(differenceOf("en", { unit: "ms", before: null, since: 1 })).toBe(null);
  });
});

describe("a note to hear again", () => {
  it("stands behind what has a time, and is no call", () => {
    const note = { id: "3", agent: "siti", contact: "7", text: "Tenang.", by_name: "Wati" } as CoachNote;
    const task = ofTask({ id: "3", text: "a", due: "2026-11-23T10:00:00Z", contact: null, by: "siti", created: "2026-11-23T09:00:00Z", client: null, name: null, address: null, breach: null });
    expect(byTime([ofNote(note), task]).map((one) => one.key)).toEqual(["t3", "n3"]);
    expect(ofNote(note).address).toBe(null);
  });
});
