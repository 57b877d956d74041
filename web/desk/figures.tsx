// One's own figures of the day against what is aimed at: how many and how it stands in the strip, the rest behind it.
import { useEffect, useState } from "react";
import { api, type Figure, type FigureTarget, type OwnFigures as Own } from "../shared/api.gen";
import { clock } from "../shared/clock";
import { count, figureWords, isCounted, meaningWords, percent, show } from "../shared/figures";
import { language, nameOf, useWords, type Messages } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Goal, goalSigns, targetWords } from "../shared/target";
import { Menu } from "../shared/ui";
import "./figures.css";

export const ownWords = {
  id: {
    title: "Angka saya hari ini",
    handled: "{count, plural, other {# kontak}}",
    figure: "Angka",
    value: "Hari ini",
    target: "Target",
    none: "Belum ada angka hari ini.",
    noTargets: "Belum ada target untuk Anda.",
    missed: "{n, plural, other {# target}} tidak tercapai",
    failed: "Angka tidak dapat dimuat sekarang.",
    noGoal: "tanpa target",
    meaning: "Arti angka-angka ini",
    office: "kantor {time}",
    elsewhere: "di luar kantor {time}",
    places: "Tempat kerja hari ini",
  },
  en: {
    title: "My figures today",
    handled: "{count, plural, one {# contact} other {# contacts}}",
    figure: "Figure",
    value: "Today",
    target: "Target",
    none: "No figures yet today.",
    noTargets: "Nothing is aimed at for you yet.",
    missed: "{n, plural, one {# target} other {# targets}} missed",
    failed: "The figures cannot be loaded now.",
    noGoal: "no target",
    meaning: "What these figures mean",
    office: "office {time}",
    elsewhere: "elsewhere {time}",
    places: "Place of work today",
  },
} satisfies Messages<string>;

/** Always there; others when something is aimed at. */
const usual = ["handled", "aht", "wrapup_mean", "occupancy", "transfers"];

export interface Line {
  key: string;
  value: number | null;
  goal: FigureTarget | undefined;
}

/** What is aimed at first, in the order of the server; then what else says something of a day. */
export function ownLines(own: Pick<Own, "figures" | "targets">): Line[] {
  const of = (key: string): number | null => (typeof own.figures?.[key] === "number" ? own.figures[key] : null);
  const aimed = own.targets.map((goal) => ({ key: goal.figure, value: of(goal.figure), goal }));
  return [...aimed, ...usual.filter((key) => !own.targets.some((goal) => goal.figure === key)).map((key) => ({ key, value: of(key), goal: undefined }))];
}

const SETTLE_MS = 2000;

/** Asked for when one has handled something more, and not by all desks of a morning in the same second. */
function useOwn(handled: number | undefined): { own: Own | null; failed: boolean; again: () => void } {
  const [own, setOwn] = useState<Own | null>(null);
  const [failed, setFailed] = useState(false);
  const again = () => {
    api
      .myFigures()
      .then((got) => {
        setOwn(got);
        setFailed(false);
      })
      .catch(() => setFailed(true));
  };

  useEffect(() => {
    if (handled === undefined) return;
    const timer = setTimeout(again, SETTLE_MS + (own ? 0 : Math.random() * 4000));
    return () => clearTimeout(timer);
  }, [handled]);
  return { own, failed, again };
}

function Table({ lines, figures }: { lines: Line[]; figures: readonly Figure[] }) {
  const words = useWords(ownWords);
  const live = useWords(figureWords);
  const of = useStore(language);
  const text = (line: Line) => {
    const unit = figures.find((one) => one.id === line.key)?.unit;
    if (line.value === null || isCounted(line.key)) return show(of, line.key, line.value);
    return unit === "ratio" ? percent(of, line.value) : unit === "ms" ? clock(line.value) : count(of, line.value);
  };

  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words("figure")}</th>
          <th scope="col">{words("value")}</th>
          <th scope="col">{words("target")}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.key} data-own={line.key}>
            <th scope="row">{isCounted(line.key) ? live(line.key) : nameOf(of, figures.find((one) => one.id === line.key)) || line.key}</th>
            <td>{text(line)}</td>
            <td>{line.goal ? <Goal goal={line.goal} period="today" look="column" /> : <span className="soft small">{words("noGoal")}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One click away: what each of them counts, of today. */
function Meanings({ lines, figures }: { lines: Line[]; figures: readonly Figure[] }) {
  const words = useWords(ownWords);
  const live = useWords(figureWords);
  const meaning = useWords(meaningWords);
  const of = useStore(language);

  return (
    <details className="small">
      <summary>{words("meaning")}</summary>
      <dl>
        {lines.map(({ key }) => {
          const figure = figures.find((one) => one.id === key);
          return (
            <div key={key}>
              <dt>{isCounted(key) ? live(key) : nameOf(of, figure) || key}</dt>
              {isCounted(key) ? <dd>{meaning(key)}</dd> : <dd lang="en">{figure?.text}</dd>}
            </div>
          );
        })}
      </dl>
    </details>
  );
}

/** Where one has worked today, as far as the addresses of the telephone tell. */
function Places({ own }: { own: Own }) {
  const words = useWords(ownWords);
  const ms = (key: string) => (typeof own.figures?.[key] === "number" ? own.figures[key] : 0);
  const places = (["office", "elsewhere"] as const).filter((place) => ms(`${place}_ms`) >= 1000).map((place) => words(place, { time: clock(ms(`${place}_ms`)) }));
  if (places.length === 0) return null;
  return (
    <p className="small" data-places>
      {words("places")}: {places.join(" · ")}
    </p>
  );
}

function WhenOpened({ run }: { run: () => void }) {
  useEffect(run, []);
  return null;
}

export function OwnFigures() {
  const words = useWords(ownWords);
  const target = useWords(targetWords);
  const of = useStore(language);
  const handled = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.contacts);
  const { own, failed, again } = useOwn(handled);
  const [figures, setFigures] = useState<Figure[]>([]);

  const opened = () => {
    again();
    if (figures.length === 0) void api.figures().then((got) => setFigures(got.items), () => undefined);
  };

  if (handled === undefined) return null;
  const lines = own ? ownLines(own) : [];
  const goal = own?.targets.find((one) => one.figure === "handled");
  const missed = own?.targets.filter((one) => one.today === "missed").length ?? 0;
  const today = lines.find((line) => line.key === "handled")?.value ?? handled;
  return (
    <Menu
      className="button plain small own"
      label={words("title")}
      named
      button={
        <span>
          <span className="hidden">{words("title")}: </span>
          {goal ? (
            <>
              <span className="hidden">{words("handled", { count: today })}, </span>
              <span aria-hidden="true">
                {words("value")} {count(of, today)}
              </span>
              <span className={`goal ${goal.today}`} aria-hidden="true">
                {" "}
                / {count(of, goal.target)} {goalSigns[goal.today]}
              </span>
              <span className="hidden">{target("spoken", { sign: target("atLeast"), value: count(of, goal.target), state: target(goal.today) })}</span>
            </>
          ) : (
            <>
              <span aria-hidden="true">{words("value")} </span>
              {words("handled", { count: today })}
            </>
          )}
          {missed > 0 ? (
            <span className="goal missed">
              {" "}
              <span aria-hidden="true">
                · {goalSigns.missed} {count(of, missed)}
              </span>
              <span className="hidden">{words("missed", { n: missed })}</span>
            </span>
          ) : null}
        </span>
      }
    >
      {() => (
        <div className="own-figures">
          <WhenOpened run={opened} />
          <h2>{words("title")}</h2>
          {failed ? <p className="soft">{words("failed")}</p> : null}
          {own && !own.figures ? <p className="soft">{words("none")}</p> : null}
          {lines.length > 0 ? <Table lines={lines} figures={figures} /> : null}
          {lines.length > 0 ? <Meanings lines={lines} figures={figures} /> : null}
          {own ? <Places own={own} /> : null}
          {own && own.targets.length === 0 ? <p className="soft small">{words("noTargets")}</p> : null}
        </div>
      )}
    </Menu>
  );
}
