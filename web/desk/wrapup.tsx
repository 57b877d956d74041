// After the call, in the place of the call bar: what came of it, with one key for each of the commonest, and more time once.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { api, type DirectoryDisposition } from "../shared/api.gen";
import { clock, useNow } from "../shared/clock";
import { language, nameOf, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button, useGuard, useKeys } from "../shared/ui";
import { callWords } from "../shared/words";
import type { Act } from "./act";
import { keys } from "./keys";
import type { Work } from "./model";
import { deskWords } from "./words";

const key = (contact: string) => `sapa.disposition.${contact}`;

/** Chosen while the call still lasts, it is there in the wrap-up, also after a reload. */
export const chosenOf = (contact: string): string => sessionStorage.getItem(key(contact)) ?? "";
export function chooseFor(contact: string, disposition: string): void {
  if (disposition) sessionStorage.setItem(key(contact), disposition);
  else sessionStorage.removeItem(key(contact));
}

function useDispositions(queue: string | null): DirectoryDisposition[] {
  const queues = useLive((page) => page.directory?.queues);
  return useMemo(() => queues?.find((one) => one.id === queue)?.dispositions ?? [], [queues, queue]);
}

/** Number keys and type-ahead; also during the call. */
export function Dispositions({ work, value, onChange }: { work: Work; value: string; onChange: (id: string) => void }) {
  const words = useWords(deskWords);
  const of = useStore(language);
  const all = useDispositions(work.queue);
  const [text, setText] = useState("");
  const id = useId();
  const found = text.trim() === "" ? all : all.filter((one) => `${one.id} ${nameOf(of, one)}`.toLowerCase().includes(text.trim().toLowerCase()));
  const first = all.slice(0, 5);
  const numbers = useRef(first);
  numbers.current = first;

  useEffect(() => {
    // a digit alone chooses when nothing is being typed; with Ctrl and Alt also while typing
    const listener = (event: KeyboardEvent) => {
      const digit = /^(?:Digit|Numpad)([1-5])$/.exec(event.code)?.[1];
      if (!digit || event.repeat || event.metaKey || event.shiftKey || event.ctrlKey !== event.altKey) return;
      const on = document.activeElement;
      const typing = on instanceof HTMLInputElement || on instanceof HTMLTextAreaElement || on instanceof HTMLSelectElement;
      if (typing && !event.ctrlKey) return;
      const one = numbers.current[Number(digit) - 1];
      if (!one) return;
      event.preventDefault();
      onChange(one.id);
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, [onChange]);

  if (all.length === 0) return null;
  return (
    <fieldset className="dispositions">
      <legend className="small soft">{words("disposition")}</legend>
      <div className="row wrap">
        {found.map((one) => {
          const place = first.indexOf(one);
          return (
            <Button key={one.id} small pressed={value === one.id} onPress={() => onChange(value === one.id ? "" : one.id)}>
              {place >= 0 ? <kbd aria-hidden="true">{place + 1}</kbd> : null}
              {nameOf(of, one)}
            </Button>
          );
        })}
        {found.length === 0 ? <span className="small soft">{words("targetNone")}</span> : null}
        <input
          className="input find"
          id={id}
          aria-label={words("dispositionFind")}
          placeholder={words("dispositionFind")}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !found[0]) return;
            event.preventDefault();
            onChange(found[0].id);
            setText("");
          }}
        />
      </div>
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
  const all = useDispositions(work.queue);
  const now = useNow();
  const [chosen, setChosen] = useState(() => chosenOf(work.contact));
  const [extended, setExtended] = useState(false);
  const guard = useGuard("save", true);
  const left = work.due ? Date.parse(work.due) - now : null;
  const reason = agent && agent.presence !== "ready" ? nameOf(of, reasons?.find((one) => one.id === agent.reason)) || call("notReady") : null;
  const wanting = all.length > 0 && !chosen;

  const choose = (id: string) => {
    chooseFor(work.contact, id);
    setChosen(id);
  };
  const save = () => {
    if (wanting) return;
    act.run("save", () => api.wrapup(me, chosen ? { action: "done", disposition: chosen } : { action: "done" }).then(() => chooseFor(work.contact, "")));
  };
  const more = () => act.run("extend", () => api.wrapup(me, { action: "extend" }).then(() => setExtended(true)));

  useKeys({ [keys.primary]: wanting ? undefined : save, [keys.extend]: !extended && queue?.extend_ms ? more : undefined });
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
      <Dispositions work={work} value={chosen} onChange={choose} />
      <div className="controls">
        <Button kind="good" hotkey={keys.primary} disabled={wanting || guard || act.busy !== null} onPress={save}>
          {reason ? words("saveBreak", { reason }) : words("save")}
        </Button>
        {queue?.extend_ms ? (
          <Button hotkey={keys.extend} disabled={extended || act.busy !== null} onPress={more}>
            {words(extended ? "extended" : "extend")}
          </Button>
        ) : null}
        {wanting ? <span className="small soft">{words("dispositionNone")}</span> : null}
      </div>
    </>
  );
}
