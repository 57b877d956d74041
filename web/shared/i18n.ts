// Words of the pages: ICU messages, Indonesian and English whole, and a pseudo-language that shows what was forgotten.
import { IntlMessageFormat } from "intl-messageformat";
import { Store, useStore } from "./store";

export type Language = "id" | "en" | "en-XA";
/** Every key in both: the type of `en` is that of `id`. */
export interface Messages<K extends string> {
  id: Record<K, string>;
  en: Record<K, string>;
}
export type Values = Record<string, string | number | Date | null | undefined>;

const KEY = "sapa.language";

function begin(): Language {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "id" || kept === "en" || kept === "en-XA") return kept;
  } catch {
    /* no storage */
  }
  return "id"; // the product's first language, whatever the browser is set to
}

export const language = new Store<Language>(begin());

language.listen(() => {
  document.documentElement.lang = language.get() === "id" ? "id" : "en";
});

export function setLanguage(to: Language): void {
  try {
    localStorage.setItem(KEY, to);
  } catch {
    /* for this page alone, then */
  }
  language.set(to);
}

/** For Intl: numbers, dates and Rupiah as they are written there. */
export const locale = (of: Language): string => (of === "id" ? "id-ID" : "en-GB");

const accents: Record<string, string> = { a: "à", e: "é", i: "í", o: "ô", u: "ù", y: "ý", A: "À", E: "É", I: "Í", O: "Ô", U: "Ù", s: "š", n: "ñ", c: "ç" };

/** What stands in no message stays without accents on the screen, and a third more room is needed. */
export function pseudo(message: string): string {
  let depth = 0;
  let out = "";
  for (const letter of message) {
    if (letter === "{") depth++;
    out += depth === 0 ? (accents[letter] ?? letter) : letter;
    if (letter === "}") depth--;
  }
  return `[${out}${"~".repeat(Math.ceil(message.length / 4))}]`;
}

const formats = new Map<string, IntlMessageFormat>();

export function format(of: Language, message: string, values?: Values): string {
  const text = of === "en-XA" ? pseudo(message) : message;
  if (!text.includes("{") && !text.includes("'")) return text;
  const key = of + text;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new IntlMessageFormat(text, locale(of), undefined, { ignoreTag: true })));
  return String(found.format(values as Record<string, string | number | Date>));
}

export type Translate<K extends string> = (key: K, values?: Values) => string;

export function translate<K extends string>(messages: Messages<K>, of: Language): Translate<K> {
  const table = of === "id" ? messages.id : messages.en;
  return (key, values) => format(of, table[key], values);
}

const kept = new WeakMap<object, Map<Language, Translate<string>>>();

export function useWords<K extends string>(messages: Messages<K>): Translate<K> {
  const of = useStore(language);
  let tables = kept.get(messages);
  if (!tables) kept.set(messages, (tables = new Map()));
  let words = tables.get(of);
  if (!words) tables.set(of, (words = translate(messages, of) as Translate<string>));
  return words as Translate<K>;
}

/** A thing of the description with a name in both languages. */
export const nameOf = (of: Language, thing: { id_name: string; en_name: string } | undefined): string => (thing ? (of === "id" ? thing.id_name : thing.en_name) : "");
