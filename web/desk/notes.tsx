// Notes of a contact: always open, kept in this tab at once, on the server a moment after the last key.
import { useEffect, useId, useRef, useState } from "react";
import type { Note } from "../shared/api.gen";
import { Problem } from "../shared/call";
import { useWords } from "../shared/i18n";
import { saveNote } from "./card";
import { deskWords } from "./words";

const PAUSE_MS = 900;
const MOST = 4096;
const key = (contact: string) => `sapa.note.${contact}`;

type State = "empty" | "unsaved" | "saving" | "saved";

export function Notes({ contact, who, note }: { contact: string; who: string; note: Note | null }) {
  const words = useWords(deskWords);
  const draft = sessionStorage.getItem(key(contact));
  const [text, setText] = useState(draft ?? note?.text ?? "");
  const [state, setState] = useState<State>(draft !== null && draft !== (note?.text ?? "") ? "unsaved" : note?.text ? "saved" : "empty");
  const [conflict, setConflict] = useState<Note | null>(null);
  const version = useRef(note?.version ?? 0);
  const latest = useRef(text);
  const touched = useRef(draft !== null);
  const id = useId();
  latest.current = text;

  // what another page wrote, as long as nothing was written here
  useEffect(() => {
    if (!note || note.version <= version.current) return;
    version.current = note.version;
    if (!touched.current && note.text !== null) {
      setText(note.text);
      setState("saved");
    }
  }, [note]);

  const save = async () => {
    const what = latest.current;
    setState("saving");
    try {
      const saved = await saveNote(contact, what, version.current);
      if ("conflict" in saved) {
        version.current = saved.conflict?.version ?? 0;
        setConflict(saved.conflict);
        setState("unsaved");
        return;
      }
      version.current = saved.version;
      setConflict(null);
      if (latest.current === what) {
        sessionStorage.removeItem(key(contact));
        touched.current = false;
        setState("saved");
      } else {
        setState("unsaved");
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setState("unsaved"); // it is kept in this tab, and tried again with the next key
    }
  };
  useEffect(() => {
    if (state !== "unsaved" || conflict) return;
    const timer = setTimeout(() => void save(), PAUSE_MS);
    return () => clearTimeout(timer);
  });

  return (
    <div className="notes">
      <div className="row">
        <label htmlFor={id} className="grow">
          <strong>{who}</strong>
        </label>
        <span className="small soft" role="status">
          {state === "empty" ? "" : words(state)}
        </span>
      </div>
      {conflict ? (
        <p className="notice">
          {words("noteConflict", { text: conflict.text ?? "" })}{" "}
          <button type="button" className="button small" onClick={() => void save()}>
            {words("tryAgain")}
          </button>
        </p>
      ) : null}
      <textarea
        id={id}
        className="input"
        data-notes
        maxLength={MOST}
        placeholder={words("notesHint")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          touched.current = true;
          sessionStorage.setItem(key(contact), event.target.value);
          setState("unsaved");
        }}
        onBlur={() => state === "unsaved" && !conflict && void save()}
      />
    </div>
  );
}
