// What an agent has in hand, out of the live state: a stable list of work, and the one call of the call bar.
import type { Agent, Assignment, Contact, DirectoryAgent, Party } from "../shared/api.gen";
import type { Live } from "../shared/feed";

export interface Work {
  contact: string;
  offer: string | null;
  state: Assignment["state"];
  channel: Assignment["channel"];
  queue: string | null;
  since: string;
  due: string | null;
  disposition: string | null;
  extended: boolean;
  parties: readonly Party[];
  /** It rings, and the phone answers by itself. */
  autoAnswer: boolean;
  of: Contact | null; // null: not told yet, or over (wrap-up)
}

/** Contacts that are over are no more in the live state, but their wrap-up goes on: what was known of them stays. */
const remembered = new Map<string, Contact>();
const REMEMBERED_MAX = 64;

function remember(contact: Contact): Contact {
  remembered.delete(contact.id);
  remembered.set(contact.id, contact);
  for (const old of remembered.keys()) if (remembered.size > REMEMBERED_MAX) remembered.delete(old);
  return contact;
}

const urgency: Record<string, number> = { offered: 0, talking: 1, "on hold": 2, "wrap-up": 3, none: 4 };

/** In the order in which they came into this hand: an offer's number grows with time, so rows never change places. */
export function workOf(agent: Agent | undefined, contacts: Live["contacts"]): Work[] {
  const all = (agent?.assignments ?? []).filter((one): one is Assignment & { contact: string } => one.contact !== null && one.state !== "none");
  return all
    .map((one) => ({ one, of: contacts.get(one.contact) }))
    .map(({ one, of }) => ({
      contact: one.contact,
      offer: one.offer,
      state: one.state,
      channel: one.channel,
      queue: one.queue,
      since: one.since,
      due: one.due,
      disposition: one.disposition,
      extended: one.extended,
      parties: one.parties,
      autoAnswer: one.auto_answer,
      of: of ? remember(of) : (remembered.get(one.contact) ?? null),
    }))
    .sort((a, b) => (a.offer ?? "").length - (b.offer ?? "").length || (a.offer ?? "").localeCompare(b.offer ?? ""));
}

export interface Calls {
  /** What the call bar is about. */
  main: Work | null;
  /** The call beside it: somebody is asked while the customer is on hold. */
  asked: Work | null;
}

/** Of the telephone: what rings comes first, then what is talked about; a question belongs to the call that it is beside. */
export function callsOf(work: readonly Work[]): Calls {
  const calls = work.filter((one) => one.channel === "voice");
  const held = calls.find((one) => one.state === "on hold" && one.of?.direction !== "internal") ?? calls.find((one) => one.state === "on hold");
  // what an agent has placed himself may be in a colleague's hands as far as the live state tells him: then nothing is known of it
  const beside = held && calls.find((one) => one !== held && one.state !== "wrap-up" && one.of?.direction !== "inbound");
  if (held && beside) return { main: held, asked: beside };
  const [main] = [...calls].sort((a, b) => (urgency[a.state] ?? 9) - (urgency[b.state] ?? 9));
  return { main: main ?? null, asked: null };
}

/** What can be done with it now. */
export interface Can {
  answer: boolean;
  refuse: boolean;
  hold: boolean;
  resume: boolean;
  transfer: boolean;
  consult: boolean;
  pause: boolean;
  hangup: boolean;
  merge: boolean;
}

/** `mayRefuse`: has the right to. */
export function canDo({ main, asked }: Calls, mayRefuse: boolean): Can {
  const state = main?.state;
  const own = main?.of?.direction === "outbound" || main?.of?.direction === "internal";
  const talks = state === "talking" || state === "on hold";
  return {
    answer: state === "offered",
    refuse: state === "offered" && !own && mayRefuse,
    hold: state === "talking" && !asked,
    resume: state === "on hold" && !asked,
    transfer: talks && !asked,
    consult: talks && !asked,
    pause: talks && !!main?.of?.recording,
    hangup: talks || (state === "offered" && own),
    merge: !!asked,
  };
}

/** With whom he talks besides the customer: only then it is a conference. */
export const othersOf = (work: Work): readonly Party[] => (work.state === "talking" || work.state === "on hold" ? work.parties : []);

/** Who is asked first: a leader who is ready, then one who is there, then any. */
export const leaderOf = (agents: readonly DirectoryAgent[]): DirectoryAgent | null =>
  agents.filter((one) => one.leads).sort((a, b) => Number(b.ready && !b.busy) - Number(a.ready && !a.busy) || Number(a.busy) - Number(b.busy))[0] ?? null;

/** Names of those outside, as far as this tab has brought them in: the server does not tell their numbers. */
const parties = new Map<string, string>();
const coming = new Map<string, string>();
export const nameOfParty = (party: string): string | null => parties.get(party) ?? null;
/** `name`: the next one that comes into this contact. */
export function nameParties(contact: string, now: readonly Party[], name?: string): void {
  if (name) coming.set(contact, name);
  for (const one of now) {
    const next = coming.get(contact);
    if (parties.has(one.party) || !next) continue;
    if (!one.agent) parties.set(one.party, next);
    coming.delete(contact);
  }
}

const called = (contact: string) => `sapa.called.${contact}`;
/** Whom a call is for that was placed here: by the name under which it was chosen. */
export const nameCall = (contact: string, name: string): void => sessionStorage.setItem(called(contact), name);
export const nameOfCall = (contact: string): string | null => sessionStorage.getItem(called(contact));

/** "+62 811-1234" is not 811 1234 written anyhow: digits with a plus, or without. */
export const isNumber = (text: string): boolean => /^\+?[0-9][0-9 ()./-]*$/.test(text) && text.replace(/[^0-9]/g, "").length >= 2;
