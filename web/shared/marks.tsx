// Coaching notes at moments of a recording: marks above the waveform that lead to their moment, what they say, and a new one where one listens.
import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { api, type CoachMarks, type CoachNote } from "./api.gen";
import { useAsk } from "./ask";
import { clock, moment } from "./clock";
import { language, useWords, type Messages } from "./i18n";
import { useLive } from "./live";
import { useProblems } from "./problem";
import { useStore } from "./store";
import { Button } from "./ui";

export const markWords = {
  id: {
    marks: "Catatan pelatihan",
    mark: "{n}. Catatan {by} di {at}",
    to: "Ke {at}",
    add: "Catatan pelatihan di {at}",
    text: "Catatan untuk {agent}, di {at}",
    whom: "Untuk siapa",
    save: "Simpan catatan",
    cancel: "Batal",
    saved: "Catatan disimpan; {agent} menemukannya di Pekerjaan.",
    left: "{n, plural, other {Sisa # karakter}}",
    done: "sudah didengar {time}",
    open: "belum didengar",
    takeBack: "Tarik kembali",
    takeBackWhich: "Tarik kembali catatan di {at}",
    gone: "Catatan ditarik kembali.",
    erased: "Isinya sudah dihapus bersama data pelanggan.",
    for: "untuk {agent}",
    failed: "Belum berhasil: {why}",
  },
  en: {
    marks: "Coaching notes",
    mark: "{n}. Note by {by} at {at}",
    to: "To {at}",
    add: "Coaching note at {at}",
    text: "Note to {agent}, at {at}",
    whom: "To whom",
    save: "Save note",
    cancel: "Cancel",
    saved: "Saved; {agent} finds it under Work.",
    left: "{n, plural, one {# character left} other {# characters left}}",
    done: "heard {time}",
    open: "not heard yet",
    takeBack: "Take back",
    takeBackWhich: "Take back the note at {at}",
    gone: "The note was taken back.",
    erased: "Its text was erased with the customer's data.",
    for: "for {agent}",
    failed: "That did not work: {why}",
  },
} satisfies Messages<string>;

export const TEXT_MAX = 500; // bytes
const APART = 0.09; // of the width: marks that are closer stand above one another, each large enough for a finger

/** For each place, from left to right, the lowest lane in which it touches none before it. */
export function lanesOf(places: readonly number[], apart = APART): number[] {
  const last: number[] = [];

  return places.map((place) => {
    const free = last.findIndex((before) => place - before >= apart);
    const lane = free < 0 ? last.length : free;
    last[lane] = place;
    return lane;
  });
}

export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** `given`: what is known already, where others are not to be asked for. */
export function useMarks(recording: string, given?: readonly CoachNote[]): { marks: CoachMarks; again: () => void } {
  const [marks, setMarks] = useState<CoachMarks>({ items: [], agents: [] });
  const [turn, setTurn] = useState(0);

  useAsk(given ? null : (signal) => api.coachMarks(recording, { signal }), [recording, given, turn], setMarks); // without them it can still be heard
  return { marks: given ? { items: [...given], agents: [] } : marks, again: () => setTurn((n) => n + 1) };
}

interface PlaceProps {
  marks: readonly CoachNote[];
  ms: number;
  chosen: string | null;
  choose: (one: CoachNote) => void;
}

const idOf = (one: CoachNote) => `${one.agent} ${one.id}`;

export function MarkRow({ marks, ms, chosen, choose }: PlaceProps) {
  const say = useWords(markWords);
  const places = marks.map((one) => Math.min(1, one.at_ms / ms));
  const lanes = lanesOf(places);

  if (marks.length === 0 || ms <= 0) return null;
  return (
    <div className="mark-row" role="group" aria-label={say("marks")} style={{ ["--lanes" as string]: Math.max(...lanes) + 1 }}>
      {marks.map((one, i) => (
        <button
          type="button"
          key={idOf(one)}
          className={one.done ? "coach-mark done" : "coach-mark"}
          aria-pressed={chosen === idOf(one)}
          aria-label={say("mark", { n: String(i + 1), by: one.by_name, at: clock(one.at_ms) })}
          title={one.text ?? say("erased")}
          style={{ ["--at" as string]: places[i], ["--lane" as string]: lanes[i] }}
          onClick={() => choose(one)}
        >
          {i + 1}
        </button>
      ))}
    </div>
  );
}

function NewMark({ recording, agents, at, onDone }: { recording: string; agents: readonly string[]; at: number; onDone: (saved: string | null) => void }) {
  const say = useWords(markWords);
  const inWords = useProblems();
  const names = useLive((page) => page.directory?.agents);
  const [text, setText] = useState("");
  const [whom, setWhom] = useState(agents[0] ?? "");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const nameOf = (key: string) => names?.find((one) => one.id === key)?.name ?? key;
  const left = TEXT_MAX - bytesOf(text.trim());
  const can = text.trim() !== "" && left >= 0 && !busy;

  useEffect(() => box.current?.focus(), []); // it was asked for just now
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (!can) return;
    setBusy(true);
    setProblem("");
    api
      .coachNew(whom, { recording, at_ms: at, text: text.trim() })
      .then(() => onDone(say("saved", { agent: nameOf(whom) })))
      .catch((error: unknown) => {
        setProblem(say("failed", { why: inWords(error) }));
        setBusy(false);
      });
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault(); // what is behind it stays open
      event.stopPropagation();
      onDone(null);
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    }
  };
  return (
    <form className="new-mark" onSubmit={submit} onKeyDown={keys}>
      {agents.length > 1 ? (
        <label className="field">
          <span>{say("whom")}</span>
          <select className="input" value={whom} onChange={(event) => setWhom(event.target.value)}>
            {agents.map((one) => (
              <option key={one} value={one}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <label className="field">
        <span>{say("text", { agent: nameOf(whom), at: clock(at) })}</span>
        <textarea ref={box} className="input" rows={3} value={text} aria-describedby={left < 100 ? id : undefined} aria-invalid={left < 0 ? true : undefined} onChange={(event) => setText(event.target.value)} />
      </label>
      {left < 100 ? (
        <p id={id} className={left < 0 ? "small said bad" : "small soft"}>
          {say("left", { n: left })}
        </p>
      ) : null}
      <p role="alert" className={problem ? "small said bad" : "hidden"}>
        {problem}
      </p>
      <div className="row wrap">
        <button type="submit" className="button primary small" aria-disabled={can ? undefined : true}>
          {say("save")} <kbd aria-hidden="true">{"Ctrl+Enter"}</kbd>
        </button>
        <Button small kind="plain" onPress={() => onDone(null)}>
          {say("cancel")}
        </Button>
      </div>
    </form>
  );
}

interface MarksProps {
  recording: string;
  marks: CoachMarks;
  again: () => void;
  /** Where one listens, in ms. */
  at: number;
  chosen: string | null;
  choose: (one: CoachNote) => void;
  /** What is asked at a moment is about this moment: the recording waits. */
  pause: () => void;
}

export function Marks({ recording, marks, again, at, chosen, choose, pause }: MarksProps) {
  const say = useWords(markWords);
  const of = useStore(language);
  const inWords = useProblems();
  const [adding, setAdding] = useState<number | null>(null);
  const [said, setSaid] = useState({ text: "", bad: false });
  const many = new Set([...marks.agents, ...marks.items.map((one) => one.agent)]).size > 1;
  const opener = useRef<HTMLDivElement>(null);
  const back = () => opener.current?.querySelector<HTMLElement>("button")?.focus();

  const takeBack = (one: CoachNote) =>
    api
      .coachEnd(one.agent, one.id)
      .then(() => {
        setSaid({ text: say("gone"), bad: false });
        again();
        back();
      })
      .catch((error: unknown) => setSaid({ text: say("failed", { why: inWords(error) }), bad: true }));
  return (
    <div className="marks">
      {marks.items.length > 0 ? (
        <ol className="mark-list" aria-label={say("marks")}>
          {marks.items.map((one) => (
            <li key={idOf(one)} className={chosen === idOf(one) ? "chosen" : undefined}>
              <button type="button" className="link mono" aria-label={say("to", { at: clock(one.at_ms) })} onClick={() => choose(one)}>
                {clock(one.at_ms)}
              </button>{" "}
              <span className="mark-text">{one.text ?? <em className="soft">{say("erased")}</em>}</span>
              <span className="row wrap small">
                <span className="soft">
                  {[one.by_name, many ? say("for", { agent: one.agent_name }) : null, moment(one.created, of)].filter(Boolean).join(" · ")}
                </span>
                <span className={one.done ? "badge good" : "badge"}>{one.done ? `✓ ${say("done", { time: moment(one.done, of) })}` : say("open")}</span>
                {one.own ? (
                  <button type="button" className="link" aria-label={say("takeBackWhich", { at: clock(one.at_ms) })} onClick={() => void takeBack(one)}>
                    {say("takeBack")}
                  </button>
                ) : null}
              </span>
            </li>
          ))}
        </ol>
      ) : null}
      {marks.agents.length > 0 ? (
        <div ref={opener}>
          <Button
            small
            expanded={adding !== null}
            onPress={() => {
              pause();
              setSaid({ text: "", bad: false });
              setAdding(adding === null ? Math.round(at) : null);
            }}
          >
            <span aria-hidden="true">✎</span> {say("add", { at: clock(adding ?? at) })}
          </Button>
        </div>
      ) : null}
      {adding === null ? null : (
        <NewMark
          recording={recording}
          agents={marks.agents}
          at={adding}
          onDone={(saved) => {
            setAdding(null);
            back();
            if (!saved) return;
            setSaid({ text: saved, bad: false });
            again();
          }}
        />
      )}
      <p role="status" className={said.text ? (said.bad ? "small said bad" : "small said") : "hidden"}>
        {said.text}
      </p>
    </div>
  );
}

export const markId = idOf;
