// Parts that every page is made of.
import { useEffect, useId, useRef, useState, type ReactNode } from "react";

export interface ButtonProps {
  children: ReactNode;
  onPress: () => void;
  /** Shown on it; what it means is bound by useKeys(). */
  hotkey?: string;
  kind?: "primary" | "good" | "bad" | "plain";
  small?: boolean;
  disabled?: boolean;
  pressed?: boolean;
  label?: string;
  title?: string | undefined;
  expanded?: boolean;
  className?: string;
}

/** How long a button takes no click of the pointer after its meaning has changed under it. */
const GUARD_MS = 1000;

/** True for a second after `meaning` changed from one thing that can be done to another; `fresh`: also when it has just come. */
export function useGuard(meaning: string | null, fresh = false): boolean {
  const before = useRef(meaning);
  const [guarded, setGuarded] = useState(fresh);

  useEffect(() => {
    if (!fresh) return;
    const timer = setTimeout(() => setGuarded(false), GUARD_MS);
    return () => clearTimeout(timer);
  }, [fresh]);

  useEffect(() => {
    const was = before.current;
    before.current = meaning;
    if (was === null || meaning === null || was === meaning) return;
    setGuarded(true);
    const timer = setTimeout(() => setGuarded(false), GUARD_MS);
    return () => clearTimeout(timer);
  }, [meaning]);
  return guarded;
}

/** Not `disabled` but aria-disabled: it keeps the focus, and is found by those who hear the page. */
export function Button({ children, onPress, hotkey, kind, small, disabled, pressed, label, title, expanded, className }: ButtonProps) {
  return (
    <button
      type="button"
      className={["button", kind ?? "", small ? "small" : "", className ?? ""].filter(Boolean).join(" ")}
      aria-disabled={disabled ? true : undefined}
      aria-pressed={pressed}
      aria-label={hotkey ? undefined : label}
      aria-expanded={expanded}
      aria-keyshortcuts={hotkey ? shortcut(hotkey) : undefined}
      title={title}
      onClick={() => {
        if (!disabled) onPress();
      }}
    >
      {label && hotkey ? (
        <>
          <span className="hidden">{label}</span>
          <span aria-hidden="true">{children}</span>
        </>
      ) : (
        children
      )}
      {hotkey ? <kbd aria-hidden="true">{hotkey}</kbd> : null}
    </button>
  );
}

/** "Ctrl+Alt+A" as ARIA writes it. */
const shortcut = (hotkey: string) => hotkey.replace("Ctrl", "Control");

/** "F2", "Ctrl+Alt+A": as an event says it. */
export function keyOf(event: { key: string; code: string; ctrlKey: boolean; altKey: boolean; shiftKey: boolean; metaKey: boolean }): string {
  const name = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : /^Digit[0-9]$/.test(event.code) ? event.code.slice(5) : event.key;
  return `${event.ctrlKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${event.metaKey ? "Meta+" : ""}${name}`;
}

/** Keys of the whole page, while typing, too: none of them writes anything. */
export function useKeys(keys: Record<string, (() => void) | undefined>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.repeat || event.isComposing) return;
      const run = latest.current[keyOf(event)];
      if (!run) return;
      event.preventDefault();
      run();
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}

/** A button that opens a panel; Escape and whatever is done elsewhere close it. `named`: what stands on it is its name. */
export function Menu({ button, children, left, label, named, className }: { button: ReactNode; children: (close: () => void) => ReactNode; left?: boolean; label: string; named?: boolean; className?: string }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };

  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key === "Escape") close();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape);
    box.current?.querySelector<HTMLElement>('.panel [aria-checked="true"], .panel button, .panel a')?.focus();
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape);
    };
  }, [open]);

  return (
    <div
      className="menu"
      ref={box}
      onKeyDown={(event) => {
        if (!open) return;
        if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
        event.preventDefault();
        const items = [...(box.current?.querySelectorAll<HTMLElement>(".panel button, .panel a") ?? [])];
        const at = items.indexOf(document.activeElement as HTMLElement);
        items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
      }}
      onBlur={(event) => {
        if (open && event.relatedTarget && !box.current?.contains(event.relatedTarget as Node)) setOpen(false);
      }}
    >
      <button type="button" ref={opener} className={className ?? "button plain"} aria-haspopup="true" aria-expanded={open} aria-controls={open ? id : undefined} aria-label={named ? undefined : label} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open ? (
        <div className={left ? "panel left" : "panel"} id={id} role="group" aria-label={label}>
          {children(close)}
        </div>
      ) : null}
    </div>
  );
}

/** Said to those who hear the page, without moving the focus. */
export function Announce({ text, urgent }: { text: string; urgent?: boolean }) {
  return (
    <div className="hidden" role={urgent ? "alert" : "status"} aria-live={urgent ? "assertive" : "polite"}>
      {text}
    </div>
  );
}
