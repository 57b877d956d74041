// What the desk makes of the live state: rows that keep their places, one call in the bar, only what can be done.
import { describe, expect, it } from "vitest";
import type { Agent, Assignment, Contact } from "../shared/api.gen";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { matching, type Command } from "../desk/commands";
import { customerOf, gaveUp, isPoor, selected, whoIs } from "../desk/who";
import { deskWords } from "../desk/words";
import { format, translate } from "../shared/i18n";
import { callsOf, canDo, isNumber, nameCall, workOf } from "../desk/model";
import { readable } from "../shared/address";
import { clock, spoken } from "../shared/clock";
import { peaksOf } from "../shared/player";
import { keyOf } from "../shared/ui";

const contact = (id: string, more: Partial<Contact> = {}) => ({ id, direction: "inbound", recording: "1", ...more }) as Contact;
const part = (offer: string, state: Assignment["state"], more: Partial<Assignment> = {}) => ({ offer, contact: `c${offer}`, queue: "q", state, channel: "voice", since: "2026-11-22T08:00:00Z", due: null, ...more }) as Assignment;
const agent = (...assignments: Assignment[]) => ({ id: "siti", assignments }) as Agent;
const contacts = (...all: Contact[]) => new Map(all.map((one) => [one.id, one]));

describe("work", () => {
  it("keeps its order whatever its states become", () => {
    const all = contacts(contact("c9"), contact("c10"));
    const first = workOf(agent(part("10", "offered"), part("9", "talking")), all).map((one) => one.contact);
    const later = workOf(agent(part("9", "wrap-up"), part("10", "talking")), all).map((one) => one.contact);
    expect(first).toEqual(["c9", "c10"]);
    expect(later).toEqual(first);
  });

  it("is nobody's without an agent, and hides what is another client's", () => {
    expect(workOf(undefined, new Map())).toEqual([]);
    expect(workOf(agent(part("1", "talking", { contact: null })), new Map())).toEqual([]);
  });
});

describe("the call bar", () => {
  const all = contacts(contact("c1"), contact("c2", { direction: "internal" }), contact("c3"));

  it("shows what rings before what is wrapped up", () => {
    expect(callsOf(workOf(agent(part("1", "wrap-up"), part("3", "offered")), all)).main?.contact).toBe("c3");
  });

  it("knows a question beside the customer's call", () => {
    const calls = callsOf(workOf(agent(part("1", "on hold"), part("2", "talking")), all));
    expect(calls.main?.contact).toBe("c1");
    expect(calls.asked?.contact).toBe("c2");
    expect(canDo(calls, true)).toMatchObject({ merge: true, hold: false, resume: false, transfer: false, hangup: true });
    // a colleague's, as far as we are told: nothing is known of it but that it is ours
    expect(callsOf(workOf(agent(part("1", "on hold"), part("7", "talking")), all)).asked?.contact).toBe("c7");
    expect(callsOf(workOf(agent(part("1", "on hold"), part("3", "offered")), all)).asked).toBe(null);
  });

  it("offers what can be done and nothing else", () => {
    const can = (state: Assignment["state"]) => canDo(callsOf(workOf(agent(part("1", state)), all)), true);
    expect(can("offered")).toMatchObject({ answer: true, refuse: true, hold: false, hangup: false, transfer: false });
    expect(can("talking")).toMatchObject({ answer: false, hold: true, resume: false, transfer: true, pause: true, hangup: true });
    expect(can("on hold")).toMatchObject({ hold: false, resume: true, hangup: true });
    expect(can("wrap-up")).toMatchObject({ answer: false, hold: false, hangup: false });
    expect(canDo(callsOf(workOf(agent(part("1", "offered")), all)), false)).toMatchObject({ answer: true, refuse: false }); // without the right to
    expect(canDo({ main: null, asked: null }, true)).toMatchObject({ answer: false, hangup: false });
  });
});

describe("small things", () => {
  it("tells numbers from names", () => {
    for (const text of ["+62 811-1234-567", "0811 1234", "110", "(021) 500"]) expect(isNumber(text.replace(/^\(/, "0(").replace("0(", "0")), text).toBe(true);
    for (const text of ["", "siti", "1", "+", "08x1", "toko.layanan"]) expect(isNumber(text), text).toBe(false);
  });

  it("writes numbers to be read, and times", () => {
    expect(readable("6281234567890")).toBe("+62 812-3456-7890");
    expect(readable("*******90")).toBe("*******90");
    expect([clock(-5), clock(187_000), clock(3_723_000)]).toEqual(["0:00", "3:07", "1:02:03"]);
    expect(spoken(187_000, "id")).toBe("3 menit 7 detik");
  });

  it("draws the loudest of each column", () => {
    expect(peaksOf(Float32Array.from([0, 0.5, -1, 0.25]), 2)).toEqual([0.5, 1]);
    expect(peaksOf(new Float32Array(0), 10)).toEqual([]);
  });

  it("knows keys whatever the layout", () => {
    const key = (code: string, name: string, ctrl = false, alt = false) => keyOf({ key: name, code, ctrlKey: ctrl, altKey: alt, shiftKey: false, metaKey: false });
    expect(key("F2", "F2")).toBe("F2");
    expect(key("KeyA", "å", true, true)).toBe("Ctrl+Alt+A");
    expect(key("Digit3", "3", true, true)).toBe("Ctrl+Alt+3");
  });
});

describe("the command bar", () => {
  const command = (id: string, hotkey?: string, more: Partial<Command> = {}): Command => ({ id, name: id, ...(hotkey ? { hotkey } : {}), run: () => undefined, ...more });
  it("shows first what one key does, whoever was drawn first", () => {
    const all = [command("istirahat"), command("salat"), command("bantuan", "Ctrl+Alt+H"), command("commands", "Ctrl+Alt+P"), command("siap", "F9"), command("baris", undefined, { deep: true })];
    expect(matching(all, "", 9).map((one) => one.id)).toEqual(["siap", "bantuan", "istirahat", "salat"]);
    expect(matching(all, "sal", 9).map((one) => one.id)).toEqual(["salat"]);
  });
});

describe("who somebody is", () => {
  const words = translate(deskWords, "id");
  const work = (id: string, more: Partial<Contact>) => ({ contact: id, of: contact(id, { direction: "outbound", address: "6281234500999", ...more }) });
  const card = (called: string | null, name: string | null) => ({ called, name, address: "6281234500999" });
  it("is his name, also when his number was typed; a colleague is as he was chosen", () => {
    nameCall("n1", "0812 3450 0999");
    nameCall("n2", "Siti Rahayu");
    expect(whoIs(work("n1", {}), words)).toBe("+62 812-3450-0999");
    expect(whoIs(work("n1", {}), words, card("Bu Sri", "Sri Wahyuni"))).toBe("Bu Sri (Sri Wahyuni)");
    expect(whoIs(work("n1", { address: "***********99" }), words)).toBe("0812 3450 0999");
    expect(whoIs(work("n2", { direction: "internal", address: null }), words)).toBe("Siti Rahayu");
    expect(whoIs(work("n3", { direction: "inbound", address: null }), words)).toBe("Penelepon tanpa nomor");
  });
  it("is called what the client calls its customers", () => {
    expect([customerOf({ customer: "nasabah" }, words), customerOf({ customer: null }, words), customerOf(null, words)]).toEqual(["Nasabah", "Pelanggan", "Pelanggan"]);
  });
});

describe("names of the server", () => {
  const vocabulary = readFileSync(join(import.meta.dirname, "../../src/model/vocab.h"), "utf8");
  const of = (list: string) => [...(new RegExp(`#define ${list}\\(X\\)((?:.*\\\\\\n)*.*)`).exec(vocabulary)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
  it("have words in both languages", () => {
    for (const [message, list] of [["outcome", "SAPA_OUTCOMES"], ["callbackState", "SAPA_CALLBACK_STATES"]] as const) {
      const names = of(list).filter((name) => name !== "open");
      expect(names.length, list).toBeGreaterThan(5);
      for (const language of ["id", "en"] as const) {
        const said = (what: string) => format(language, deskWords[language][message], { what });
        for (const name of names) expect(said(selected(name)), `${language} ${name}`).not.toBe(said("nothing like it"));
      }
    }
  });
  it("tell who gave up", () => {
    const names = of("SAPA_OUTCOMES");
    expect(names.filter((outcome) => gaveUp({ outcome }))).toEqual(["abandoned in menu", "abandoned in queue", "abandoned while ringing"]);
    expect(gaveUp({ outcome: null })).toBe(false);
  });
});

describe("what somebody thought of us", () => {
  it("is a bad sign by its own scale", () => {
    const poor = (survey: number | null, survey_scale: number | null) => isPoor({ survey, survey_scale });
    expect([poor(2, 5), poor(3, 5), poor(6, 10), poor(7, 10), poor(3, 7), poor(4, 7), poor(0, null), poor(null, 5)]).toEqual([true, false, true, false, true, false, false, false]);
  });
});
