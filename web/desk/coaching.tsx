// A coaching note in Pekerjaan: a moment of one's own recording that is to be heard again, until one says that it was.
import { api, type CoachNote } from "../shared/api.gen";
import { clock, moment } from "../shared/clock";
import { language, useWords, type Messages } from "../shared/i18n";
import { Player } from "../shared/player";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import type { Act } from "./act";
import { again } from "./things";

export const coachingWords = {
  id: {
    kind: "Pelatihan",
    from: "Dengarkan kembali: catatan dari {by}",
    at: "di {at} dari {length} · {time}",
    erased: "Isinya sudah dihapus bersama data pelanggan.",
    done: "Sudah saya dengar",
    doneThis: "Sudah saya dengar: catatan dari {by} di {at}",
    gone: "Selesai",
  },
  en: {
    kind: "Coaching",
    from: "Listen again: a note from {by}",
    at: "at {at} of {length} · {time}",
    erased: "Its text was erased with the customer's data.",
    done: "I have heard it",
    doneThis: "I have heard it: the note from {by} at {at}",
    gone: "Done",
  },
} satisfies Messages<string>;

export function CoachRow({ note, gone, act }: { note: CoachNote; gone: boolean; act: Act }) {
  const say = useWords(coachingWords);
  const of = useStore(language);

  return (
    <li className={`thing coaching ${gone ? "gone" : ""}`}>
      <div className="thing-top">
        <span className="sign" role="img" aria-label={say("kind")}>
          ✎
        </span>
        <span className="grow">
          <strong className="thing-text">{say("from", { by: note.by_name })}</strong>
          <span className="small soft">{say("at", { at: clock(note.at_ms), length: clock(note.length_ms), time: moment(note.created, of) })}</span>
          <span className="coach-text">{note.text ?? say("erased")}</span>
          {gone ? <span className="badge good">{say("gone")}</span> : null}
        </span>
      </div>
      <div className="thing-do coach-do">
        {note.text !== null && !gone ? <Player recording={note.recording} ms={note.length_ms} note={note} /> : null}
        <Button small disabled={gone || act.busy !== null} label={say("doneThis", { by: note.by_name, at: clock(note.at_ms) })} onPress={() => act.run(`heard ${note.id}`, () => api.coachDone(note.agent, note.id).then(again))}>
          {say("done")}
        </Button>
      </div>
    </li>
  );
}
