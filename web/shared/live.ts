// One feed a page: who one is, what lives, whether it is fresh.
import { api, type Directory, type FeedMessage, type Me, type Message, type TicketNews } from "./api.gen";
import { onSessionOver, Problem, session } from "./call";
import { setClock } from "./clock";
import { Feed, nothing, type Connection, type Live } from "./feed";
import { Store, usePart } from "./store";
import { belongTo } from "./tab";

export interface Page {
  me: Me | null;
  directory: Directory | null;
  live: Live;
  connection: Connection;
  /** Since when nothing was heard; null: it is fresh. */
  lostAt: number | null;
}

export const page = new Store<Page>({ me: null, directory: null, live: nothing, connection: "connecting", lostAt: null });

export const useLive = <P,>(part: (page: Page) => P): P => usePart(page, part);

/** What supervisors say to many. */
export const said = new Store<readonly Message[]>([]);

/** Tickets that were changed last: whoever shows one of them asks for it again. */
export const ticketNews = new Store<readonly TicketNews[]>([]);

function takeLists(message: FeedMessage): void {
  if (message.messages) said.set(message.messages);
  if (message.tickets) ticketNews.set(message.tickets);
  for (const event of message.events ?? []) {
    if (event.type === "messages") said.set((event.data as readonly Message[] | null) ?? []);
    if (event.type === "tickets") ticketNews.set((event.data as readonly TicketNews[] | null) ?? []);
  }
}

/** Something else has found the server: the feed need not wait for its turn. */
export let hurry: () => void = () => undefined;

async function whoAmI(): Promise<Me> {
  const asked = Date.now();
  const me = await api.me();
  setClock(me.now, asked, Date.now());
  return me;
}

/** `over`: there was a session, and it has ended under whoever works here; the first page says so. */
function toLogin(over: boolean): void {
  session.forget();
  location.assign(`/?to=${encodeURIComponent(location.pathname)}${over ? "&over" : ""}`);
}

/** At a page's start. Whoever is not logged in comes to the first page. */
export async function begin(): Promise<void> {
  if (!session.id()) {
    toLogin(false);
    return;
  }
  const feed = new Feed({
    address: (resume) => {
      const query = new URLSearchParams({ session: session.id() ?? "" });
      if (resume) {
        query.set("feed", resume.feed);
        query.set("n", String(resume.n));
      }
      return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live?${query}`;
    },
    changed: (live, connection) => {
      const before = page.get();
      if (live.feed !== before.live.feed && before.live.feed !== "") void names(); // another description: other names
      page.set({ ...before, live, connection, lostAt: connection === "live" ? null : (before.lostAt ?? Date.now()) });
      if (connection === "over") toLogin(true);
    },
    message: takeLists,
    check: async () => {
      try {
        await whoAmI();
        return "good";
      } catch (error) {
        return error instanceof Problem && error.status === 401 ? "over" : "unknown";
      }
    },
  });

  hurry = () => feed.hurry();
  onSessionOver(() => toLogin(true));
  feed.start(); // at once: it does not need what follows
  window.addEventListener("online", () => feed.hurry());
  window.addEventListener("offline", () => feed.doubt());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && feed.hurry());
  window.addEventListener("pageshow", () => feed.hurry());
  document.addEventListener("resume", () => feed.hurry()); // a tab that slept
  for (let attempt = 0; ; attempt++) {
    try {
      const [me] = await Promise.all([whoAmI(), names()]);
      session.keep(session.id() ?? "");
      belongTo(me.user);
      page.set({ ...page.get(), me });
      return;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(8000, 500 * 2 ** attempt)));
    }
  }
}

/** How long nothing is asked while nobody looks. */
const HIDDEN_MS = 30_000;

/** For a page that follows no contacts, and may not: `look` asks for what it shows, again and again. */
export async function beginPolled(look: () => Promise<void>, everyMs: number): Promise<void> {
  if (!session.id()) {
    toLogin(false);
    return;
  }
  let again: () => void = () => undefined;
  hurry = () => again();
  onSessionOver(() => toLogin(true));
  window.addEventListener("online", () => hurry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && hurry());
  for (;;) {
    try {
      const me = page.get().me ?? (await whoAmI());
      if (page.get().me === null) session.keep(session.id() ?? "");
      page.set({ ...page.get(), me });
      await look();
      page.set({ ...page.get(), live: { ...nothing, feed: "asked" }, connection: "live", lostAt: null });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return;
      if (error instanceof Problem && error.status === 403) {
        location.assign("/"); // this is somebody else's page
        return;
      }
      page.set({ ...page.get(), connection: "lost", lostAt: page.get().lostAt ?? Date.now() });
    }
    await new Promise<void>((resolve) => {
      again = resolve;
      setTimeout(resolve, document.visibilityState === "visible" ? everyMs : HIDDEN_MS);
    });
  }
}

export async function names(): Promise<void> {
  const directory = await api.directory();
  page.set({ ...page.get(), directory });
}

export async function logOut(): Promise<void> {
  try {
    await api.logout();
  } catch {
    /* over already */
  }
  session.forget();
  sessionStorage.clear(); // words about customers are not for who sits down here next
  location.assign("/");
}
