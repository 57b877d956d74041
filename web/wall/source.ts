// Where a screen has its board and its figures from: the session of who looks, or the token of a link.
import { api, type Standing, type Wallboard, type WallboardBody } from "../shared/api.gen";
import { setClock } from "../shared/clock";
import { Problem } from "../shared/call";
import { Feed, type Connection, type WebSocketLike } from "../shared/feed";
import { page } from "../shared/live";
import { STANDARD, standardBoard } from "./model";

export interface State {
  board: Wallboard | WallboardBody | null;
  standings: ReadonlyMap<string, Standing>;
  connection: Connection;
  /** When something was heard last; 0: never. */
  heardAt: number;
  /** The link has been ended, or the board is gone. */
  ended: boolean;
}

export interface Source {
  get: () => State;
  listen: (listener: () => void) => () => void;
}

/** A screen is drawn at once, and ten times a second at most, however much comes: weak televisions, and weeks of it. */
export const PAINT_MS = 100;
const BOARD_MS = 30_000;

export class Kept implements Source {
  private state: State = { board: null, standings: new Map(), connection: "connecting", heardAt: 0, ended: false };
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private drawnAt = -PAINT_MS;

  readonly get = () => this.state;

  readonly listen = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private next: State = this.state;

  set(part: Partial<State>): void {
    this.next = { ...this.next, ...part };
    this.timer ??= setTimeout(
      () => {
        this.timer = null;
        this.drawnAt = performance.now();
        this.state = this.next;
        for (const listener of [...this.listeners]) listener();
      },
      Math.max(0, this.drawnAt + PAINT_MS - performance.now()),
    );
  }
}

/** On a screen of its own. */
export function tokenSource(board: string, token: string): Source {
  const kept = new Kept();
  const base = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`;
  const ask = async (path: string): Promise<Response> => fetch(path, { headers: { Authorization: `Bearer ${token}`, Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(10_000) });
  const look = async (): Promise<"good" | "over" | "unknown"> => {
    try {
      const asked = Date.now();
      const reply = await ask(`/api/v1/wallboards/${board}`);
      const date = reply.headers.get("date");
      if (date) setClock(new Date(Date.parse(date) + 500).toISOString(), asked, Date.now()); // it says whole seconds
      if (reply.ok) {
        kept.set({ board: (await reply.json()) as Wallboard, ended: false });
        return "good";
      }
      if (reply.status === 401 || reply.status === 404) {
        kept.set({ ended: true });
        feed.stop(); // wrong tokens are counted against the address that this screen shares with others
        return "over";
      }
    } catch {
      /* not now */
    }
    return "unknown";
  };
  const feed = new Feed({
    address: (resume) => base + (resume ? `#${resume.feed}/${resume.n}` : ""),
    open: (address) => {
      const [url = "", last = ""] = address.split("#");
      const [name, n] = last.split("/");
      const socket = new WebSocket(url);
      const like: WebSocketLike = { onopen: null, onmessage: null, onclose: null, close: () => socket.close() };
      socket.onopen = () => {
        socket.send(JSON.stringify(name ? { token, feed: name, n: Number(n) } : { token }));
        like.onopen?.();
      };
      socket.onmessage = (event) => like.onmessage?.(event);
      socket.onclose = () => like.onclose?.();
      return like;
    },
    changed: (live, connection) => {
      kept.set({ standings: live.standings, connection, ...(connection === "live" ? { heardAt: Date.now() } : {}) });
      if (connection === "lost") void look(); // a token that has ended is let in as far as its first message
    },
    check: look,
  });

  feed.start();
  void look();
  setInterval(() => {
    const was = kept.get().ended;
    void look().then((how) => {
      if (how === "good" && was) feed.start(); // the board is there again
    });
  }, BOARD_MS);
  window.addEventListener("online", () => feed.hurry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && feed.hurry());
  return kept;
}

/** For somebody who is logged in. */
export function ownSource(board: string): Source {
  const kept = new Kept();
  const look = () =>
    api
      .wall(board)
      .then((found) => kept.set({ board: found, ended: false }))
      .catch((error: unknown) => {
        const { me, directory } = page.get();
        if (!(error instanceof Problem) || error.status !== 404) return;
        if (board === STANDARD && me && directory) kept.set({ board: standardBoard(directory, me.clients === null), ended: false });
        else if (board !== STANDARD) kept.set({ ended: true });
      });
  let named = false;

  page.listen(() => {
    const { live, connection, me, directory } = page.get();
    kept.set({ standings: live.standings, connection, ...(connection === "live" ? { heardAt: Date.now() } : {}) });
    if (me && directory && !named) {
      named = true;
      void look();
    }
  });
  setInterval(() => void look(), BOARD_MS);
  return kept;
}
