import { describe, expect, it } from "vitest";
import type { Network, System, SystemDevice } from "../shared/api.gen";
import { attentionOf, badOf, daysUntil, deviceRows, Lines, logWord } from "../tech/model";

const at = Date.parse("2026-11-22T08:00:00Z");
const ago = (s: number) => new Date(at - s * 1000).toISOString();
const limits = { rtt_ms: 300, loss_permille: 30, mos_x100: 360, certificate_days: 21, disk_days: 14, disk_percent: 10 };

const device = (agent: string, more: Partial<SystemDevice> = {}): SystemDevice => ({ agent, name: agent.toUpperCase(), extension: "1", browser: true, transport: "wss", user_agent: "Sapa desk, Chrome 120", from: "10.0.0.1", behind_proxy: false, place: "office", reachable: true, since: ago(600), expires: ago(-600), ...more });
const line = (user: string, s: number, more: Partial<Network> = {}): Network => ({ seq: String(1000 - s), at: ago(s), user, source: "10.0.0.1", kind: "call", rtt_ms: 40, loss_permille: 0, jitter_ms: 3, mos_x100: 430, codec: "opus", device: "Chrome 120", path: "direct", ...more });

function system(more: Partial<System> = {}): System {
  return {
    now: ago(0), name: "Demo", version: "1", centre: "abc", ready: true, starts: 1, alarms: [], trunks: [], devices: [], without_device: [],
    media: { up: true, restarts: 0, version: 5, legs: 0, recordings: 0, packets_dropped: 0, delay_p99_us: 100 },
    certificates: [], disk: { total_bytes: 1000, free_bytes: 500, log_bytes: 10, day_bytes: null, days_left: null },
    processes: [], listeners: [], log: { state: "good", seq: "1", commits: 1, slow_commits: 0, failures: 0, longest_commit_us: 1 },
    connections: { http: 1, feeds: 0, phones: 0, sessions: 1 }, libraries: [], limits, webhooks: [], ...more,
  };
}
const words = (of: System, lines: Network[] = []) => attentionOf(of, new Map(lines.map((one) => [one.user, one])), at).map((item) => `${item.bad ? "!" : ""}${item.word}`);

describe("what needs attention", () => {
  it("is nothing when all is well", () => expect(words(system())).toEqual([]));

  it("is told worst first, each thing once", () => {
    const trunk = { id: "a", host: "h", state: "up" as const, since: null, last_status: null, failed: null, calls: 0, calls_max: null, addresses: 2, addresses_down: 1, rtt_us: 1, registers: false };
    expect(
      words(
        system({
          ready: false,
          alarms: ["trunk down", "the log is slow", "something new"],
          trunks: [trunk, { ...trunk, id: "b", state: "down" }, { ...trunk, id: "c", state: "refused", last_status: 403 }, { ...trunk, id: "d", addresses_down: 0 }],
        }),
      ),
    ).toEqual(["!notReady", "!alarmOther", "!trunkDown", "!trunkRefused", "alarmSlow", "trunkPart"]);
  });

  it("the log's state agrees with its alarms", () => {
    const of = (state: string, ...alarms: string[]) => logWord({ ...system({ alarms }), log: { ...system().log, state } });
    expect([of("good"), of("good", "the log is slow"), of("disk full", "the log is slow"), of("disk refuses"), of("something new")]).toEqual(["logGood", "logSlow", "logFull", "logFailed", null]);
  });

  it("certificates, by the day", () => {
    const one = { use: "https" as const, names: "x", issuer: null, own: true, until: ago(-22 * 86400), problem: null };
    expect(words(system({ certificates: [one] }))).toEqual([]);
    expect(words(system({ certificates: [{ ...one, until: ago(-20 * 86400) }] }))).toEqual(["certificateSoon"]);
    expect(words(system({ certificates: [{ ...one, until: ago(1) }] }))).toEqual(["!certificateOver"]);
    expect(words(system({ certificates: [{ ...one, until: null, problem: "not there" }] }))).toEqual(["!certificateBad"]);
    expect(daysUntil({ ...one, until: ago(-3600) }, at)).toBe(0);
  });

  it("disks that fill, and disks that are full", () => {
    const disk = (more: Partial<System["disk"]>) => words(system({ disk: { total_bytes: 1000, free_bytes: 500, log_bytes: 1, day_bytes: 10, days_left: 50, ...more } }));
    expect(disk({})).toEqual([]);
    expect(disk({ days_left: 13 })).toEqual(["diskDays"]);
    expect(disk({ days_left: 1 })).toEqual(["!diskDays"]);
    expect(disk({ free_bytes: 99 })).toEqual(["diskFree"]);
    expect(disk({ free_bytes: 19 })).toEqual(["!diskFree"]);
  });

  it("processes and webhooks", () => {
    const one = { name: "control", pid: 1, started: ago(1), memory_bytes: 1, cpu_ms: 1, threads: 1, descriptors: 10, descriptors_max: 100, other_program: false };
    const hook = { id: "1", host: "h", state: "active" as const, lag: 0, failures: 0, last_error: null, last_delivery: null };
    expect(words(system({ processes: [one, { ...one, descriptors: null }], webhooks: [hook, { ...hook, state: "paused", lag: 99999 }] }))).toEqual([]);
    expect(words(system({ media: null, processes: [{ ...one, descriptors: 81 }, { ...one, other_program: true }, { ...one, name: "crowd", other_program: true }], webhooks: [{ ...hook, state: "gone" }, { ...hook, state: "failing" }, { ...hook, lag: 10001 }] }))).toEqual([
      "!voiceAway", "!descriptors", "!hookGone", "otherProgram", "hookFailing", "hookBehind",
    ]);
    expect(words(system({ media: { ...system().media!, up: false } }))).toEqual(["!mediaAway"]);
    expect(words(system({ media: { ...system().media!, restarts: 2 } }))).toEqual(["mediaRestarted"]);
  });

  it("agents whose line is below a limit, or whose telephone is silent", () => {
    const devices = [device("siti"), device("budi", { reachable: false }), device("budi", { from: "10.0.0.2" }), device("dewi", { reachable: false })];
    expect(words(system({ devices, without_device: [{ agent: "agus", name: "Agus", extension: "4" }] }), [line("siti", 1, { rtt_ms: 301 })])).toEqual(["!deviceMissing", "deviceSilent", "lineBad"]);
    expect(attentionOf(system({ devices }), new Map([["siti", line("siti", 1, { mos_x100: 359 })]]), at).at(-1)!.values).toEqual({ name: "SITI" });
  });
});

describe("lines", () => {
  it("have limits of their own: at the limit is still good", () => {
    expect(badOf(line("x", 1, { rtt_ms: 300, loss_permille: 30, mos_x100: 360 }), limits).any).toBe(false);
    expect(badOf(line("x", 1, { rtt_ms: 301 }), limits)).toMatchObject({ rtt: true, loss: false, any: true });
    expect(badOf(line("x", 1, { loss_permille: 31 }), limits)).toMatchObject({ loss: true, any: true });
    expect(badOf(line("x", 1, { mos_x100: null }), limits).any).toBe(false);
  });

  it("are the newest check of each, and forgotten with the shift", () => {
    const lines = new Lines();
    lines.add([line("a", 100, { rtt_ms: 1 }), line("a", 50, { rtt_ms: 2 }), line("b", 90)]);
    lines.add([line("a", 70, { rtt_ms: 3 })]);
    expect(lines.newest().get("a")!.rtt_ms).toBe(2);
    lines.forget(at - 60_000);
    expect([...lines.newest().keys()]).toEqual(["a"]);
  });

  it("stand beside browsers, in an order that never changes", () => {
    const before = deviceRows(system({ devices: [device("b"), device("a"), device("c", { browser: false })] }), new Map([["b", line("b", 1)], ["c", line("c", 1)]]));
    expect(before.map((row) => [row.device.agent, row.line !== null, row.trouble])).toEqual([["a", false, false], ["b", true, false], ["c", false, false]]);
    const after = deviceRows(system({ devices: [device("c", { reachable: false }), device("b"), device("a")] }), new Map([["b", line("b", 1, { loss_permille: 900 })]]));
    expect(after.map((row) => [row.device.agent, row.trouble])).toEqual([["a", false], ["b", true], ["c", true]]);
  });
});
