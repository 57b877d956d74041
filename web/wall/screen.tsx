// A wallboard on the whole screen: figures that can be read from ten metres, turned by the clock; old data says so.
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Standing, WallPage, WallTile } from "../shared/api.gen";
import { clock, now, useNow } from "../shared/clock";
import { figureWords, show } from "../shared/figures";
import { language, locale, useWords } from "../shared/i18n";
import { useStore } from "../shared/store";
import { Goal } from "../shared/target";
import { Button } from "../shared/ui";
import { columnsOf, emsOf, pageAt, standingId, tell } from "./model";
import type { Source } from "./source";
import { wallWords } from "./words";

type FigureWord = keyof (typeof figureWords)["id"];
/** After so long without news the screen says so. The feed beats more often than that. */
const STALE_MS = 15_000;

function Tile({ tile, standings, at, wide }: { tile: WallTile; standings: ReadonlyMap<string, Standing>; at: number; wide: boolean }) {
  const figures = useWords(figureWords);
  const words = useWords(wallWords);
  const of = useStore(language);
  const { value, level, goal, missing } = tell(tile, standings, at);
  const standing = standings.get(standingId(tile));
  const known = (key: string): key is FigureWord => key in figureWords.id;
  const text = missing ? "–" : tile.figure === "oldest" && value === 0 ? "–" : show(of, tile.figure, value);
  const limit = tile.warn === null ? "" : words("limit", { limit: show(of, tile.figure, tile.warn) });

  return (
    <li className={`tile ${level} ${wide ? "wide" : ""}`} data-figure={tile.figure} data-level={level}>
      <h3 className="tile-name">{known(tile.figure) ? figures(tile.figure) : tile.figure}</h3>
      <p className="tile-value" style={{ ["--ems" as string]: emsOf(text) }}>
        {text}
      </p>
      <p className="tile-foot">
        <span className="tile-period">
          {figures(tile.period)}
          {tile.scope === "all" ? "" : ` · ${standing?.name ?? tile.key}`}
        </span>
        {tile.period === "now" ? null : <Goal goal={goal} period={tile.period} look="column" />}
        {missing ? <strong>{words("missing")}</strong> : level === "none" || tile.warn === null ? null : (
          <strong className="tile-level">
            <span aria-hidden="true">{level === "good" ? "✓" : level === "warn" ? "!" : "‼"}</span> {figures(level)} <span className="tile-limit">{limit}</span>
          </strong>
        )}
      </p>
    </li>
  );
}

export function Tiles({ page, standings, at }: { page: WallPage; standings: ReadonlyMap<string, Standing>; at: number }) {
  const columns = columnsOf(page.tiles.length);
  const rows = Math.ceil((page.tiles.length + (page.tiles.length === 7 ? 1 : 0)) / columns);

  return (
    <ul className="tiles" style={{ ["--columns" as string]: columns, ["--lines" as string]: rows }}>
      {page.tiles.map((tile, i) => (
        <Tile key={`${i} ${standingId(tile)} ${tile.figure} ${tile.period}`} tile={tile} standings={standings} at={at} wide={page.tiles.length === 7 && i === 0} />
      ))}
    </ul>
  );
}

export function Screen({ source, back }: { source: Source; back?: boolean }) {
  const words = useWords(wallWords);
  const of = useStore(language);
  const { board, standings, connection, heardAt, ended } = useSyncExternalStore(source.listen, source.get);
  const at = useNow();
  const [offset, setOffset] = useState(0);
  const [paused, setPaused] = useState<number | null>(null);
  const shown = board ? (paused ?? pageAt(at, board.seconds, board.pages.length, offset)) : 0;
  const page = board?.pages[shown];
  const silent = heardAt === 0 ? 0 : Date.now() - heardAt;
  const stale = heardAt > 0 && (connection !== "live" || silent > STALE_MS);
  const time = (ms: number, seconds: boolean) => new Intl.DateTimeFormat(locale(of), { timeStyle: seconds ? "medium" : "short" }).format(ms);
  const turn = (by: number) => {
    if (!board) return;
    const count = board.pages.length;
    if (paused === null) setOffset(offset + by);
    else setPaused((paused + by + count) % count);
  };

  useEffect(() => {
    document.title = `${board?.title ?? words("title")} · Sapa`;
  }, [board?.title, words]);
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLButtonElement && event.key === " ") return;
      if (event.key === "ArrowRight") turn(1);
      else if (event.key === "ArrowLeft") turn(-1);
      else if (event.key === " ") setPaused(paused === null ? shown : null);
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  });
  return (
    <main className={`screen ${stale || ended ? "stale" : ""}`}>
      <header className="screen-head">
        <h1 className="cut">{board?.title ?? words("title")}</h1>
        {board && page && board.pages.length > 1 ? (
          <h2 className="cut">
            {page.title === board.title ? "" : `${page.title} `}
            <span className="soft">{words("pageOf", { n: shown + 1, count: board.pages.length })}</span>
          </h2>
        ) : null}
        <nav className="screen-tools row" aria-label={words("tools")}>
          {board && board.pages.length > 1 ? (
            <>
              <Button small label={words("before")} onPress={() => turn(-1)}>
                ‹
              </Button>
              <Button small pressed={paused !== null} onPress={() => setPaused(paused === null ? shown : null)}>
                {words("pause")}
              </Button>
              <Button small label={words("next")} onPress={() => turn(1)}>
                ›
              </Button>
            </>
          ) : null}
          <Button small onPress={() => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => undefined)}>
            {words("full")}
          </Button>
          {back ? (
            <a className="button small" href="/wall">
              {words("edit")}
            </a>
          ) : null}
        </nav>
        <p className="screen-clock">{time(at || now(), false)}</p>
      </header>
      <div role="status" className={stale || ended ? "screen-notice" : ""}>
        {ended ? words("ended") : stale ? words("stale", { time: time(heardAt, true), age: clock(silent) }) : ""}
      </div>
      {page && heardAt > 0 ? <Tiles page={page} standings={standings} at={at} /> : ended ? null : <p className="screen-wait">{words("loading")}</p>}
    </main>
  );
}
