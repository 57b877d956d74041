// What a figure shall be and whether it is: the server says both, pages say it with a sign and a word, never by colour alone.
import type { FigureTarget, Standing } from "./api.gen";
import { show, unitOf, type Level } from "./figures";
import { language, useWords, type Messages } from "./i18n";
import { useStore } from "./store";

export type GoalState = FigureTarget["today"];

export const goalOf = (standing: Pick<Standing, "targets"> | undefined, figure: string): FigureTarget | undefined => standing?.targets.find((one) => one.figure === figure);

/** Nothing is aimed at for a moment, and a number of a day is nothing that half an hour reaches. */
export const isAimed = (figure: string, period: string): boolean => period === "today" || (period === "recent" && unitOf(figure) !== "count");

/** "now" has none: nothing is aimed at for a moment. */
export const goalState = (goal: FigureTarget, period: string): GoalState => (period === "today" ? goal.today : period === "recent" ? goal.recent : "none");

/** As levels of limits look. */
export const goalLevel = (state: GoalState): Level => (state === "met" ? "good" : state === "missed" ? "bad" : "none");

export const goalSigns: Record<GoalState, string> = { met: "✓", missed: "✗", open: "◔", none: "–" };

export const targetWords = {
  id: {
    target: "target {sign} {value}",
    met: "tercapai",
    missed: "tidak tercapai",
    open: "berjalan",
    none: "belum ada nilai",
    atLeast: "minimal",
    atMost: "maksimal",
    spoken: "target {sign} {value}: {state}",
    of: "{scope, select, all {untuk seluruh pusat} client {untuk klien ini} queue {untuk antrean ini} team {untuk tim ini} other {dari uraian pusat}}",
  },
  en: {
    target: "target {sign} {value}",
    met: "met",
    missed: "missed",
    open: "on the way",
    none: "no value yet",
    atLeast: "at least",
    atMost: "at most",
    spoken: "target {sign} {value}: {state}",
    of: "{scope, select, all {for the whole centre} client {for this client} queue {for this queue} team {for this team} other {of the centre's description}}",
  },
} satisfies Messages<string>;

/**
 * What is aimed at and how it stands, beside a figure: "✓ target ≥ 80% tercapai". In a column of targets without the word; `short`:
 * with the sign alone; `limit`: where a mark of its own stands beside the figure already.
 */
export function Goal({ goal, period, look = "full" }: { goal: FigureTarget | undefined; period: "today" | "recent"; look?: "full" | "column" | "short" | "limit" }) {
  const words = useWords(targetWords);
  const of = useStore(language);

  if (!goal || !isAimed(goal.figure, period)) return null;
  const state = goalState(goal, period);
  const value = show(of, goal.figure, goal.target);
  const sign = goal.better === "lower" ? "≤" : "≥";
  return (
    <span className={`goal ${state}`} data-goal={goal.figure} data-state={state} title={words("of", { scope: goal.scope })}>
      <span aria-hidden="true">
        {look === "limit" ? "" : `${goalSigns[state]} `}
        {look === "full" ? words("target", { sign, value }) : `${sign} ${value}`}
        {state === "none" || look === "short" || look === "limit" ? "" : ` ${words(state)}`}
      </span>
      <span className="hidden">{words("spoken", { sign: words(goal.better === "lower" ? "atMost" : "atLeast"), value, state: words(state) })}</span>
    </span>
  );
}
