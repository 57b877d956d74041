// A contact that is over, or goes on: its way in order, what was said of it, its recordings (each listening is audited), who it was.
import { useEffect, useState } from "react";
import { api, type Card, type ContactDetail, type ContactRecord } from "../shared/api.gen";
import { useAsk } from "../shared/ask";
import { clock, moment } from "../shared/clock";
import { language, locale, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { Player } from "../shared/player";
import { useStore } from "../shared/store";
import { callWords } from "../shared/words";
import type { Shown } from "./panel";
import { leadWords } from "./words";

export function useOutcome(): (record: ContactRecord) => string {
  const words = useWords(leadWords);

  return (record) => (!record.ended ? words("outcome_open") : record.answered ? words("outcome_answered") : record.outcome.startsWith("abandoned") ? words("outcome_left") : words("outcome_other"));
}

/** A recording is whole a moment after its contact: so often is it looked for. */
const TURNS = 6;

interface Stop {
  at: string;
  text: string;
  agent?: string | undefined;
  /** The agent who gets it. */
  passes?: string | undefined;
}

export function RecordParts({ id, again, open }: { id: string; again: string; open: (shown: Shown) => void }) {
  const words = useWords(leadWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const outcome = useOutcome();
  const directory = useLive((page) => page.directory);
  const mayHear = useLive((page) => page.me?.rights.includes("listen") ?? false);
  const [detail, setDetail] = useState<ContactDetail | null>(null);
  const [card, setCard] = useState<Card | null>(null);
  const [turn, setTurn] = useState(0);

  useAsk((signal) => api.contact(id, { signal }), [id, of, again, turn], setDetail);
  useAsk((signal) => api.card(id, { language: of === "id" ? "id" : "en", limit: 5 }, { signal }), [id, of, again, turn], setCard);
  const record = detail?.record;
  const unfinished = record?.ended !== undefined && record.recordings.some((one) => one.state === "recording" || one.state === "paused");
  useEffect(() => {
    if (!unfinished || turn >= TURNS) return;
    const timer = setTimeout(() => setTurn(turn + 1), 1500);
    return () => clearTimeout(timer);
  }, [unfinished, turn]);
  if (!record) return null;
  const time = (at: string) => new Intl.DateTimeFormat(locale(of), { timeStyle: "medium" }).format(new Date(at));
  const agentName = (key: string | undefined) => directory?.agents.find((one) => one.id === key)?.name ?? key ?? "";
  const queueName = (key: string | undefined) => directory?.queues.find((one) => one.id === key)?.name ?? key ?? "";
  const stops: Stop[] = [
    ...(record.arrived ? [{ at: record.arrived, text: words("came", { number: record.number ?? "" }) }] : []),
    ...record.queues.filter((one) => one.queued).map((one) => ({ at: one.queued!, text: words("stay", { queue: queueName(one.queue), clock: clock(one.wait_ms) }) })),
    ...record.agents.filter((one) => one.connected).map((one) => ({ at: one.connected!, agent: one.agent, text: words("part", { agent: agentName(one.agent), clock: clock(one.talk_ms + one.hold_ms) }) })),
    ...record.transfers
      .filter((one) => one.at)
      .map((one) => ({ at: one.at!, passes: one.to === "agent" ? one.target : undefined, text: words(one.how === "asked" ? "transferAsked" : "transferBlind", { agent: agentName(one.agent), to: one.to === "agent" ? agentName(one.target) : one.to === "queue" ? queueName(one.target) : (one.target ?? call("outside")) }) })),
    ...(record.ended ? [{ at: record.ended, text: words("endedBy", { side: words(record.side === "customer" ? "side_customer" : record.side === "agent" ? "side_agent" : "side_other") }) }] : []),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  for (const [i, stop] of stops.entries()) {
    // who is passed on is with the next one at once: first that he is, then who that is
    const next = stops[i + 1];
    if (stop.agent && next?.passes !== undefined && Date.parse(next.at) - Date.parse(stop.at) < 1000 && stop.agent === next.passes) [stops[i], stops[i + 1]] = [next, stop];
  }
  const note = detail.note?.text ?? card?.note?.text;
  const disposition = record.agents.map((one) => one.disposition).findLast((one) => one);
  const solved = directory?.queues.flatMap((one) => one.dispositions).find((one) => one.id === disposition);

  return (
    <>
      <div className="panel-part">
        <p className="row wrap">
          {card?.name ? <strong>{card.name}</strong> : null}
          {card?.vip ? <span className="badge warn">VIP</span> : null}
          <span className="badge">{call(record.direction)}</span>
          <span className="badge">{outcome(record)}</span>
          {disposition ? <span className="badge">{solved ? (of === "id" ? solved.id_name : solved.en_name) : disposition}</span> : null}
        </p>
        <p className={record.ended ? "small soft" : "hidden"}>
          {words("waited", { clock: clock(record.queue_ms) })} · {words("talked", { clock: clock(record.talk_ms) })}
          {record.wrapup_ms ? ` · ${words("wrapped", { clock: clock(record.wrapup_ms) })}` : ""}
        </p>
        {note ? <p className="note">{note}</p> : null}
      </div>
      {mayHear && record.recordings.some((one) => one.state === "complete" || one.state === "cut") ? (
        <div className="panel-part">
          <h3>{words("recordings")}</h3>
          {record.recordings
            .filter((one) => one.state === "complete" || one.state === "cut")
            .map((one) => (
              <Player key={one.recording} recording={one.recording} ms={one.recorded_ms} complete={one.state === "complete"} />
            ))}
          <p className="small soft">{words("audited")}</p>
        </div>
      ) : null}
      <div className="panel-part">
        <h3>{words("path")}</h3>
        <ol className="path">
          {stops.map((stop, i) => (
            <li key={i} className="row">
              <span className="clock soft">{time(stop.at)}</span>
              {stop.agent ? (
                <button type="button" className="link" onClick={() => open({ kind: "agent", id: stop.agent! })}>
                  {stop.text}
                </button>
              ) : (
                <span>{stop.text}</span>
              )}
            </li>
          ))}
        </ol>
      </div>
      {card && card.history.length > 0 ? (
        <div className="panel-part">
          <h3>{words("earlier")}</h3>
          <ul className="list">
            {card.history.map((one) => (
              <li key={one.contact} className="row">
                <button type="button" className="link grow cut" onClick={() => open({ kind: "contact", id: one.contact })}>
                  {one.disposition_text || queueName(one.queue ?? undefined) || words(one.outcome?.startsWith("abandoned") ? "outcome_left" : "outcome_other")}
                </button>
                <span className="small soft">{one.agent_name ?? ""}</span>
                <span className="clock">{moment(one.arrived, of)}</span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </>
  );
}
