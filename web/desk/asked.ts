// What the desk asks of the server besides the live state: reasons with their quotas, dispositions with the commonest.
import { useEffect, useState } from "react";
import { api } from "../shared/api.gen";
import { Problem } from "../shared/call";
import type { Language } from "../shared/i18n";

/** The pseudo-language is ours alone: the server speaks two. */
export const spokenTo = (of: Language): "id" | "en" => (of === "id" ? "id" : "en");

const kept = new Map<string, unknown>();

/** Asked again when `again` changes; what was answered last is shown meanwhile. null: not there (yet), or nothing is asked. */
export function useAsked<T>(name: string | null, again: string | number, ask: (signal: AbortSignal) => Promise<T>): T | null {
  const [, draw] = useState(0);

  useEffect(() => {
    if (!name) return;
    const stop = new AbortController();
    ask(stop.signal)
      .then((answer) => {
        kept.set(name, answer);
        draw((n) => n + 1);
      })
      .catch((error: unknown) => {
        if (!(error instanceof Problem) && !stop.signal.aborted) throw error; // what is not answered now is asked again later
      });
    return () => stop.abort();
  }, [name, again]);
  return name ? ((kept.get(name) as T | undefined) ?? null) : null;
}

export const useReasons = (of: Language, again: string) => useAsked(`reasons ${of}`, again, (signal) => api.reasons({ language: spokenTo(of) }, { signal }))?.items ?? null;

export const useDispositions = (queue: string | null, of: Language) =>
  useAsked(queue && `dispositions ${queue} ${of}`, "", (signal) => api.dispositions(queue!, { language: spokenTo(of) }, { signal }));
