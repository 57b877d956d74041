// A time for what one promises: read out of the words ("besok 10.00"), or chosen; said again before it is saved.
import { useState } from "react";
import { now } from "../shared/clock";
import { useWords } from "../shared/i18n";
import { whenOf } from "./when";
import { deskWords } from "./words";

/** "2026-11-23T10:00", as an input of the kind wants it. */
function local(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export interface Due {
  due: Date | null;
  /** The words without the time that was read out of them. */
  rest: string;
  value: string;
  pick: (value: string | null) => void;
}

export function useDue(text: string): Due {
  const [picked, pick] = useState<string | null>(null);
  const found = picked === null ? whenOf(text, new Date(now())) : null;
  return { due: picked ? new Date(picked) : (found?.due ?? null), rest: found ? found.text : text.trim(), value: picked ?? (found ? local(found.due) : ""), pick };
}

export function DueField({ of, label }: { of: Due; label?: string }) {
  const words = useWords(deskWords);
  return (
    <label className="field">
      <span className="small soft">{label ?? words("taskTime")}</span>
      <input className="input" type="datetime-local" value={of.value} min={local(new Date(now()))} onChange={(event) => of.pick(event.target.value || null)} />
    </label>
  );
}
