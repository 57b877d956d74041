// What who leads has to do: above all, targets of his that a day has missed. Each leads to the contacts of that day.
import { useEffect, useState } from "react";
import { api, type Task, type TaskBreach } from "../shared/api.gen";
import { Problem } from "../shared/call";
import { moment } from "../shared/clock";
import { figureWords, isCounted, show } from "../shared/figures";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useProblems } from "../shared/problem";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { dayText, type Shown } from "./panel";
import { leadWords } from "./words";

/** They come after midnight: looked for now and then, and when the page is looked at again. */
const EVERY_MS = 600_000;

export const standingOf = (breach: Pick<TaskBreach, "scope" | "key">): string => (breach.scope === "all" ? "all" : `${breach.scope}:${breach.key ?? ""}`);

export function Tasks({ open }: { open: (shown: Shown) => void }) {
  const words = useWords(leadWords);
  const figures = useWords(figureWords);
  const inWords = useProblems();
  const of = useStore(language);
  const standings = useLive((page) => page.live.standings);
  const [tasks, setTasks] = useState<Task[]>([]);
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState("");

  useEffect(() => {
    const stop = new AbortController();
    const load = () => {
      if (document.visibilityState === "hidden") return;
      api
        .myTasks({ signal: stop.signal })
        .then(({ items }) => setTasks(items))
        .catch((error: unknown) => {
          if (!(error instanceof Problem) && !stop.signal.aborted) throw error;
        });
    };
    const timer = setInterval(load, EVERY_MS);
    load();
    document.addEventListener("visibilitychange", load);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", load);
    };
  }, []);
  const done = (task: Task) => {
    if (busy) return;
    setBusy(task.id);
    setProblem("");
    api
      .myTaskSet(task.id, { done: true })
      .then(() => setTasks((now) => now.filter((one) => one.id !== task.id)))
      .catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        setProblem(words("failed", { why: inWords(error) }));
      })
      .finally(() => setBusy(""));
  };
  const sentence = ({ text, breach, due }: Task) => {
    if (!breach || !isCounted(breach.figure)) return `${text ?? words("taskErased")}${due ? ` · ${moment(due, of)}` : ""}`;
    return words("breach", {
      figure: figures(breach.figure),
      scope: standings.get(standingOf(breach))?.name ?? breach.key ?? figures("all"),
      day: dayText(breach.day, of),
      value: show(of, breach.figure, breach.value),
      sign: breach.value < breach.target ? "≥" : "≤",
      target: show(of, breach.figure, breach.target),
    });
  };

  if (tasks.length === 0) return null;
  return (
    <section className="lines tasks" aria-label={words("tasks")}>
      <ul>
        {tasks.map((task) => {
          const { breach, contact } = task;
          const shown: Shown | null =
            breach && isCounted(breach.figure) && standings.has(standingOf(breach))
              ? { kind: "figure", standing: standingOf(breach), figure: breach.figure, period: "today", day: breach.day, was: breach.value }
              : contact
                ? { kind: "contact", id: contact }
                : null;
          return (
            <li key={task.id} className="row" data-task={task.id}>
              {shown ? (
                <button type="button" className="item" onClick={() => open(shown)}>
                  <span aria-hidden="true">☐</span>
                  <span className="cut">{sentence(task)}</span>
                </button>
              ) : (
                <span className="item">
                  <span aria-hidden="true">☐</span> <span className="cut">{sentence(task)}</span>
                </span>
              )}
              <Button small disabled={busy !== ""} label={words("taskDoneOf", { what: sentence(task) })} onPress={() => done(task)}>
                {words("taskDone")}
              </Button>
            </li>
          );
        })}
      </ul>
      <p role="alert" className={problem ? "said bad" : "hidden"}>
        {problem}
      </p>
    </section>
  );
}
