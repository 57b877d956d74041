// Whom an agent passes contacts on to most: up to four, one key each. Kept by the server for whoever has logged in.
import { api, type Favourite } from "../shared/api.gen";
import { Store } from "../shared/store";
import type { Target } from "./target";

export type { Favourite };

export const FAVOURITES_MAX = 4;
/** Ctrl+Alt with the digits behind those of the dispositions. */
export const favouriteKey = (place: number): string => `Ctrl+Alt+${6 + place}`;

const AGAIN_MS = 10_000;
const stores = new Map<string, Store<readonly Favourite[]>>();

/** Where this browser kept them before the server did. */
const oldKey = (agent: string) => `sapa.favourites.${agent}`;
export function keptBefore(text: string | null): Favourite[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept
      .filter((one): one is Favourite => ["queue", "agent", "outside"].includes(one?.kind) && typeof one.to === "string" && typeof one.name === "string")
      .map(({ kind, to, name }) => ({ kind, to, name }))
      .slice(0, FAVOURITES_MAX);
  } catch {
    return [];
  }
}

async function fetchInto(store: Store<readonly Favourite[]>, agent: string): Promise<void> {
  const old = keptBefore(localStorage.getItem(oldKey(agent)));
  const { items } = await api.favourites();
  if (items.length > 0 || old.length === 0) {
    store.set(items);
  } else {
    store.set(old);
    await api.favouritesPut({ items: old }); // once: then they are the server's
  }
  localStorage.removeItem(oldKey(agent));
}

export function favourites(agent: string): Store<readonly Favourite[]> {
  let store = stores.get(agent);
  if (!store) {
    stores.set(agent, (store = new Store<readonly Favourite[]>([])));
    if (agent) fetchInto(store, agent).catch(() => setTimeout(() => stores.delete(agent), AGAIN_MS)); // asked again by whoever wants them then
  }
  return store;
}

export const isFavourite = (all: readonly Favourite[], one: Target): boolean => all.some((other) => other.kind === one.kind && other.to === one.to);

/** In, or out again; a fifth takes the place of the oldest. */
export function toggled(all: readonly Favourite[], one: Favourite): Favourite[] {
  if (isFavourite(all, one)) return all.filter((other) => other.kind !== one.kind || other.to !== one.to);
  return [...all, { kind: one.kind, to: one.to, name: one.name }].slice(-FAVOURITES_MAX);
}

/** Shown at once; taken back when the server does not keep it. */
export function toggle(agent: string, one: Favourite): void {
  const store = favourites(agent);
  const before = store.get();
  const next = toggled(before, one);
  store.set(next);
  api.favouritesPut({ items: next }).catch(() => store.get() === next && store.set(before));
}
