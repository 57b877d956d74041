// The technical state, asked for again and again; what checks of lines have shown comes once, and then what is new.
import { api, type Network, type System } from "../shared/api.gen";
import { setClock } from "../shared/clock";
import { Store } from "../shared/store";
import { Lines } from "./model";

export interface Seen {
  system: System | null;
  lines: ReadonlyMap<string, Network>;
}

export const seen = new Store<Seen>({ system: null, lines: new Map() });

/** A shift: what was measured before it says nothing about the line of now. */
const SHIFT_MS = 12 * 3600_000;
const PAGE = 500;
const PAGES_MAX = 40;

const lines = new Lines();
let from: string | null = null;

async function lookLines(now: string): Promise<void> {
  from ??= new Date(Date.parse(now) - SHIFT_MS).toISOString();
  let cursor: string | undefined;
  for (let i = 0; i < PAGES_MAX; i++) {
    const found = await api.networks({ from, limit: PAGE, cursor });
    lines.add(found.items);
    const last = found.items.at(-1);
    if (!found.next) {
      if (last) from = last.at; // once more the same one: two may stand in one millisecond
      return;
    }
    cursor = found.next;
  }
}

export async function look(): Promise<void> {
  const asked = Date.now();
  const system = await api.system();
  setClock(system.now, asked, Date.now());
  await lookLines(system.now);
  lines.forget(Date.parse(system.now) - SHIFT_MS);
  seen.set({ system, lines: lines.newest() });
}
