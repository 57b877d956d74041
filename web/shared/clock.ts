// The server's clock, and clocks on the page that tick together, once a second.
import { useSyncExternalStore } from "react";
import { locale, type Language } from "./i18n";

let ahead = 0; // of ours, in ms

/** What the server's clock said in the middle between asking and hearing. */
export function setClock(serverTime: string, askedAt: number, heardAt: number): void {
  ahead = Date.parse(serverTime) - (askedAt + heardAt) / 2;
}

export const now = (): number => Date.now() + ahead;

const listeners = new Set<() => void>();
let second = Math.floor(now() / 1000);
let timer: ReturnType<typeof setTimeout> | null = null;

function tick(): void {
  second = Math.floor(now() / 1000);
  for (const listener of [...listeners]) listener();
  timer = setTimeout(tick, 1000 - (now() % 1000) + 5);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (!timer) tick();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || !timer) return;
    clearTimeout(timer);
    timer = null;
  };
}

/** Milliseconds, in whole seconds; drawn again each second. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => second) * 1000;
}

/** "3:07", "1:02:03". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** For those who hear the page: "3 menit 7 detik". */
export function spoken(ms: number, of: Language): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const part = (n: number, unit: string) => new Intl.NumberFormat(locale(of), { style: "unit", unit, unitDisplay: "long" }).format(n);
  return [s >= 3600 ? part(Math.floor(s / 3600), "hour") : "", s >= 60 ? part(Math.floor(s / 60) % 60, "minute") : "", part(s % 60, "second")].filter(Boolean).join(" ");
}

/** How long ago, in its largest unit: "3 hari", "5 menit". */
export function age(ms: number, of: Language): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const [n, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 1440 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
  return new Intl.NumberFormat(locale(of), { style: "unit", unit, unitDisplay: "long" }).format(n);
}

/** A moment of the day, or day and moment when it is not today. */
export function moment(time: string, of: Language): string {
  const at = new Date(time);
  const today = new Date(now()).toDateString() === at.toDateString();
  return new Intl.DateTimeFormat(locale(of), today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(at);
}
