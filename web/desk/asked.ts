// What the desk asks of the server besides the live state: reasons with their quotas, dispositions with the commonest.
import { useState } from "react";
import { api } from "../shared/api.gen";
import { useAsk } from "../shared/ask";
import type { Language } from "../shared/i18n";

/** The pseudo-language is ours alone: the server speaks two. */
export const spokenTo = (of: Language): "id" | "en" => (of === "id" ? "id" : "en");

const kept = new Map<string, unknown>();

/** Asked again when `again` changes; what was answered last is shown meanwhile. null: not there (yet), or nothing is asked. */
export function useAsked<T>(name: string | null, again: string | number, ask: (signal: AbortSignal) => Promise<T>): T | null {
  const [, draw] = useState(0);

  useAsk(name ? ask : null, [name, again], (answer) => {
    kept.set(name!, answer);
    draw((n) => n + 1);
  });
  return name ? ((kept.get(name) as T | undefined) ?? null) : null;
}

export const useReasons = (of: Language, again: string) => useAsked(`reasons ${of}`, again, (signal) => api.reasons({ language: spokenTo(of) }, { signal }))?.items ?? null;

export const useDispositions = (queue: string | null, of: Language) =>
  useAsked(queue && `dispositions ${queue} ${of}`, "", (signal) => api.dispositions(queue!, { language: spokenTo(of) }, { signal }));
