// Whom an agent passes contacts on to most: up to four, one key each. Kept in this browser, for this agent.
import { Store } from "../shared/store";
import type { Target } from "./target";

export interface Favourite extends Target {
  name: string;
}

export const FAVOURITES_MAX = 4;
/** Ctrl+Alt with the digits behind those of the dispositions. */
export const favouriteKey = (place: number): string => `Ctrl+Alt+${6 + place}`;

const key = (agent: string) => `sapa.favourites.${agent}`;
const stores = new Map<string, Store<readonly Favourite[]>>();

function read(agent: string): readonly Favourite[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key(agent)) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.filter((one): one is Favourite => ["queue", "agent", "outside"].includes(one?.kind) && typeof one.to === "string" && typeof one.name === "string").slice(0, FAVOURITES_MAX);
  } catch {
    return [];
  }
}

export function favourites(agent: string): Store<readonly Favourite[]> {
  let store = stores.get(agent);
  if (!store) stores.set(agent, (store = new Store(read(agent))));
  return store;
}

export const isFavourite = (all: readonly Favourite[], one: Target): boolean => all.some((other) => other.kind === one.kind && other.to === one.to);

/** In, or out again; a fifth takes the place of the oldest. */
export function toggled(all: readonly Favourite[], one: Favourite): Favourite[] {
  if (isFavourite(all, one)) return all.filter((other) => other.kind !== one.kind || other.to !== one.to);
  return [...all, { kind: one.kind, to: one.to, name: one.name }].slice(-FAVOURITES_MAX);
}

export function toggle(agent: string, one: Favourite): void {
  const next = toggled(favourites(agent).get(), one);
  favourites(agent).set(next);
  try {
    localStorage.setItem(key(agent), JSON.stringify(next));
  } catch {
    /* for this page alone, then */
  }
}
