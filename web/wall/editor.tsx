// Wallboards are made here: pages of at most seven figures, with limits; links for screens; the board itself beside it, live.
import { useEffect, useState, type ReactNode } from "react";
import { api, type Wallboard, type WallboardBody, type WallPage, type WallTile } from "../shared/api.gen";
import { Problem } from "../shared/call";
import { useNow } from "../shared/clock";
import { figureWords, unitOf } from "../shared/figures";
import { Frame } from "../shared/frame";
import { useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { Button } from "../shared/ui";
import { bodyOf, figuresOf, fromField, keyOf, PAGES_MAX, periodsOf, STANDARD, standardBoard, TILES_MAX, toField, withPeriod, withScope } from "./model";
import { Tiles } from "./screen";
import { wallWords } from "./words";

interface Draft {
  /** Empty: of a board that is not kept yet. */
  key: string;
  version: number;
  links: number;
  body: WallboardBody;
  changed: boolean;
}

type FigureWord = keyof (typeof figureWords)["id"];

const draftOf = (board: Wallboard): Draft => ({ key: board.id, version: board.version, links: board.links, body: bodyOf(board, board.version), changed: false });

function TileRow({ tile, n, count, seesAll, change, move, remove }: { tile: WallTile; n: number; count: number; seesAll: boolean; change: (tile: WallTile) => void; move: (by: number) => void; remove: () => void }) {
  const words = useWords(wallWords);
  const figures = useWords(figureWords);
  const directory = useLive((page) => page.directory);
  const kind = unitOf(tile.figure);
  const unit = kind === "count" ? "" : words(`unit_${kind}`);
  // What is typed stays as it was typed, half numbers, too.
  const [warn, setWarn] = useState(toField(tile.figure, tile.warn));
  const [bad, setBad] = useState(toField(tile.figure, tile.bad));

  useEffect(() => {
    if (fromField(tile.figure, warn) !== tile.warn) setWarn(toField(tile.figure, tile.warn));
    if (fromField(tile.figure, bad) !== tile.bad) setBad(toField(tile.figure, tile.bad));
  }, [tile, warn, bad]);
  const limits = (first: string, second: string) => {
    const from = fromField(tile.figure, first);
    change({ ...tile, warn: from, bad: from === null ? null : fromField(tile.figure, second) });
  };
  const limit = (name: string, value: string, type: (typed: string) => void) => (
    <label className="field limit">
      <span>
        {name} {unit}
      </span>
      <input className="input" inputMode="decimal" placeholder={words("none")} value={value} onChange={(event) => type(event.target.value)} />
    </label>
  );

  return (
    <fieldset className="tile-row">
      <legend className="hidden">{words("tile", { n })}</legend>
      <label className="field">
        <span>{words("of")}</span>
        <select
          className="input"
          value={tile.scope === "all" ? "all" : `${tile.scope}:${tile.key}`}
          onChange={(event) => {
            const [scope, ...key] = event.target.value.split(":");
            change(withScope(tile, scope as WallTile["scope"], scope === "all" ? null : key.join(":")));
          }}
        >
          {seesAll ? <option value="all">{words("all")}</option> : null}
          <optgroup label={words("clients")}>
            {directory?.clients.map((client) => (
              <option key={client.id} value={`client:${client.id}`}>
                {client.name}
              </option>
            ))}
          </optgroup>
          <optgroup label={words("queues")}>
            {directory?.queues.map((queue) => (
              <option key={queue.id} value={`queue:${queue.id}`}>
                {queue.name}
              </option>
            ))}
          </optgroup>
          {seesAll && directory && directory.teams.length > 0 ? (
            <optgroup label={words("teams")}>
              {directory.teams.map((team) => (
                <option key={team} value={`team:${team}`}>
                  {words("team", { team })}
                </option>
              ))}
            </optgroup>
          ) : null}
        </select>
      </label>
      <label className="field">
        <span>{words("period")}</span>
        <select className="input" value={tile.period} onChange={(event) => change(withPeriod(tile, event.target.value as WallTile["period"]))}>
          {periodsOf(tile.scope).map((period) => (
            <option key={period} value={period}>
              {figures(period)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{words("figure")}</span>
        <select className="input" value={tile.figure} onChange={(event) => change({ ...tile, figure: event.target.value, warn: null, bad: null })}>
          {figuresOf(tile.period, tile.scope).map((figure) => (
            <option key={figure} value={figure}>
              {figures(figure as FigureWord)}
            </option>
          ))}
        </select>
      </label>
      {limit(words("warn"), warn, (typed) => (setWarn(typed), limits(typed, bad)))}
      {limit(words("bad"), bad, (typed) => (setBad(typed), limits(warn, typed)))}
      <span className="row">
        <Button small kind="plain" disabled={n === 1} label={words("up", { n })} onPress={() => move(-1)}>
          ↑
        </Button>
        <Button small kind="plain" disabled={n === count} label={words("down", { n })} onPress={() => move(1)}>
          ↓
        </Button>
        <Button small kind="plain" disabled={count === 1} label={words("remove", { n })} onPress={remove}>
          ✕
        </Button>
      </span>
    </fieldset>
  );
}

export function Editor() {
  const words = useWords(wallWords);
  const me = useLive((page) => page.me);
  const directory = useLive((page) => page.directory);
  const standings = useLive((page) => page.live.standings);
  const at = useNow();
  const [boards, setBoards] = useState<Wallboard[] | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [at0, setPage] = useState(0);
  const [said, setSaid] = useState<{ text: string; bad?: boolean; more?: ReactNode }>({ text: "" });
  const [link, setLink] = useState("");
  const [busy, setBusy] = useState(false);
  const may = me?.rights.includes("wallboards") ?? false;
  const seesAll = me?.clients === null;

  useEffect(() => {
    document.title = `${words("title")} · Sapa`;
  }, [words]);
  const begin = (items: Wallboard[], key?: string) => {
    setBoards(items);
    const chosen = items.find((board) => board.id === key) ?? items[0];
    if (chosen) setDraft(draftOf(chosen));
    else if (directory && me) setDraft({ key: "", version: 0, links: 0, body: standardBoard(directory, me.clients === null), changed: false });
    setPage(0);
  };
  const run = async (what: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setSaid({ text: "" });
    try {
      await what();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSaid({ text: words("failed", { why: error.message }), bad: true });
    } finally {
      setBusy(false);
    }
  };
  const named = directory !== null && me !== null;

  useEffect(() => {
    if (named) void run(async () => begin((await api.walls()).items));
    // once, when names are there
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [named]);
  if (!draft || !directory)
    return (
      <Frame here="wall" main={<p className={said.bad ? "notice bad" : "soft pad"}>{said.text || words("loading")}</p>} />
    );
  const { body } = draft;
  const shown = Math.min(at0, body.pages.length - 1);
  const page: WallPage = body.pages[shown]!;
  const change = (next: Partial<WallboardBody>) => setDraft({ ...draft, body: { ...body, ...next }, changed: true });
  const changePage = (next: Partial<WallPage>) => change({ pages: body.pages.map((one, i) => (i === shown ? { ...one, ...next } : one)) });
  const choose = (board: Wallboard | null) => {
    setLink("");
    setSaid({ text: "" });
    setPage(0);
    setDraft(board ? draftOf(board) : { key: "", version: 0, links: 0, body: { ...standardBoard(directory, seesAll), title: words("fresh") }, changed: true });
  };
  const save = () =>
    run(async () => {
      const key = draft.key || keyOf(body.title, boards?.map((board) => board.id) ?? []);
      await api.wallPut(key, { ...body, version: draft.version });
      begin((await api.walls()).items, key);
      setSaid({ text: words("saved", { version: draft.version + 1 }) });
    });
  const remove = () =>
    run(async () => {
      const { key, body: kept } = draft;
      await api.wallEnd(key);
      begin((await api.walls()).items);
      const undo = () =>
        void run(async () => {
          await api.wallPut(key, { ...kept, version: 0 });
          begin((await api.walls()).items, key);
          setSaid({ text: words("undone", { title: kept.title }) });
        });
      setSaid({
        text: words("deleted", { title: kept.title }),
        more: (
          <Button small onPress={undo}>
            {words("undo")}
          </Button>
        ),
      });
    });
  const linkNew = () =>
    run(async () => {
      const made = await api.wallLink(draft.key);
      setLink(location.origin + made.path);
      setBoards((await api.walls()).items);
      setDraft({ ...draft, links: draft.links + 1 });
    });
  const unlink = () =>
    run(async () => {
      await api.wallUnlink(draft.key);
      setLink("");
      setDraft({ ...draft, links: 0 });
      setSaid({ text: words("unlinked") });
    });

  return (
    <Frame
      here="wall"
      className="wall-frame"
      main={
        <div className="wall-editor">
          <nav className="wall-list" aria-label={words("boards")}>
            <h1>{words("title")}</h1>
            <ul>
              {boards?.map((board) => (
                <li key={board.id}>
                  <button type="button" className="board" aria-current={draft.key === board.id ? "true" : undefined} onClick={() => choose(board)}>
                    <span className="cut">{board.title}</span>
                    <span className="soft small">{words("pageOf", { n: board.version, count: board.pages.length })}</span>
                  </button>
                </li>
              ))}
              {draft.key === "" ? (
                <li>
                  <button type="button" className="board" aria-current="true" onClick={() => undefined}>
                    <span className="cut">{draft.changed ? body.title : words("standard")}</span>
                  </button>
                </li>
              ) : null}
            </ul>
            {may && draft.key !== "" ? <Button onPress={() => choose(null)}>{words("fresh")}</Button> : null}
          </nav>
          <section className="wall-preview" aria-labelledby="preview">
            <div className="row wrap">
              <h2 id="preview" className="grow">
                {words("preview")}
              </h2>
              {draft.key !== "" || !draft.changed ? (
                <a className="button primary" href={`/wall#${draft.key || STANDARD}`}>
                  {words("show")}
                </a>
              ) : null}
            </div>
            <div className="preview-screen screen">
              <Tiles page={page} standings={standings} at={at} />
            </div>
            <p role="status" className={said.text ? `said row ${said.bad ? "bad" : ""}` : "hidden"}>
              <span>{said.text}</span> {said.more}
            </p>
            {may && draft.key === "" && !draft.changed ? <p className="soft">{words("standardText")}</p> : null}
            {may ? null : <p className="soft">{words("readOnly")}</p>}
            {may && draft.key !== "" ? (
              <div className="row wrap">
                <Button disabled={draft.changed || busy} onPress={() => void linkNew()}>
                  {words("link")}
                </Button>
                {draft.links > 0 ? (
                  <Button kind="bad" disabled={busy} onPress={() => void unlink()}>
                    {words("unlink", { n: draft.links })}
                  </Button>
                ) : null}
                <Button kind="bad" disabled={busy} onPress={() => void remove()}>
                  {words("delete")}
                </Button>
              </div>
            ) : null}
            {link ? (
              <div className="card link-card">
                <p>{words("linkText")}</p>
                <div className="row">
                  <label className="grow">
                    <span className="hidden">{words("linkLabel")}</span>
                    <input className="input mono" readOnly value={link} onFocus={(event) => event.target.select()} />
                  </label>
                  <Button onPress={() => void navigator.clipboard?.writeText(link).then(() => setSaid({ text: words("copied") }))}>{words("copy")}</Button>
                </div>
              </div>
            ) : null}
          </section>
          {may ? (
            <form
              className="wall-form"
              onSubmit={(event) => {
                event.preventDefault();
                void save();
              }}
            >
              <div className="row wrap bottom">
                <label className="field grow">
                  <span>{words("name")}</span>
                  <input className="input" required maxLength={60} value={body.title} onChange={(event) => change({ title: event.target.value })} />
                </label>
                <label className="field seconds">
                  <span>{words("seconds")}</span>
                  <input className="input" type="number" min={5} max={600} required value={body.seconds} onChange={(event) => change({ seconds: Number(event.target.value) })} />
                </label>
                <button type="submit" className="button primary" aria-disabled={busy ? true : undefined}>
                  {words("save")}
                </button>
              </div>
              {draft.changed && draft.key !== "" ? <p className="soft small">{words("unsaved")}</p> : null}
              <div className="row wrap" role="group" aria-label={words("pages")}>
                {body.pages.map((one, i) => (
                  <Button small key={i} pressed={i === shown} onPress={() => setPage(i)}>
                    {one.title || words("page", { n: i + 1 })}
                  </Button>
                ))}
                <Button
                  small
                  kind="plain"
                  disabled={body.pages.length >= PAGES_MAX}
                  onPress={() => {
                    change({ pages: [...body.pages, { title: words("page", { n: body.pages.length + 1 }), tiles: page.tiles.slice(0, 1) }] });
                    setPage(body.pages.length);
                  }}
                >
                  {words("addPage")}
                </Button>
                <Button small kind="plain" disabled={body.pages.length === 1} onPress={() => change({ pages: body.pages.filter((_, i) => i !== shown) })}>
                  {words("removePage")}
                </Button>
              </div>
              <label className="field">
                <span>{words("pageTitle")}</span>
                <input className="input" required maxLength={60} value={page.title} onChange={(event) => changePage({ title: event.target.value })} />
              </label>
              <div role="group" aria-label={words("tiles")} className="tile-rows">
                {page.tiles.map((tile, i) => (
                  <TileRow
                    key={`${draft.key} ${shown} ${i}`}
                    tile={tile}
                    n={i + 1}
                    count={page.tiles.length}
                    seesAll={seesAll}
                    change={(next) => changePage({ tiles: page.tiles.map((one, k) => (k === i ? next : one)) })}
                    move={(by) => {
                      const tiles = [...page.tiles];
                      const [one] = tiles.splice(i, 1);
                      if (one) tiles.splice(i + by, 0, one);
                      changePage({ tiles });
                    }}
                    remove={() => changePage({ tiles: page.tiles.filter((_, k) => k !== i) })}
                  />
                ))}
              </div>
              <div className="row wrap">
                <Button small disabled={page.tiles.length >= TILES_MAX} onPress={() => changePage({ tiles: [...page.tiles, { ...page.tiles[page.tiles.length - 1]! }] })}>
                  {words("addTile")}
                </Button>
                <span className="soft small">{words("most", { n: TILES_MAX })}</span>
              </div>
            </form>
          ) : null}
        </div>
      }
    />
  );
}
