// What a telephone in a page makes of statistics, and of a headset's keys.
import { describe, expect, it, vi } from "vitest";
import { bitsOf, Headset, type Device } from "../shared/headset";
import { Line, mosOf } from "../shared/line";

const stats = (got: number, lost: number, rtt_s = 0.04, jitter_s = 0.005) =>
  new Map<string, Record<string, unknown>>([
    ["C", { id: "C", type: "codec", mimeType: "audio/PCMA" }],
    ["I", { id: "I", type: "inbound-rtp", packetsReceived: got, packetsLost: lost, jitter: jitter_s, codecId: "C" }],
    ["P", { id: "P", type: "candidate-pair", nominated: true, currentRoundTripTime: rtt_s }],
  ]);

describe("a line", () => {
  it("is judged by what was lost since the last look", () => {
    const line = new Line();
    expect(line.take(stats(150, 0))).toMatchObject({ rtt_ms: 40, loss: 0 });
    const bad = line.take(stats(270, 30));
    expect(bad.loss).toBeCloseTo(0.2);
    expect(bad.mos).toBeLessThan(3);
    expect(line.take(stats(420, 30)).mos).toBeGreaterThan(4);
  });

  it("is told as means, within what its place takes, once", () => {
    const line = new Line();
    line.take(stats(90, 10));
    line.take(stats(190, 10, 0.06));
    const told = line.result("Headset " + "é".repeat(100), "call")!;
    expect(told).toMatchObject({ kind: "call", rtt_ms: 50, loss_permille: 50, jitter_ms: 5, codec: "PCMA" });
    expect(new TextEncoder().encode(JSON.stringify(told)).length).toBeLessThanOrEqual(200);
    expect(line.result("", "call")).toBeNull();
  });

  it("sounds worse the later it comes and the more is lost", () => {
    const all = [mosOf(20, 2, 0), mosOf(200, 20, 0), mosOf(600, 40, 0), mosOf(600, 40, 0.1), mosOf(2000, 200, 0.5)];
    expect([...all].sort((a, b) => b - a)).toEqual(all);
    expect(all.at(-1)).toBe(1);
  });
});

const T = 0x0b0000;
const L = 0x080000;
function headset() {
  let listener: (event: { reportId: number; data: DataView }) => void = () => undefined;
  const sent: [number, number[]][] = [];
  const device: Device = {
    opened: false,
    open: async () => undefined,
    collections: [
      { usagePage: 0x0c, inputReports: [{ reportId: 1, items: [{ usages: [0x0c00e9, 0x0c00ea], reportSize: 1, reportCount: 2 }, { reportSize: 6, reportCount: 1 }] }] },
      {
        usagePage: 0x0b,
        inputReports: [{ reportId: 8, items: [{ usages: [T + 0x20], reportSize: 1, reportCount: 1 }, { usages: [T + 0x21, T + 0x2f], reportSize: 1, reportCount: 2 }, { reportSize: 5, reportCount: 1 }] }],
        outputReports: [{ reportId: 9, items: [{ usages: [L + 0x17, L + 0x09, L + 0x18], reportSize: 1, reportCount: 3 }, { reportSize: 13, reportCount: 1 }] }],
      },
    ],
    sendReport: async (id, data) => void sent.push([id, [...new Uint8Array(data as ArrayBuffer)]]),
    addEventListener: (_, to) => (listener = to),
  };
  return { device, sent, press: (...bits: number[]) => listener({ reportId: 8, data: new DataView(Uint8Array.of(bits.reduce((sum, bit) => sum | (1 << bit), 0)).buffer) }) };
}

describe("a headset", () => {
  it("has its keys where its own description puts them", () => {
    const bits = bitsOf(headset().device, "inputReports");
    expect(bits.get(T + 0x20)).toEqual({ report: 8, bit: 0 });
    expect(bits.get(T + 0x2f)).toEqual({ report: 8, bit: 2 });
  });

  it("picks up, mutes, hangs up, and shows what is so", async () => {
    const { device, sent, press } = headset();
    const did = { talking: () => true, answer: vi.fn(() => true), hangup: vi.fn(), mute: vi.fn() };
    const one = new Headset(did);
    await one.use(device);
    press(0);
    expect(did.answer).not.toHaveBeenCalled(); // nothing rings
    press();
    one.show({ ringing: true, talking: false, muted: false });
    expect(sent.at(-1)).toEqual([9, [4, 0]]);
    press(0);
    expect(did.answer).toHaveBeenCalledOnce();
    one.show({ ringing: false, talking: true, muted: false });
    press(0, 2);
    expect(did.mute).toHaveBeenCalledWith(true);
    one.show({ ringing: false, talking: true, muted: true });
    expect(sent.at(-1)).toEqual([9, [3, 0]]);
    press(0); // the key is let go: nothing
    press(0, 2);
    expect(did.mute).toHaveBeenLastCalledWith(false);
    press();
    expect(did.hangup).toHaveBeenCalledOnce();
  });

  it("without such keys, or one that cannot be opened, is no trouble", async () => {
    const one = new Headset({ talking: () => false, answer: () => false, hangup: () => undefined, mute: () => undefined });
    await one.use({ ...headset().device, collections: [] });
    one.show({ ringing: true, talking: false, muted: false });
    await expect(one.choose()).resolves.toBe(false);
    await expect(one.begin()).resolves.toBeUndefined();
  });
});
