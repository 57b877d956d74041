// A field over a list (the combobox of the ARIA authoring practices): arrows choose, Enter takes, the focus stays in the field.
import { useId, useState, type KeyboardEvent } from "react";

export interface Combobox<T> {
  id: string;
  text: string;
  /** What is chosen of the list that the text leaves. */
  chosen: (list: T[]) => number;
  field: (list: T[], take: (one: T | undefined) => void) => {
    onKeyDown: (event: KeyboardEvent) => void;
    [attribute: string]: unknown;
  };
  option: (list: T[], index: number, take: (one: T | undefined) => void) => Record<string, unknown>;
}

export function useCombobox<T>(): Combobox<T> {
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const chosen = (list: T[]) => Math.min(at, Math.max(0, list.length - 1));

  return {
    id,
    text,
    chosen,
    field: (list, take) => ({
      role: "combobox",
      "aria-expanded": list.length > 0,
      "aria-controls": `${id}l`,
      "aria-activedescendant": list.length > 0 ? `${id}${chosen(list)}` : undefined,
      "aria-autocomplete": "list",
      autoComplete: "off",
      spellCheck: false,
      value: text,
      onChange: (event: { target: { value: string } }) => {
        setText(event.target.value);
        setAt(0);
      },
      onKeyDown: (event) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          setAt((chosen(list) + (event.key === "ArrowDown" ? 1 : list.length - 1)) % Math.max(1, list.length));
        } else if (event.key === "Enter") {
          event.preventDefault();
          take(list[chosen(list)]);
        }
      },
    }),
    option: (list, index, take) => ({
      id: `${id}${index}`,
      role: "option",
      "aria-selected": index === chosen(list),
      onPointerMove: () => setAt(index),
      onClick: () => take(list[index]),
    }),
  };
}
