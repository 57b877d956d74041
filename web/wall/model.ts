// Wallboards as data: what a tile shows, when a page is turned, a first board to begin with.
import type { Directory, FigureTarget, Standing, Wallboard, WallboardBody, WallPage, WallTile } from "../shared/api.gen";
import { countedFigures, levelOf, nowFigures, periods, unitOf, valueOf, type Level } from "../shared/figures";
import { goalLevel, goalOf, goalState, isAimed } from "../shared/target";

export const STANDARD = "standar";
export const TILES_MAX = 7;
export const PAGES_MAX = 8;

/** "#lantai-2/sapa_…": the board and, on a screen of its own, its token. */
export function addressOf(hash: string): { board: string; token: string } {
  const [board = "", token = ""] = decodeURIComponent(hash.replace(/^#/, "")).split("/");
  return { board: /^[a-z][a-z0-9-]{0,39}$/.test(board) ? board : "", token: /^sapa_[0-9a-f]{64}$/.test(token) ? token : "" };
}

export const standingId = (tile: Pick<WallTile, "scope" | "key">): string => (tile.scope === "all" ? "all" : `${tile.scope}:${tile.key ?? ""}`);

export interface Told {
  value: number | null;
  level: Level;
  /** What is aimed at; undefined: nothing. */
  goal: FigureTarget | undefined;
  /** Of this tile nothing is known: the queue is gone, or the link may not see it. */
  missing: boolean;
}

export function tell(tile: WallTile, standings: ReadonlyMap<string, Standing>, at: number): Told {
  const standing = standings.get(standingId(tile));
  const value = valueOf(standing, tile.figure, tile.period, at);
  const goal = isAimed(tile.figure, tile.period) ? goalOf(standing, tile.figure) : undefined;
  // limits of the tile go before the target: somebody has chosen them for this screen
  const level = tile.warn === null && goal ? goalLevel(goalState(goal, tile.period)) : levelOf(value, tile.warn, tile.bad);
  return { value, level, goal, missing: standing === undefined };
}

/** Which page is shown: by the clock, so that two screens of one board show the same. */
export function pageAt(at: number, seconds: number, pages: number, offset = 0): number {
  if (pages < 2) return 0;
  const turn = Math.floor(at / (Math.max(1, seconds) * 1000)) + offset;
  return ((turn % pages) + pages) % pages;
}

/** How wide a number is drawn, in its own size: bold digits of the widest usual fonts. */
export const emsOf = (text: string): number => Math.max(1.4, [...text].reduce((sum, one) => sum + (one === "%" ? 1 : /[.,:\s]/.test(one) ? 0.4 : 0.7), 0));

/** Columns for so many tiles; the first of seven is twice as wide. */
export const columnsOf = (tiles: number): number => (tiles <= 3 ? Math.max(1, tiles) : tiles === 4 ? 2 : tiles <= 6 ? 3 : 4);

/** What is counted for people. */
const ofTeams: readonly string[] = ["handled", "aht", "occupancy", "wrapup_mean", "transfers"];

export const figuresOf = (period: string, scope: WallTile["scope"]): readonly string[] =>
  scope === "team" ? ofTeams : period === "now" ? nowFigures : countedFigures.filter((figure) => figure !== "occupancy"); // of teams alone

/** Who of a team is ready now stands with its agents. */
export const periodsOf = (scope: WallTile["scope"]): readonly WallTile["period"][] => (scope === "team" ? ["today", "recent"] : periods);

/** Another period, or another thing, has other figures. */
export function withPeriod(tile: WallTile, period: WallTile["period"]): WallTile {
  const fits = figuresOf(period, tile.scope).includes(tile.figure);
  return fits ? { ...tile, period } : { ...tile, period, figure: figuresOf(period, tile.scope)[0]!, warn: null, bad: null };
}

export function withScope(tile: WallTile, scope: WallTile["scope"], key: string | null): WallTile {
  const period = periodsOf(scope).includes(tile.period) ? tile.period : "today";
  return withPeriod({ ...tile, scope, key }, period);
}

/** Limits as people type them: percent, seconds, counts. */
export function toField(figure: string, limit: number | null): string {
  if (limit === null) return "";
  const unit = unitOf(figure);
  return String(unit === "ratio" ? Math.round(limit * 1000) / 10 : unit === "time" ? limit / 1000 : limit);
}

export function fromField(figure: string, text: string): number | null {
  const value = Number(text.replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) return null;
  const unit = unitOf(figure);
  return unit === "ratio" ? value / 100 : unit === "time" ? value * 1000 : value;
}

const tile = (of: Pick<WallTile, "scope" | "key">, figure: string, period: WallTile["period"], warn: number | null, bad: number | null): WallTile => ({ ...of, figure, period, warn, bad });

function pageOf(of: Pick<WallTile, "scope" | "key">, title: string): WallPage {
  return {
    title,
    tiles: [
      tile(of, "waiting", "now", 5, 10),
      tile(of, "oldest", "now", 60_000, 180_000),
      tile(of, "agents_ready", "now", 1, 0),
      tile(of, "service_level_1", "recent", 0.8, 0.7),
      tile(of, "service_level_1", "today", 0.8, 0.7),
      tile(of, "answered", "today", null, null),
      tile(of, "abandon_rate_short", "today", 0.05, 0.1),
    ],
  };
}

/** What is there before anybody has made one: the whole centre, or each client that one sees. */
export function standardBoard(directory: Directory, seesAll: boolean): WallboardBody {
  const clients = directory.clients.map((client) => pageOf({ scope: "client", key: client.id }, client.name));
  const pages = (seesAll ? [pageOf({ scope: "all", key: null }, directory.name), ...clients] : clients).slice(0, PAGES_MAX);
  return { title: directory.name.slice(0, 60), seconds: 20, pages };
}

export const bodyOf = (board: Wallboard | WallboardBody, version: number): WallboardBody => ({ title: board.title, seconds: board.seconds, pages: board.pages, version });

/** A key out of a title. */
export function keyOf(title: string, taken: readonly string[]): string {
  const plain = title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 32);
  const first = plain || "papan";
  for (let n = 1; ; n++) {
    const key = n === 1 ? first : `${first}-${n}`;
    if (!taken.includes(key) && key !== STANDARD) return key;
  }
}
