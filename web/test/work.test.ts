// What stands in Pekerjaan beside calls, the command bar, favourites, who is in a conference.
import { describe, expect, it, vi } from "vitest";
import type { DirectoryAgent, Ticket } from "../shared/api.gen";
import { age } from "../shared/clock";
import { matching, type Command } from "../desk/commands";
import { FAVOURITES_MAX, favouriteKey, favourites, isFavourite, keptBefore, toggle, toggled, type Favourite } from "../desk/favourites";
import { keys } from "../desk/keys";
import { leaderOf, nameOfParty, nameParties } from "../desk/model";
import { byTime, callable, dueOf, ofTicket, settle, type Thing } from "../desk/things";

const thing = (key: string, due: string | null = null): Thing => ({ key, kind: "task", task: key, text: key, contact: null, client: null, queue: null, name: null, address: null, due, gone: false });
const keysOf = (all: readonly Thing[]) => all.map((one) => one.key + (one.gone ? "!" : ""));

describe("tasks and callbacks", () => {
  it("stand by their time, those without one last", () => {
    expect(keysOf(byTime([thing("a"), thing("b", "2026-11-23T10:00:00Z"), thing("c", "2026-11-23T09:00:00+07:00"), thing("d")]))).toEqual(["c", "b", "a", "d"]);
  });

  it("keep their places under the pointer: what is new comes behind, what is gone leaves its row", () => {
    const shown = byTime([thing("a", "2026-11-23T10:00:00Z"), thing("b", "2026-11-23T11:00:00Z")]);
    const later = settle(shown, [thing("n", "2026-11-23T09:00:00Z"), thing("b", "2026-11-23T08:00:00Z")]);
    expect(keysOf(later)).toEqual(["a!", "b", "n"]);
    expect(later[1]!.due).toBe("2026-11-23T08:00:00Z");
    expect(keysOf(settle(later, [thing("n"), thing("a")]))).toEqual(["a", "b!", "n"]);
  });

  it("say how their time stands", () => {
    const now = Date.parse("2026-11-23T10:00:00Z");
    expect(dueOf(null, now).state).toBe("none");
    expect(dueOf("2026-11-23T12:00:00Z", now).state).toBe("later");
    expect(dueOf("2026-11-23T10:05:00Z", now)).toEqual({ state: "soon", ms: 300_000 });
    expect(dueOf("2026-11-23T09:59:00Z", now)).toEqual({ state: "late", ms: 60_000 });
  });

  it("are called where the number is seen", () => {
    expect(["6281234567890", "+6281234567890", "1002"].map(callable)).toEqual([true, true, true]);
    expect([null, "", "***********90", "siti@example.id"].map(callable)).toEqual([false, false, false, false]);
  });
});

describe("tickets", () => {
  const ticket: Ticket = {
    id: "12", version: 3, person: "7", client: "toko", subject: "kartu hilang", status: "open", priority: "high", owner_kind: "agent", owner: "siti", owner_name: "Siti",
    due: "2026-11-23T09:30:00Z", created: "2026-11-20T09:00:00Z", by: "budi", by_name: "Budi", changed: "2026-11-21T09:00:00Z", changed_by: "siti", changed_by_name: "Siti",
    resolved: null, contacts: ["71", "93"], name: "Ani", address: "62811234567",
  };

  it("stand among tasks by their time, about the contact in which they were touched last", () => {
    const row = ofTicket(ticket);
    expect([row.key, row.kind, row.text, row.contact, row.name]).toEqual(["k12", "ticket", "kartu hilang", "93", "Ani"]);
    expect(ofTicket({ ...ticket, contacts: [] }).contact).toBe(null);
    expect(keysOf(byTime([thing("a", "2026-11-23T10:00:00Z"), row, thing("b", "2026-11-23T09:00:00Z")]))).toEqual(["b", "k12", "a"]);
  });

  it("say how old they are in their largest unit", () => {
    expect([0, 59_999, 60_000, 7_199_999, 7_200_000, 86_400_000 * 3 + 5].map((ms) => age(ms, "id"))).toEqual(["0 menit", "0 menit", "1 menit", "1 jam", "2 jam", "3 hari"]);
    expect(age(86_400_000, "en")).toBe("1 day");
  });
});

describe("the command bar", () => {
  const run = () => undefined;
  const all: Command[] = [
    { id: "hold", name: "Tahan", run },
    { id: "transfer", name: "Alihkan", run },
    { id: "favourite", name: "Alihkan ke Budi Santoso", run },
    { id: "reason", name: "Tidak siap: Salat", about: "antre istirahat", run },
    { id: "disposition", name: "Hasil: Retur", about: "Pesanan", deep: true, run },
  ];
  const found = (typed: string) => matching(all, typed, 9).map((one) => one.id);

  it("shows what can be done, and finds by the beginnings of words", () => {
    expect(found("")).toEqual(["hold", "transfer", "favourite", "reason"]);
    expect(found("al")).toEqual(["transfer", "favourite"]);
    expect(found("al bu")).toEqual(["favourite"]);
    expect(found("salat")).toEqual(["reason"]);
    expect(found("pesanan ret")).toEqual(["disposition"]);
    expect(found("lat")).toEqual(["reason"]); // within a word, when it is typed alone
    expect(found("xyz")).toEqual([]);
    expect(matching(all, "", 2).length).toBe(2);
  });
});

describe("favourites", () => {
  const one = (to: string): Favourite => ({ kind: "agent", to, name: to });

  it("go in and out, the oldest for a fifth", () => {
    const full = ["a", "b", "c", "d"].reduce<Favourite[]>((all, to) => toggled(all, one(to)), []);
    expect(full.length).toBe(FAVOURITES_MAX);
    expect(toggled(full, one("e")).map(({ to }) => to)).toEqual(["b", "c", "d", "e"]);
    expect(toggled(full, one("b")).map(({ to }) => to)).toEqual(["a", "c", "d"]);
    expect(isFavourite(full, { kind: "queue", to: "a" })).toBe(false);
  });

  it("are what the server keeps; those that this browser kept before are brought there, once", async () => {
    const server: Record<string, Favourite[]> = {};
    let who = "siti", refuses = false;
    const asked: string[] = [];
    vi.stubGlobal("fetch", (url: string, { method, body }: RequestInit) => {
      asked.push(`${method} ${url}`);
      if (refuses) return Promise.resolve(new Response("{}", { status: 400, headers: { "Content-Type": "application/json" } }));
      if (method === "PUT") server[who] = (JSON.parse(String(body)) as { items: Favourite[] }).items;
      return Promise.resolve(new Response(JSON.stringify({ items: server[who] ?? [] }), { headers: { "Content-Type": "application/json" } }));
    });
    localStorage.setItem("sapa.favourites.siti", JSON.stringify([one("budi"), { kind: "number", to: "5" }, 7]));
    await vi.waitFor(() => expect(favourites("siti").get()).toEqual([one("budi")]));
    await vi.waitFor(() => expect(localStorage.getItem("sapa.favourites.siti")).toBeNull());
    expect(server["siti"]).toEqual([one("budi")]);
    toggle("siti", one("dewi"));
    expect(favourites("siti").get().map(({ to }) => to)).toEqual(["budi", "dewi"]);
    await vi.waitFor(() => expect(server["siti"]?.length).toBe(2));
    refuses = true;
    toggle("siti", one("dewi"));
    expect(favourites("siti").get().length).toBe(1);
    await vi.waitFor(() => expect(favourites("siti").get().length).toBe(2)); // not kept: as it was
    refuses = false;
    who = "agus";
    server["agus"] = [one("rudi")];
    localStorage.setItem("sapa.favourites.agus", JSON.stringify([one("old")]));
    await vi.waitFor(() => expect(favourites("agus").get()).toEqual([one("rudi")])); // what the server has counts
    await vi.waitFor(() => expect(localStorage.getItem("sapa.favourites.agus")).toBeNull());
    expect(asked.filter((line) => line.startsWith("PUT")).length).toBe(3);
    expect(keptBefore("{")).toEqual([]);
    vi.unstubAllGlobals();
  });
});

describe("keys", () => {
  it("mean one thing each, and none is the browser's own", () => {
    const all = [...Object.values(keys), ...[0, 1, 2, 3].map(favouriteKey), ...[1, 2, 3, 4, 5].map((digit) => `Ctrl+Alt+${digit}`)];
    expect(new Set(all).size).toBe(all.length);
    for (const key of all) expect(key).toMatch(/^(F[2489]|Ctrl\+Alt\+[A-Z0-9])$/);
    // the window manager's: a terminal, the lock, the log-out
    for (const key of ["Ctrl+Alt+T", "Ctrl+Alt+L", "Ctrl+Alt+Q"]) expect(all).not.toContain(key);
  });
});

describe("others in the call", () => {
  const agent = (id: string, more: Partial<DirectoryAgent>) => ({ id, name: id, leads: true, ready: false, busy: false, ...more }) as DirectoryAgent;

  it("asks the leader who can answer", () => {
    expect(leaderOf([agent("x", { leads: false, ready: true })])).toBe(null);
    expect(leaderOf([agent("a", { busy: true }), agent("b", {}), agent("c", { ready: true })])?.id).toBe("c");
    expect(leaderOf([agent("a", { busy: true }), agent("b", {})])?.id).toBe("b");
  });

  it("names somebody outside as he was called", () => {
    nameParties("c1", [], "Gudang Cakung");
    nameParties("c1", [{ party: "71", agent: null }]);
    nameParties("c1", [{ party: "71", agent: null }, { party: "72", agent: null }]);
    expect([nameOfParty("71"), nameOfParty("72")]).toEqual(["Gudang Cakung", null]);
  });
});
