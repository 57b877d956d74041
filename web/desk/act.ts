// Something is asked of the server: one at a time, and what went wrong is said in place, until the next try.
import { useCallback, useRef, useState } from "react";
import { useProblems } from "../shared/problem";

export interface Act {
  busy: string | null;
  problem: string | null;
  run: (name: string, what: () => Promise<unknown>) => void;
  forget: () => void;
}

export function useAct(): Act {
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const under = useRef(false);
  const inWords = useRef<(error: unknown) => string>(String);
  inWords.current = useProblems();
  const run = useCallback((name: string, what: () => Promise<unknown>) => {
    if (under.current) return;
    under.current = true;
    setBusy(name);
    setProblem(null);
    what()
      .catch((error: unknown) => setProblem(inWords.current(error)))
      .finally(() => {
        under.current = false;
        setBusy(null);
      });
  }, []);
  return { busy, problem, run, forget: useCallback(() => setProblem(null), []) };
}
