// The live feed: a snapshot, then numbered changes; folded here into what a fresh snapshot would be.
import type { Agent, Alert, Contact, FeedMessage, Queue, Standing, Switch } from "./api.gen";

export interface Live {
  feed: string;
  n: number;
  contacts: ReadonlyMap<string, Contact>;
  agents: ReadonlyMap<string, Agent>;
  queues: ReadonlyMap<string, Queue>;
  /** How the centre, clients and queues stand: "all", "client:KEY", "queue:KEY". Agents get none. */
  standings: ReadonlyMap<string, Standing>;
  switches: readonly Switch[];
  /** What is beyond the limits of the description. */
  alerts: readonly Alert[];
}

export const nothing: Live = { feed: "", n: 0, contacts: new Map(), agents: new Map(), queues: new Map(), standings: new Map(), switches: [], alerts: [] };

const byId = <T extends { id: string }>(items: readonly T[] = []) => new Map(items.map((item) => [item.id, item]));

/** A pure fold. Maps that a message does not touch stay the same objects, so pages see cheaply what changed. */
export function fold(live: Live, message: FeedMessage): Live {
  if (message.type === "snapshot")
    return {
      feed: message.feed,
      n: message.n,
      contacts: byId(message.contacts),
      agents: byId(message.agents),
      queues: byId(message.queues),
      standings: byId(message.standings),
      switches: message.switches ?? [],
      alerts: message.alerts ?? [],
    };
  if (message.feed !== live.feed || message.n <= live.n) return live; // of another run, or come twice
  const next = { ...live, n: message.n };
  const own = <T>(now: ReadonlyMap<string, T>, before: ReadonlyMap<string, T>) => (now === before ? new Map(before) : now) as Map<string, T>;
  for (const event of message.events ?? []) {
    if (event.type === "switches") {
      next.switches = event.data as Switch[];
      continue;
    }
    if (event.type === "alerts") {
      next.alerts = (event.data as Alert[] | null) ?? [];
      continue;
    }
    const name = event.type === "contact" ? "contacts" : event.type === "agent" ? "agents" : event.type === "queue" ? "queues" : event.type === "standing" ? "standings" : null;
    if (!name) continue; // of a newer server: not ours to show
    const map = own<unknown>(next[name], live[name]);
    if (event.data === null) map.delete(event.id);
    else map.set(event.id, event.data);
    (next as Record<string, unknown>)[name] = map;
  }
  return next;
}

export type Connection = "connecting" | "live" | "lost" | "over";

export interface FeedOptions {
  /** The address to connect to, with what is to be resumed. */
  address: (resume: { feed: string; n: number } | null) => string;
  changed: (live: Live, connection: Connection) => void;
  /** Each as it comes, before it is folded. */
  message?: (message: FeedMessage) => void;
  /** Is the session still good? Asked when connections fail; "unknown" when the server does not answer. */
  check: () => Promise<"good" | "over" | "unknown">;
  open?: (address: string) => WebSocketLike;
  random?: () => number;
  now?: () => number;
  timers?: { set: (run: () => void, ms: number) => unknown; clear: (timer: unknown) => void };
}

export interface WebSocketLike {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close: () => void;
}

const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** The server says something every five seconds, if only that there is no news. */
const SILENCE_MS = 11_000;
const QUIET_MS = 6_000;
const CONNECT_MS = 8_000;
const DOUBT_MS = 1_000;

/** After the nth failure in a row: doubled each time, and spread so that five hundred desks do not come back at once. */
export function backOff(failures: number, random: number): number {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return most / 2 + (most / 2) * random;
}

export class Feed {
  live: Live = nothing;
  connection: Connection = "connecting";
  private socket: WebSocketLike | null = null;
  private failures = 0;
  private timer: unknown = null;
  private watch: unknown = null;
  private ended = false;
  private heard = 0;

  constructor(private readonly options: FeedOptions) {}

  private readonly now = () => (this.options.now ?? Date.now)();
  private readonly timers = () => this.options.timers ?? { set: (run, ms) => setTimeout(run, ms), clear: (timer) => clearTimeout(timer as number) };

  start(): void {
    this.ended = false;
    this.connect();
  }

  stop(): void {
    this.ended = true;
    this.drop();
    if (this.timer) this.timers().clear(this.timer);
    this.timer = null;
  }

  /** The network is back, or the tab woke up: do not wait for a timer that may have slept. */
  hurry(): void {
    if (this.ended || this.connection === "over" || this.connection === "connecting") return;
    if (this.connection === "live" && this.now() - this.heard < QUIET_MS) return;
    this.failures = 0;
    this.drop();
    this.connect();
  }

  /** The browser says that the network is gone: whoever is silent for a second more is lost, instead of for eleven. */
  doubt(): void {
    if (this.ended || this.connection !== "live") return;
    this.beAlive(DOUBT_MS);
  }

  private beAlive(ms: number): void {
    if (this.watch) this.timers().clear(this.watch);
    this.watch = this.timers().set(() => {
      this.drop();
      void this.failed();
    }, ms);
  }

  private say(connection: Connection): void {
    this.connection = connection;
    this.options.changed(this.live, connection);
  }

  private drop(): void {
    if (this.watch) this.timers().clear(this.watch);
    this.watch = null;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private connect(): void {
    if (this.timer) this.timers().clear(this.timer);
    this.timer = null;
    const resume = this.live.feed ? { feed: this.live.feed, n: this.live.n } : null;
    const socket = (this.options.open ?? ((to) => new WebSocket(to) as unknown as WebSocketLike))(this.options.address(resume));
    this.socket = socket;
    this.beAlive(CONNECT_MS);
    socket.onopen = () => {
      this.failures = 0;
      this.heard = this.now();
      this.beAlive(SILENCE_MS);
      if (this.live.feed) this.say("live"); // what comes next is what was missed
    };
    socket.onmessage = (event) => {
      this.heard = this.now();
      this.beAlive(SILENCE_MS);
      const message = JSON.parse(String(event.data)) as FeedMessage;
      this.options.message?.(message);
      this.live = fold(this.live, message);
      this.say("live");
    };
    socket.onclose = () => {
      this.drop();
      void this.failed();
    };
  }

  private async failed(): Promise<void> {
    if (this.ended) return;
    this.say("lost");
    if (this.failures++ > 0 && (await this.options.check()) === "over") {
      this.say("over");
      return;
    }
    if (this.ended || this.timer || this.socket) return;
    this.timer = this.timers().set(() => {
      this.timer = null;
      this.connect();
    }, backOff(this.failures, (this.options.random ?? Math.random)()));
  }
}
