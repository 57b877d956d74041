// The feed client: folded changes are a fresh snapshot; resumed where it was; back-off; silence is a dead connection.
import { describe, expect, it } from "vitest";
import type { Agent, Alert, Contact, FeedMessage, Queue } from "../shared/api.gen";
import { backOff, Feed, fold, nothing, type Connection, type Live, type WebSocketLike } from "../shared/feed";

/** Mulberry32: the same numbers in each run. */
function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class World {
  contacts = new Map<string, Contact>();
  agents = new Map<string, Agent>();
  queues = new Map<string, Queue>();
  alerts: Alert[] = [];
  n = 0;
  feed = "a";

  constructor(readonly random: () => number) {}

  pick(most: number): number {
    return Math.floor(this.random() * most);
  }

  snapshot(): FeedMessage {
    return { type: "snapshot", feed: this.feed, n: this.n, contacts: [...this.contacts.values()], agents: [...this.agents.values()], queues: [...this.queues.values()], switches: [], alerts: this.alerts };
  }

  step(): FeedMessage {
    const events: FeedMessage["events"] = [];
    this.n += 1 + this.pick(3);
    if (this.random() < 0.2) {
      this.alerts = Array.from({ length: this.pick(3) }, () => ({ kind: "waiting", value: this.random() }) as Alert);
      events.push({ type: "alerts", id: "alerts", data: this.alerts });
    }
    for (let i = this.pick(4); i >= 0; i--) {
      const kind = this.pick(3);
      const map = (kind === 0 ? this.contacts : kind === 1 ? this.agents : this.queues) as Map<string, { id: string }>;
      const id = String(this.pick(12));
      if (kind === 0 && this.random() < 0.3) {
        map.delete(id);
        events.push({ type: "contact", id, data: null });
      } else {
        const thing = { id, value: this.random() };
        map.set(id, thing);
        events.push({ type: kind === 0 ? "contact" : kind === 1 ? "agent" : "queue", id, data: thing });
      }
    }
    return { type: "events", feed: this.feed, n: this.n, events };
  }
}

const plain = (live: Live) => ({
  feed: live.feed,
  n: live.n,
  contacts: [...live.contacts].sort(),
  agents: [...live.agents].sort(),
  queues: [...live.queues].sort(),
  alerts: live.alerts,
});

describe("fold", () => {
  it("is a fresh snapshot at any moment", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const world = new World(numbers(seed));
      let live = fold(nothing, world.snapshot());
      for (let step = 0; step < 50; step++) {
        live = fold(live, world.step());
        expect(plain(live)).toEqual(plain(fold(nothing, world.snapshot())));
      }
    }
  }, 60_000); // however busy the machine is

  it("takes no message twice and none of another run", () => {
    const world = new World(numbers(7));
    const first = fold(nothing, world.snapshot());
    const message = world.step();
    const live = fold(first, message);
    expect(fold(live, message)).toBe(live);
    expect(fold(live, { ...world.step(), feed: "b" })).toBe(live);
  });

  it("leaves alone what a message does not touch", () => {
    const world = new World(numbers(3));
    const live = fold(nothing, world.snapshot());
    const next = fold(live, { type: "events", feed: "a", n: 9, events: [{ type: "agent", id: "x", data: { id: "x" } }] });
    expect(next.contacts).toBe(live.contacts);
    expect(live.agents.has("x")).toBe(false);
    expect(fold(live, { type: "events", feed: "a", n: 9, events: [{ type: "future" as "agent", id: "x", data: {} }] }).agents).toBe(live.agents);
  });
});

class Bench {
  sockets: (WebSocketLike & { address: string; closed: boolean })[] = [];
  timers = new Map<number, { run: () => void; at: number }>();
  now = 0;
  next = 1;
  said: Connection[] = [];
  live: Live = nothing;
  session: "good" | "over" | "unknown" = "unknown";
  feed = new Feed({
    address: (resume) => (resume ? `${resume.feed}/${resume.n}` : "fresh"),
    changed: (live, connection) => {
      this.live = live;
      if (this.said.at(-1) !== connection) this.said.push(connection);
    },
    check: () => Promise.resolve(this.session),
    open: (address) => {
      const socket = { address, closed: false, onopen: null, onmessage: null, onclose: null, close: () => void (socket.closed = true) } as WebSocketLike & { address: string; closed: boolean };
      this.sockets.push(socket);
      return socket;
    },
    random: () => 0.5,
    now: () => this.now,
    timers: {
      set: (run, ms) => {
        this.timers.set(this.next, { run, at: this.now + ms });
        return this.next++;
      },
      clear: (timer) => void this.timers.delete(timer as number),
    },
  });

  get last() {
    return this.sockets.at(-1)!;
  }

  say(message: FeedMessage) {
    this.last.onmessage?.({ data: JSON.stringify(message) });
  }

  async pass(ms: number) {
    const until = this.now + ms;
    for (;;) {
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
      const due = [...this.timers].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.now = due[1].at;
      this.timers.delete(due[0]);
      due[1].run();
    }
    this.now = until;
  }
}

const snapshot: FeedMessage = { type: "snapshot", feed: "a", n: 5, contacts: [], agents: [], queues: [], switches: [] };
const news: FeedMessage = { type: "events", feed: "a", n: 6, events: [] };

describe("the connection", () => {
  it("resumes where it was", async () => {
    const bench = new Bench();
    bench.feed.start();
    expect(bench.last.address).toBe("fresh");
    bench.last.onopen?.();
    bench.say(snapshot);
    bench.say(news);
    bench.last.onclose?.();
    await bench.pass(1000);
    expect(bench.sockets.length).toBe(2);
    expect(bench.last.address).toBe("a/6");
    bench.last.onopen?.();
    expect(bench.said).toEqual(["live", "lost", "live"]);
  });

  it("takes silence for a dead connection, and no news for a living one", async () => {
    const bench = new Bench();
    bench.feed.start();
    bench.last.onopen?.();
    bench.say(snapshot);
    for (let beat = 0; beat < 10; beat++) {
      await bench.pass(5000);
      bench.say({ ...news, n: 6 + beat });
    }
    expect(bench.sockets.length).toBe(1);
    await bench.pass(11_000);
    expect(bench.sockets[0]!.closed).toBe(true);
    expect(bench.said.at(-1)).toBe("lost");
    await bench.pass(1000);
    expect(bench.last.address).toBe("a/15");
  });

  it("waits longer each time, and ends when the session is over", async () => {
    const bench = new Bench();
    bench.feed.start();
    for (let failure = 0; failure < 6; failure++) {
      bench.last.onclose?.();
      await bench.pass(10_000);
    }
    expect(bench.sockets.length).toBeGreaterThan(5);
    bench.session = "over";
    const before = bench.sockets.length;
    bench.last.onclose?.();
    await bench.pass(60_000);
    expect(bench.said.at(-1)).toBe("over");
    expect(bench.sockets.length).toBe(before);
    bench.feed.hurry();
    expect(bench.sockets.length).toBe(before);
  });

  it("spreads what comes back, within limits", () => {
    for (let failures = 0; failures < 40; failures++) {
      for (const random of [0, 0.3, 0.999]) {
        const ms = backOff(failures, random);
        expect(ms).toBeGreaterThanOrEqual(125);
        expect(ms).toBeLessThanOrEqual(10_000);
      }
    }
    expect(backOff(4, 0)).toBeLessThan(backOff(4, 0.9));
  });

  it("believes a browser that says the network is gone after a second, unless something is heard", async () => {
    const bench = new Bench();
    bench.feed.start();
    bench.last.onopen?.();
    bench.say(snapshot);
    bench.feed.doubt();
    await bench.pass(900);
    bench.say(news);
    await bench.pass(9000);
    expect(bench.said.at(-1)).toBe("live");
    bench.feed.doubt();
    await bench.pass(1000);
    expect(bench.sockets[0]!.closed).toBe(true);
    expect(bench.said).toContain("lost");
    await bench.pass(1000);
    bench.last.onopen?.();
    expect([bench.last.address, bench.said.at(-1)]).toEqual(["a/6", "live"]);
  });

  it("hurries when the network is back, and not when it is fresh", async () => {
    const bench = new Bench();
    bench.feed.start();
    bench.feed.hurry();
    expect(bench.sockets.length).toBe(1);
    bench.last.onopen?.();
    bench.say(snapshot);
    bench.feed.hurry();
    expect(bench.sockets.length).toBe(1);
    await bench.pass(7000);
    bench.feed.hurry(); // the tab slept
    expect(bench.sockets.length).toBe(2);
    bench.last.onclose?.();
    await bench.pass(10);
    bench.feed.hurry();
    expect(bench.sockets.length).toBe(3);
    bench.feed.stop();
    await bench.pass(60_000);
    expect(bench.sockets.length).toBe(3);
  });
});
