// What can be done at this moment, by whoever draws it: bound to its key, and listed in the command bar.
import { useEffect, useRef } from "react";
import { keyOf } from "../shared/ui";

export interface Command {
  id: string;
  /** In the words of the page. */
  name: string;
  /** A line about it: whom, which kind. */
  about?: string;
  hotkey?: string;
  /** undefined: not now. */
  run: (() => void) | undefined;
  /** Only listed when something is typed: there may be hundreds. */
  deep?: boolean;
}

const sources = new Set<{ current: readonly Command[] }>();

/** All that can be done now. */
export const commands = (): Command[] => [...sources].flatMap((source) => source.current.filter((one) => one.run));

/** As long as the part that draws them is there. Keys work while typing, too: none of them writes anything. */
export function useCommands(list: readonly Command[]): void {
  const latest = useRef(list);
  latest.current = list;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.repeat || event.isComposing) return;
      const key = keyOf(event);
      const found = latest.current.find((one) => one.hotkey === key && one.run);
      if (!found) return;
      event.preventDefault();
      found.run!();
    };
    sources.add(latest);
    window.addEventListener("keydown", listener);
    return () => {
      sources.delete(latest);
      window.removeEventListener("keydown", listener);
    };
  }, []);
}

/** Every word of what is typed begins a word of it: "al bu" finds "Alihkan ke Budi Santoso". Those that begin with it come first. */
export function matching(all: readonly Command[], typed: string, most: number): Command[] {
  const wanted = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  // before a letter is typed: what one key does, first those that are a key alone
  const reach = ({ hotkey }: Command) => (!hotkey ? 2 : hotkey.includes("+") ? 1 : 0);
  if (wanted.length === 0) return all.filter((one) => !one.deep && one.id !== "commands").sort((a, b) => reach(a) - reach(b)).slice(0, most);
  const rank = (one: Command): number => {
    const inside = typed.trim().length > 2; // not within words by one or two letters
    const text = `${one.name} ${one.about ?? ""}`.toLowerCase();
    const parts = text.split(/[\s·,/()+-]+/);
    if (!wanted.every((word) => parts.some((part) => part.startsWith(word)) || (inside && text.includes(typed.trim().toLowerCase())))) return -1;
    return (text.startsWith(wanted[0]!) ? 0 : 1) + (one.deep ? 2 : 0);
  };
  return all
    .map((one) => ({ one, rank: rank(one) }))
    .filter(({ rank: at }) => at >= 0)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ one }) => one);
}
