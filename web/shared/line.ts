// What a line is like: round trip, loss, how it sounds. Measured at the beginning of work and during calls, told to the
// server, which keeps it (POST /api/v1/me/network) for who looks after the network.
import { api, type NetworkBody } from "./api.gen";

export interface Quality {
  /** 1 to 4.5, estimated from loss, jitter and delay (ITU-T G.107, shortened). */
  mos: number;
  rtt_ms: number;
  loss: number;
}

/** What one way of speech sounds like, from what is lost and how late it comes. */
export function mosOf(rtt_ms: number, jitter_ms: number, loss: number): number {
  const delay = rtt_ms / 2 + jitter_ms * 2 + 20;
  const late = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const r = Math.max(0, 93.2 - late - 30 * Math.log(1 + 15 * loss));
  return r > 100 ? 4.5 : Math.max(1, Math.round((1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6) * 100) / 100);
}

/** A part of a call so long is told by itself, so that a long call is not one number. */
const PART_MS = 300_000;
const DEVICE_MAX = 48;
const CHECKS = 5;

export const browserName = (agent: string): string => /(Edg|Firefox|Chrome|Safari)\/(\d+)/.exec(agent)?.slice(1, 3).join(" ") ?? "";

/** Short enough for its place: 200 bytes in all. */
function deviceOf(device: string): string {
  const bytes = new TextEncoder().encode([browserName(navigator.userAgent), device].filter(Boolean).join(", "));
  return new TextDecoder().decode(bytes.slice(0, DEVICE_MAX)).replace(/\uFFFD$/, "");
}

/** A call's line, from the browser's own statistics. */
export class Line {
  private lost = 0;
  private got = 0;
  private partLost = 0;
  private partAll = 0;
  private rtts: number[] = [];
  private jitters: number[] = [];
  private scores: number[] = [];
  private codec = "";
  private path: "direct" | "relay" | "" = "";
  private since = Date.now();

  /** The line in the seconds since the last time; `broken`: the other side does not answer any more. */
  take(report: RTCStatsReport | Map<string, Record<string, unknown>>, broken = false): Quality {
    let rtt = 0;
    let jitter = 0;
    let lost = this.lost;
    let got = this.got;
    const codecs = new Map<string, string>();
    const candidates = new Map<string, string>();
    let codec = "";
    let ours = "";
    (report as Map<string, Record<string, unknown>>).forEach((one) => {
      if (one["type"] === "codec") codecs.set(String(one["id"]), String(one["mimeType"] ?? "").replace(/^audio\//i, ""));
      if (one["type"] === "inbound-rtp") {
        lost = Number(one["packetsLost"] ?? 0);
        got = Number(one["packetsReceived"] ?? 0);
        jitter = Number(one["jitter"] ?? 0) * 1000;
        codec = String(one["codecId"] ?? "");
      }
      if (one["type"] === "candidate-pair" && one["nominated"]) {
        rtt = Number(one["currentRoundTripTime"] ?? 0) * 1000;
        ours = String(one["localCandidateId"] ?? "");
      }
      if (one["type"] === "local-candidate") candidates.set(String(one["id"]), String(one["candidateType"] ?? ""));
    });
    if (candidates.has(ours)) this.path = candidates.get(ours) === "relay" ? "relay" : "direct";
    const missed = Math.max(0, lost - this.lost);
    const all = Math.max(0, got - this.got) + missed;
    const loss = broken ? 1 : all > 0 ? missed / all : 0; // nothing may have come for the call is held
    const mos = mosOf(rtt, jitter, loss);
    this.lost = lost;
    this.got = got;
    this.partLost += missed;
    this.partAll += all;
    this.rtts.push(rtt);
    this.jitters.push(jitter);
    this.scores.push(mos);
    this.codec = codecs.get(codec) ?? this.codec;
    return { mos, rtt_ms: Math.round(rtt), loss };
  }

  due(): boolean {
    return Date.now() - this.since >= PART_MS;
  }

  /** What is told of the part that ends now; null: nothing was measured. */
  result(device: string, kind: "call" | "test"): NetworkBody | null {
    const mean = (all: number[]) => Math.round(all.reduce((sum, one) => sum + one, 0) / all.length);
    if (this.scores.length === 0) return null;
    const body: NetworkBody = {
      kind,
      rtt_ms: Math.min(60_000, mean(this.rtts)),
      loss_permille: this.partAll > 0 ? Math.round((this.partLost * 1000) / this.partAll) : 0,
      jitter_ms: Math.min(60_000, mean(this.jitters)),
      mos_x100: Math.min(450, Math.max(100, mean(this.scores.map((one) => one * 100)))),
      device: deviceOf(device),
      ...(this.codec ? { codec: this.codec.slice(0, 12) } : {}),
      ...(this.path ? { path: this.path } : {}),
    };
    this.rtts = [];
    this.jitters = [];
    this.scores = [];
    this.partLost = this.partAll = 0;
    this.since = Date.now();
    return body;
  }
}

/** The way to the server, by a few small requests: the middle of their times, and how many came to nothing. */
export async function checkLine(device: string): Promise<void> {
  const times: number[] = [];
  let failed = 0;
  for (let i = 0; i < CHECKS; i++) {
    const from = performance.now();
    try {
      await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(3000) });
      times.push(performance.now() - from);
    } catch {
      failed++;
    }
  }
  if (times.length === 0) return; // it can be told to nobody
  times.sort((a, b) => a - b);
  const middle = times[Math.floor(times.length / 2)]!;
  const jitter = times.reduce((sum, one) => sum + Math.abs(one - middle), 0) / times.length;
  const loss = failed / CHECKS;
  const body: NetworkBody = {
    kind: "login",
    rtt_ms: Math.round(middle),
    loss_permille: Math.round(loss * 1000),
    jitter_ms: Math.round(jitter),
    mos_x100: Math.round(mosOf(middle, jitter, loss) * 100),
    device: deviceOf(device),
  };
  await api.network(body).catch(() => undefined);
}
