// What the desk asks of the server besides the live state: reasons with their quotas, dispositions with the commonest, help.
// A server of an earlier version has some of it not: then the page does without.
import { useEffect, useState } from "react";
import type { Agent, Assignment } from "../shared/api.gen";
import { call, Problem } from "../shared/call";

export interface Reason {
  id: string;
  text: string;
  team_max: number | null;
  team_now: number;
  line: number;
  daily_ms: number | null;
  used_ms: number | null;
}
export interface Disposition {
  id: string;
  text: string;
  group: string | null;
  solved: boolean;
}
export interface Dispositions {
  queue: string;
  required: boolean;
  wrapup_ms: number;
  extend_ms: number;
  items: Disposition[];
  favourites: string[];
}
/** Members that came later. */
export type AgentNow = Agent & { booked?: string | null; help?: { state: "raised" | "taken"; since: string; by: string | null } | null; heard?: boolean | null; message_read?: string | null };
export type Part = Assignment & { disposition?: string | null; extended?: boolean };

const kept = new Map<string, unknown>();

/** Asked again when `again` changes; what was answered last is shown meanwhile. null: not there (yet). */
function useAsked<T>(path: string | null, language: string, again: string | number): T | null {
  const [, draw] = useState(0);

  useEffect(() => {
    if (!path) return;
    const stop = new AbortController();
    call<T>("GET", path, { query: { language }, signal: stop.signal })
      .then((answer) => {
        kept.set(path + language, answer);
        draw((n) => n + 1);
      })
      .catch((error: unknown) => {
        if (!(error instanceof Problem) && !stop.signal.aborted) throw error;
      });
    return () => stop.abort();
  }, [path, language, again]);
  return path ? ((kept.get(path + language) as T | undefined) ?? null) : null;
}

export const useReasons = (language: string, again: string | number) => useAsked<{ items: Reason[] }>("/api/v1/reasons", language, again)?.items ?? null;
export const useDispositions = (queue: string | null, language: string) => useAsked<Dispositions>(queue ? `/api/v1/queues/${encodeURIComponent(queue)}/dispositions` : null, language, "");

export const help = {
  ask: (agent: string) => call("POST", `/api/v1/agents/${encodeURIComponent(agent)}/help`),
  end: (agent: string) => call("DELETE", `/api/v1/agents/${encodeURIComponent(agent)}/help`),
};
export const bookBreak = (agent: string, reason: string) => call("POST", `/api/v1/agents/${encodeURIComponent(agent)}/state`, { body: { state: "not_ready", reason, book: true } });
export const chooseDisposition = (offer: string, disposition: string | null) => call("PUT", `/api/v1/offers/${offer}/disposition`, { body: { disposition } });
export const readMessage = (message: string) => call("POST", `/api/v1/messages/${message}/read`);
