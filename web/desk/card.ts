// The customer's card of a contact. Asked for at the ring, so that it is there before the answer.
import { useEffect, useState } from "react";
import { api, type Card, type Note } from "../shared/api.gen";
import { Problem } from "../shared/call";
import type { Language } from "../shared/i18n";
import { spokenTo } from "./asked";

const kept = new Map<string, Card>();
/** What was asked for last, and for which state: parts of a page that want the same ask once. */
const under = new Map<string, { again: string; answer: Promise<Card | null> }>();
const MOST = 50;

export async function fetchCard(contact: string, language: Language): Promise<Card | null> {
  try {
    const card = await api.card(contact, { language: spokenTo(language) });
    kept.delete(contact);
    kept.set(contact, card);
    for (const old of kept.keys()) if (kept.size > MOST) kept.delete(old);
    return card;
  } catch (error) {
    if (error instanceof Problem) return null; // not in the log yet, or not ours any more
    throw error;
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The log may be a moment behind the ring: asked a few times. */
function ask(contact: string, language: Language, again: string): Promise<Card | null> {
  const key = `${contact} ${language}`;
  const before = under.get(key);
  if (before?.again === again) return before.answer;
  const answer = (async () => {
    for (let tries = 1; ; tries++) {
      const card = await fetchCard(contact, language);
      if (card || tries === 3) return card;
      await wait(300 * tries);
    }
  })();
  under.delete(key);
  under.set(key, { again, answer });
  for (const old of under.keys()) if (under.size > MOST) under.delete(old);
  return answer;
}

/** `again`: whatever makes it worth asking again (state, place). */
export function useCard(contact: string | null, language: Language, again: string): { card: Card | null; loading: boolean } {
  const [, draw] = useState(0);
  const [loading, setLoading] = useState(false);

  useEffect(() => {
    if (!contact) return;
    let wanted = true;
    setLoading(!kept.has(contact));
    void ask(contact, language, again).then(() => {
      if (!wanted) return;
      setLoading(false);
      draw((n) => n + 1);
    });
    return () => {
      wanted = false;
    };
  }, [contact, language, again]);
  return { card: contact ? (kept.get(contact) ?? null) : null, loading };
}

export type Saved = { version: number } | { conflict: Note | null };

export async function saveNote(contact: string, text: string, version: number): Promise<Saved> {
  try {
    return await api.note(contact, { text }, { match: String(version) });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 412) throw error;
    const card = await fetchCard(contact, "id");
    return { conflict: card?.note ?? null };
  }
}
