// Something is asked of the server: one at a time, in the order pressed, and what went wrong is said in place, until the next try.
import { useCallback, useRef, useState } from "react";
import { useProblems } from "../shared/problem";

export interface Act {
  busy: string | null;
  problem: string | null;
  /** What is pressed while another is under way comes after it; the same once more is not. */
  run: (name: string, what: () => Promise<unknown>) => void;
  forget: () => void;
}

export function useAct(): Act {
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const waiting = useRef<{ name: string; what: () => Promise<unknown> }[]>([]); // the first of them is under way
  const inWords = useRef<(error: unknown) => string>(String);
  inWords.current = useProblems();
  const run = useCallback((name: string, what: () => Promise<unknown>) => {
    const line = waiting.current;
    if (line.some((one) => one.name === name)) return;
    const begin = () => {
      const now = line[0];
      setBusy(now?.name ?? null);
      if (!now) return;
      setProblem(null);
      now
        .what()
        .catch((error: unknown) => {
          setProblem(inWords.current(error));
          line.length = 1; // what was meant to come after it is not done blindly
        })
        .finally(() => {
          line.shift();
          begin();
        });
    };
    line.push({ name, what });
    if (line.length === 1) begin();
  }, []);
  return { busy, problem, run, forget: useCallback(() => setProblem(null), []) };
}
