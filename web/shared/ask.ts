// Something asked of the server whenever `again` changes: who leaves, or asks for something else, is told nothing of it.
import { useEffect } from "react";
import { Problem } from "./call";

/** `ask` null: nothing is asked. A problem goes to `fail`; without it, what was known stays, and it is asked again the next time. */
export function useAsk<T>(ask: null | ((signal: AbortSignal) => Promise<T>), again: readonly unknown[], take: (answer: T) => void, fail?: (problem: Problem) => void): void {
  useEffect(() => {
    if (!ask) return;
    const stop = new AbortController();
    ask(stop.signal)
      .then((answer) => {
        if (!stop.signal.aborted) take(answer);
      })
      .catch((error: unknown) => {
        if (stop.signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        fail?.(error);
      });
    return () => stop.abort();
  }, again);
}
