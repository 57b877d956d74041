// What agents say to those who lead them: one line each, until it is put away here.
import { useState } from "react";
import { moment } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { said, useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Announce, Button } from "../shared/ui";
import { leadWords } from "./words";

const KEY = "sapa.lines";

/** Up to this one they are put away. */
function begin(): string {
  const kept = sessionStorage.getItem(KEY) ?? "";
  return /^\d+$/.test(kept) ? kept : "0";
}

export function Lines({ onAgent }: { onAgent: (agent: string) => void }) {
  const words = useWords(leadWords);
  const of = useStore(language);
  const all = useStore(said);
  const names = useLive((page) => page.directory?.agents);
  const [away, setAway] = useState(begin);
  const lines = all.filter((one) => one.to === "leaders" && BigInt(one.id) > BigInt(away));
  const last = lines.at(-1);
  const nameOf = (id: string) => names?.find((one) => one.id === id)?.name ?? id;

  return (
    <section className={last ? "lines" : "hidden"} aria-label={words("lines")}>
      <ul>
        {lines.map((one) => (
          <li key={one.id}>
            <button type="button" className="item" onClick={() => onAgent(one.by)}>
              <span aria-hidden="true">✉</span>
              <span className="cut">
                <strong>{nameOf(one.by)}</strong> {one.text}
              </span>
              <span className="small">· {moment(one.at, of)}</span>
            </button>
          </li>
        ))}
      </ul>
      {last ? (
        <Button
          small
          onPress={() => {
            sessionStorage.setItem(KEY, last.id);
            setAway(last.id);
          }}
        >
          {words("linesAway")}
        </Button>
      ) : null}
      <Announce text={last ? `${nameOf(last.by)}: ${last.text}` : ""} />
    </section>
  );
}
