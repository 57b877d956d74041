// Something to do, perhaps at a time, perhaps about a customer: one line by keyboard, its time read out of the words.
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { api } from "../shared/api.gen";
import { moment } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { useAct } from "./act";
import { DueField, useDue } from "./due";
import { again } from "./things";
import { deskWords } from "./words";

export interface Begun {
  contact: string | null;
  who: string;
  text: string;
}

const MOST = 300; // bytes

export function NewTask({ begun, onDone }: { begun: Begun; onDone: () => void }) {
  const words = useWords(deskWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? "");
  const [text, setText] = useState(begun.text);
  const [about, setAbout] = useState(begun.contact !== null);
  const act = useAct();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const when = useDue(text);
  const { due } = when;
  const what = when.rest || (begun.contact ? words("callback") : text.trim());

  useEffect(() => {
    input.current?.focus(); // it was asked for by a key or a click just now
    input.current?.setSelectionRange(begun.text.length, begun.text.length);
  }, [begun]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!what) return;
    act.run("task", () =>
      api.taskNew(me, { text: what, ...(due ? { due: due.toISOString() } : {}), ...(about && begun.contact ? { contact: begun.contact } : {}) }).then(() => {
        again();
        onDone();
      }),
    );
  };
  return (
    <form
      className="new-task"
      aria-label={words(begun.contact ? "callback" : "task")}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onDone();
      }}
    >
      <label className="field">
        <span>{begun.contact ? words("taskFor", { who: begun.who }) : words("taskWhat")}</span>
        <input ref={input} className="input" value={text} maxLength={MOST} autoComplete="off" placeholder={words("taskHint")} aria-describedby={`${id}w`} onChange={(event) => setText(event.target.value)} />
      </label>
      <DueField of={when} />
      {begun.contact ? (
        <label className="row small">
          <input type="checkbox" checked={about} onChange={(event) => setAbout(event.target.checked)} /> {words("taskAbout", { who: begun.who })}
        </label>
      ) : null}
      <p id={`${id}w`} role="status" className="small soft">
        {due ? words("taskAt", { what, time: moment(due.toISOString(), of) }) : words("taskAnyTime")}
      </p>
      <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
        {act.problem ? words("failed", { why: act.problem }) : ""}
      </p>
      <div className="row">
        <button type="submit" className="button primary small" aria-disabled={!what || act.busy !== null ? true : undefined}>
          {words("taskSave")} <kbd aria-hidden="true">Enter</kbd>
        </button>
        <Button small kind="plain" onPress={onDone}>
          {words("cancel")} <kbd aria-hidden="true">Esc</kbd>
        </Button>
      </div>
    </form>
  );
}
