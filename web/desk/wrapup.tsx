// After the call, in the place of the call bar: what came of it, with one key for each of the commonest, and more time once.
import { useEffect, useMemo, useRef, useState } from "react";
import { api, type Disposition } from "../shared/api.gen";
import { clock, useNow } from "../shared/clock";
import { language, nameOf, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { Store, useStore } from "../shared/store";
import { Button, useGuard } from "../shared/ui";
import { callWords } from "../shared/words";
import type { Act } from "./act";
import { useDispositions } from "./asked";
import { useCommands } from "./commands";
import { keys } from "./keys";
import type { Work } from "./model";
import { deskWords } from "./words";

/** What was chosen just now, by part: shown until the live state says it, too. */
const pending = new Store<ReadonlyMap<string, string>>(new Map());

/** Chosen while the call still lasts, it is there in the wrap-up. */
export function useChosen(work: Work): string {
  const now = useStore(pending).get(work.offer ?? "");
  useEffect(() => {
    if (now !== undefined && now === (work.disposition ?? "")) forget(work);
  }, [now, work]);
  return now ?? work.disposition ?? "";
}

function forget({ offer }: Work): void {
  const next = new Map(pending.get());
  next.delete(offer ?? "");
  pending.set(next);
}

export async function choose(work: Work, disposition: string): Promise<void> {
  if (!work.offer) return;
  pending.set(new Map(pending.get()).set(work.offer, disposition));
  try {
    await api.offerDisposition(work.offer, { disposition: disposition || null });
  } catch (error) {
    forget(work);
    throw error;
  }
}

interface Choices {
  all: Disposition[];
  /** One number key each. */
  first: Disposition[];
  required: boolean;
  extend_ms: number;
}

/** With the commonest of this agent; until they are known, as the description has them. */
export function useChoices(queue: string | null): Choices {
  const of = useStore(language);
  const asked = useDispositions(queue, of);
  const queues = useLive((page) => page.directory?.queues);
  return useMemo(() => {
    const described = queues?.find((one) => one.id === queue);
    const all = asked?.items ?? described?.dispositions.map((one) => ({ id: one.id, text: nameOf(of, one), group: null, solved: one.solved })) ?? [];
    const favourites = asked?.favourites.map((id) => all.find((one) => one.id === id)).filter((one) => one !== undefined) ?? [];
    const first = [...favourites, ...all.filter((one) => !favourites.includes(one))].slice(0, 5);
    return { all, first, required: asked?.required ?? all.length > 0, extend_ms: asked?.extend_ms ?? described?.extend_ms ?? 0 };
  }, [asked, queues, queue, of]);
}

/** Number keys for the commonest, type-ahead for the rest, in two levels; also during the call. */
export function Dispositions({ work, value, onChange }: { work: Work; value: string; onChange: (id: string) => void }) {
  const words = useWords(deskWords);
  const { all, first } = useChoices(work.queue);
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found = wanted === "" ? null : all.filter((one) => `${one.id} ${one.group ?? ""} ${one.text}`.toLowerCase().includes(wanted));
  const groups = useMemo(() => {
    const rest = all.filter((one) => !first.includes(one));
    return [...new Set(rest.map((one) => one.group))].map((group) => ({ group, items: rest.filter((one) => one.group === group) }));
  }, [all, first]);
  const latest = useRef({ first, onChange });
  latest.current = { first, onChange };

  useEffect(() => {
    // a digit alone chooses when nothing is being typed; with Ctrl and Alt also while typing
    const listener = (event: KeyboardEvent) => {
      const digit = /^(?:Digit|Numpad)([1-5])$/.exec(event.code)?.[1];
      if (!digit || event.repeat || event.metaKey || event.shiftKey || event.ctrlKey !== event.altKey) return;
      const on = document.activeElement;
      const typing = on instanceof HTMLInputElement || on instanceof HTMLTextAreaElement || on instanceof HTMLSelectElement;
      if (typing && !event.ctrlKey) return;
      const one = latest.current.first[Number(digit) - 1];
      if (!one) return;
      event.preventDefault();
      latest.current.onChange(one.id);
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);

  useCommands(all.map((one) => ({ id: `disposition ${one.id}`, name: words("dispositionNow", { name: one.text }), ...(one.group ? { about: one.group } : {}), deep: true, run: () => onChange(one.id) })));
  if (all.length === 0) return null;
  const button = (one: Disposition) => {
    const place = first.indexOf(one);
    return (
      <Button key={one.id} small pressed={value === one.id} title={place >= 0 ? words("whileTyping", { key: `Ctrl+Alt+${place + 1}` }) : undefined} onPress={() => onChange(value === one.id ? "" : one.id)}>
        {place >= 0 ? <kbd aria-hidden="true">{place + 1}</kbd> : null}
        {found && one.group ? `${one.group}: ` : ""}
        {one.text}
      </Button>
    );
  };
  return (
    <fieldset className="dispositions">
      <legend className="small soft">{words("disposition")}</legend>
      <div className="row wrap">
        {(found ?? first).map(button)}
        {found?.length === 0 ? <span className="small soft">{words("targetNone")}</span> : null}
        <input
          className="input find"
          aria-label={words("dispositionFind")}
          placeholder={words("dispositionFind")}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            const one = found?.[0];
            if (event.key !== "Enter" || !one) return;
            event.preventDefault();
            onChange(one.id);
            setText("");
          }}
        />
      </div>
      {found
        ? null
        : groups.map(({ group, items }) => (
            <div key={group ?? ""} className="row wrap group">
              {group ? <span className="small soft group-name">{group}</span> : null}
              {items.map(button)}
            </div>
          ))}
    </fieldset>
  );
}

export function Wrapup({ work, act, who }: { work: Work; act: Act; who: string }) {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? "");
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const reasons = useLive((page) => page.directory?.reasons);
  const queue = useLive((page) => page.directory?.queues.find((one) => one.id === work.queue));
  const { required, extend_ms } = useChoices(work.queue);
  const now = useNow();
  const chosen = useChosen(work);
  const { extended } = work;
  const guard = useGuard("save", true);
  const left = work.due ? Date.parse(work.due) - now : null;
  const reason = agent && agent.presence !== "ready" ? nameOf(of, reasons?.find((one) => one.id === agent.reason)) || call("notReady") : null;
  const wanting = required && !chosen;

  const save = () => {
    if (wanting) return;
    act.run("save", () => api.wrapup(me, chosen ? { action: "done", disposition: chosen } : { action: "done" }));
  };
  const more = () => act.run("extend", () => api.wrapup(me, { action: "extend" }));

  useCommands([
    { id: "save", name: reason ? words("saveBreak", { reason }) : words("save"), hotkey: keys.primary, run: wanting ? undefined : save },
    { id: "extend", name: words("extend"), hotkey: keys.extend, run: !extended && extend_ms ? more : undefined },
  ]);
  return (
    <>
      <div className="call-top">
        <div className="who">
          <p className="who-client">
            <strong>{words("wrapup")}</strong> <span className="soft">· {queue?.name ?? ""}</span>
          </p>
          <p className="who-name">{who}</p>
        </div>
        {left !== null ? (
          <div className="call-clock">
            <span className={`badge ${left < 10_000 ? "bad" : "warn"}`}>{left > 0 ? words("wrapupLeft", { left: clock(left) }) : words("wrapupOver")}</span>
          </div>
        ) : null}
      </div>
      <Dispositions work={work} value={chosen} onChange={(id) => void choose(work, id).catch(() => undefined) /* it is named again when it is saved */} />
      <div className="controls">
        <Button kind="good" hotkey={keys.primary} disabled={wanting || guard || act.busy !== null} onPress={save}>
          {reason ? words("saveBreak", { reason }) : words("save")}
        </Button>
        {extend_ms ? (
          <Button hotkey={keys.extend} disabled={extended || act.busy !== null} onPress={more}>
            {words(extended ? "extended" : "extend")}
          </Button>
        ) : null}
        {wanting ? <span className="small soft">{words("dispositionNone")}</span> : null}
      </div>
    </>
  );
}
