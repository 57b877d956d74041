// The command bar: one key, type a few letters, Enter. All that can be done now, with the key that does it without the bar.
import { useEffect, useRef } from "react";
import { useNow } from "../shared/clock";
import { useWords } from "../shared/i18n";
import { Button } from "../shared/ui";
import { useCombobox } from "./combobox";
import { commands, matching, type Command } from "./commands";
import { deskWords } from "./words";

const MOST = 9;

/** `more`: what only makes sense with what is typed. */
export function CommandBar({ onDone, more }: { onDone: () => void; more: (typed: string) => Command[] }) {
  const words = useWords(deskWords);
  const combobox = useCombobox<Command>();
  const input = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);

  useNow(); // what can be done changes under it
  const found = [...more(combobox.text.trim()), ...matching(commands(), combobox.text, MOST)].slice(0, MOST);
  const close = () => {
    onDone();
    if (before.current instanceof HTMLElement) before.current.focus(); // back to what was typed
  };
  useEffect(() => {
    before.current = document.activeElement;
    input.current?.focus();
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) onDone();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, []);
  const take = (one: Command | undefined) => {
    if (!one?.run) return;
    close();
    one.run();
  };
  return (
    <div
      className="command-bar card"
      role="dialog"
      aria-label={words("commands")}
      ref={box}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          close();
        } else if (event.key === "Tab") {
          event.preventDefault(); // one field, one list
        }
      }}
    >
      <input
        ref={input}
        className="input"
        aria-label={words("commands")}
        placeholder={words("commandHint")}
        {...combobox.field(found, take)}
      />
      <ul role="listbox" id={`${combobox.id}l`} aria-label={words("commands")} className="choices">
        {found.map((one, index) => (
          <li key={one.id} {...combobox.option(found, index, take)}>
            <span className="cut">
              {one.name}
              {one.about ? <span className="small soft"> · {one.about}</span> : null}
            </span>
            {one.hotkey ? <kbd>{one.hotkey}</kbd> : null}
          </li>
        ))}
      </ul>
      <p role="status" className={found.length === 0 ? "small soft" : "hidden"}>
        {found.length === 0 ? words("targetNone") : ""}
      </p>
      <div className="row">
        <Button small kind="plain" onPress={close}>
          {words("cancel")} <kbd aria-hidden="true">Esc</kbd>
        </Button>
      </div>
    </div>
  );
}
