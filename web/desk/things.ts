// What is to be done and nobody waits for: tasks and callbacks, in the order of their time. Rows stand still under the pointer.
import { useRef } from "react";
import type { CardCallback, CoachNote, Task, Ticket, TicketNews } from "../shared/api.gen";
import { api } from "../shared/api.gen";
import { ticketNews, useLive } from "../shared/live";
import { Store, useStore } from "../shared/store";
import { useAsked } from "./asked";

/** Either, as a row of Pekerjaan. */
export interface Thing {
  key: string;
  kind: "task" | "callback" | "coaching" | "ticket";
  /** Of a task. */
  task: string | null;
  text: string | null;
  contact: string | null;
  client: string | null;
  queue: string | null;
  name: string | null;
  address: string | null;
  due: string | null;
  /** Of a recording that is to be heard again. */
  coach?: CoachNote;
  /** That waits for something to be done. */
  ticket?: Ticket;
  /** It was done just now: its row stays until the pointer has left the list. */
  gone: boolean;
}

export const ofTask = (one: Task): Thing => ({ key: `t${one.id}`, kind: "task", task: one.id, text: one.text, contact: one.contact, client: one.client, queue: null, name: one.name, address: one.address, due: one.due, gone: false });
export const ofCallback = (one: CardCallback): Thing => ({ key: `c${one.contact}`, kind: "callback", task: null, text: null, contact: one.contact, client: one.client, queue: one.queue, name: one.name, address: one.address, due: one.due, gone: false });
export const ofNote = (one: CoachNote): Thing => ({ key: `n${one.id}`, kind: "coaching", task: null, text: one.text, contact: one.contact, client: null, queue: null, name: null, address: null, due: null, coach: one, gone: false });

export const ofTicket = (one: Ticket): Thing => ({ key: `k${one.id}`, kind: "ticket", task: null, text: one.subject, contact: one.contacts.at(-1) ?? null, client: one.client, queue: null, name: one.name, address: one.address, due: one.due, ticket: one, gone: false });

/** By time; those without one last, in the order in which they came. */
export const byTime = (all: readonly Thing[]): Thing[] => [...all].sort((a, b) => (a.due ? Date.parse(a.due) : Infinity) - (b.due ? Date.parse(b.due) : Infinity) || 0);

/** As it stood, with what is new behind it; what is gone keeps its place. */
export function settle(shown: readonly Thing[], now: readonly Thing[]): Thing[] {
  const left = new Map(now.map((one) => [one.key, one]));
  const kept = shown.map((one) => {
    const found = left.get(one.key);
    left.delete(one.key);
    return found ?? { ...one, gone: true };
  });
  return [...kept, ...left.values()];
}

/** Nothing moves while the pointer is over the list, or the focus in it. */
export function useStill(now: readonly Thing[], still: boolean): readonly Thing[] {
  const shown = useRef<readonly Thing[]>([]);
  shown.current = still ? settle(shown.current, now) : byTime(now);
  return shown.current;
}

/** Counted up when something was written: it is asked again. */
const written = new Store(0);
export const again = (): void => written.set(written.get() + 1);

/** Can it be called? Hidden numbers cannot: who may not see them may not dial them by hand. */
export const callable = (address: string | null): boolean => !!address && /^\+?[0-9]{2,15}$/.test(address);

/** What the live state said last of tickets that `which` knows: it changes when one of them does. */
export function useTicketTurn(which: (one: TicketNews) => boolean): string {
  const feed = useLive((page) => page.live.feed); // another one: what was missed is not known
  const news = useStore(ticketNews).filter(which);
  return [feed, ...news.map((one) => `${one.id}.${one.version}`)].join();
}

export function useThings(agent: string | null, turn: string): Thing[] {
  const writes = useStore(written);
  const shown = useRef<ReadonlySet<string>>(new Set());
  const tickets = useTicketTurn((one) => shown.current.has(one.id) || (one.owner_kind === "agent" && one.owner === agent));
  const answer = useAsked(agent && `work ${agent}`, `${writes} ${turn} ${tickets}`, (signal) => api.work(agent!, { signal }));
  shown.current = new Set(answer?.tickets.map((one) => one.id));
  return answer ? [...answer.callbacks.map(ofCallback), ...answer.tasks.map(ofTask), ...answer.coaching.map(ofNote), ...answer.tickets.map(ofTicket)] : [];
}

/** How a due time stands: a clock when it is within the hour, or past. */
export type Due = { state: "none" | "later" | "soon" | "late"; ms: number };
export function dueOf(due: string | null, now: number): Due {
  if (!due) return { state: "none", ms: 0 };
  const ms = Date.parse(due) - now;
  return { state: ms <= 0 ? "late" : ms < 3_600_000 ? "soon" : "later", ms: Math.abs(ms) };
}
