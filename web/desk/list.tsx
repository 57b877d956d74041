// Pekerjaan: everything that I own, of any channel; below it what is to be done at a time. Rows keep their places.
import { useEffect, useState } from "react";
import { api } from "../shared/api.gen";
import { clock, moment, useNow } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { callWords } from "../shared/words";

import { useCard } from "./card";
import { CoachRow } from "./coaching";
import { useCommands } from "./commands";
import { keys } from "./keys";
import type { Work } from "./model";
import { NewTask, type Begun } from "./task";
import { useAct, type Act } from "./act";
import { again, callable, dueOf, useStill, useThings, type Thing } from "./things";
import { readable } from "../shared/address";
import { whoIs } from "./who";
import { ticketWords } from "./ticketwords";
import { deskWords } from "./words";

const signs: Record<string, string> = { voice: "☎", chat: "✉", email: "@", sms: "✉", message: "✉", social: "#", video: "▶", ticket: "▤" };

function Row({ one, chosen, choose }: { one: Work; chosen: boolean; choose: () => void }) {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const directory = useLive((page) => page.directory);
  const of = useStore(language);
  const { card } = useCard(one.contact, of, `${one.state}${one.of?.person ?? ""}`);
  const now = useNow();
  const queue = directory?.queues.find((q) => q.id === one.queue);
  const client = directory?.clients.find((c) => c.id === (one.of?.client ?? card?.client ?? queue?.client));
  const state = one.state === "offered" ? "offered" : one.state === "talking" ? "talking" : one.state === "on hold" ? "held" : "wrapup";
  return (
    <li>
      <button type="button" className={`work-row ${state}`} aria-pressed={chosen} onClick={choose}>
        <span className="sign" role="img" aria-label={call(one.channel)}>
          {signs[one.channel] ?? "•"}
        </span>
        <span className="grow">
          <strong className="cut">{whoIs(one, words, card)}</strong>
          <span className="small soft cut">{client?.name ?? words("noClient")}</span>
        </span>
        <span className="work-when">
          <span className={`badge ${state === "offered" ? "good" : state === "wrapup" ? "warn" : state === "held" ? "" : "accent"}`}>{call(state)}</span>
          <span className="mono small">{one.due && one.state !== "talking" ? `−${clock(Date.parse(one.due) - now)}` : clock(now - Date.parse(one.since))}</span>
        </span>
      </button>
    </li>
  );
}

const LATER_MS = 15 * 60_000;
const UNDO_MS = 60_000;

function ThingRow({ one, act, busy, onCall, onTicket, onDone }: { one: Thing; act: Act; busy: boolean; onCall: () => void; onTicket: () => void; onDone: () => void }) {
  const words = useWords(deskWords);
  const say = useWords(ticketWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? "");
  const directory = useLive((page) => page.directory);
  const now = useNow();
  const client = directory?.clients.find((c) => c.id === one.client)?.name;
  const who = one.name ?? (one.address ? readable(one.address.replace(/^\*+/, "…")) : null);
  const due = dueOf(one.due, now);
  const title = one.text ?? (one.kind !== "callback" ? words("taskErased") : words("callbackOf", { who: who ?? words("unknown") }));
  const later = () => act.run("later", () => api.taskSet(me, one.task!, { due: new Date(Math.max(now, one.due ? Date.parse(one.due) : 0) + LATER_MS).toISOString() }).then(again));

  return (
    <li className={`thing ${due.state} ${one.gone ? "gone" : ""}`}>
      <div className="thing-top">
        <span className="sign" role="img" aria-label={one.ticket ? say("kind") : words(one.kind === "task" ? "taskKind" : "callbackKind")}>
          {one.ticket ? "▣" : one.kind === "task" && !one.contact ? "▤" : "↩"}
        </span>
        <span className="grow">
          <strong className="thing-text">{title}</strong>
          {one.ticket ? (
            <span className="small soft">
              {say("inTicket", { number: one.ticket.id })}
              {one.ticket.status === "waiting" ? ` · ${say("waiting")}` : ""}
            </span>
          ) : null}
          {who || client ? <span className="small soft cut">{[one.text ? who : null, client].filter(Boolean).join(" · ")}</span> : null}
          <span>
            {one.gone ? (
              <span className="badge good">{words("taskDone")}</span>
            ) : due.state === "none" ? null : (
              <span className={`badge ${due.state === "late" ? "bad" : due.state === "soon" ? "warn" : ""}`}>
                {due.state === "later" ? moment(one.due!, of) : words(due.state === "late" ? "dueLate" : "dueIn", { time: clock(due.ms) })}
              </span>
            )}
          </span>
        </span>
      </div>
      <div className="row wrap thing-do">
          {one.ticket ? (
            <Button small disabled={one.gone} label={say("showThis", { number: one.ticket.id, text: title })} onPress={onTicket}>
              {say("show")}
            </Button>
          ) : null}
          {one.contact ? (
            <Button small disabled={one.gone || busy || act.busy !== null || !callable(one.address)} title={callable(one.address) ? undefined : words("numberHidden")} label={words("callWhom", { who: who ?? words("unknown") })} onPress={onCall}>
              {words("callThis")}
            </Button>
          ) : null}
          {one.kind === "task" ? (
            <>
              <Button small disabled={one.gone || act.busy !== null} label={words("doneThis", { text: title })} onPress={onDone}>
                {words("taskDone")}
              </Button>
              <Button small kind="plain" disabled={one.gone || act.busy !== null} label={words("laterThis", { text: title })} onPress={later}>
                {words("taskLater")}
              </Button>
            </>
          ) : null}
      </div>
    </li>
  );
}

export interface ListProps {
  work: readonly Work[];
  chosen: string | null;
  choose: (contact: string) => void;
  ready: boolean;
  /** A call is in hand: no other is placed. */
  busy: boolean;
  onCall: (thing: Thing) => void;
  onTicket: (thing: Thing) => void;
  /** Asked for in another place of the page. */
  begun: Begun | null;
  begin: (begun: Begun | null) => void;
}

export function WorkList({ work, chosen, choose, ready, busy, onCall, onTicket, begun, begin }: ListProps) {
  const words = useWords(deskWords);
  const me = useLive((page) => page.me?.agent ?? null);
  const now = useNow();
  const [over, setOver] = useState(false);
  const [inside, setInside] = useState(false);
  // callbacks come and go without us; a wrap-up may have promised one
  const things = useStill(useThings(me, `${Math.floor(now / 30_000)} ${work.map((one) => one.contact + one.state).join()}`), over || inside);
  const act = useAct();
  const say = useWords(ticketWords);
  const [done, setDone] = useState<Thing | null>(null);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(null), UNDO_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const end = (one: Thing) =>
    act.run("done", () =>
      api.taskSet(me ?? "", one.task!, { done: true }).then(() => {
        again();
        setDone(one.text ? one : null); // words that are erased cannot be written again
      }),
    );
  /** Nobody is asked whether he is sure: it is written once more as it was. */
  const undo = (one: Thing) =>
    act.run("undo", () =>
      api.taskNew(me ?? "", { text: one.text!, ...(one.due ? { due: one.due } : {}), ...(one.contact ? { contact: one.contact } : {}) }).then(() => {
        again();
        setDone(null);
      }),
    );

  useCommands([
    { id: "task", name: words("task"), hotkey: keys.task, run: () => begin({ contact: null, who: "", text: "" }) },
    ...things
      .filter((one) => !one.gone && !one.coach)
      .flatMap((one) => {
        const name = one.text ?? words("callbackOf", { who: one.name ?? (one.address ? readable(one.address) : words("unknown")) });
        return [
          { id: `call ${one.key}`, name: words("commandCall", { name }), deep: true, run: one.contact && !busy && callable(one.address) ? () => onCall(one) : undefined },
          { id: `show ${one.key}`, name: say("showThis", { number: one.ticket?.id ?? "", text: name }), deep: true, run: one.ticket ? () => onTicket(one) : undefined },
          { id: `done ${one.key}`, name: words("commandDone", { name }), deep: true, run: one.task ? () => end(one) : undefined },
        ];
      }),
    { id: "undo done", name: words("undoDone", { text: done?.text ?? "" }), run: done ? () => undo(done) : undefined },
  ]);
  return (
    <>
      <div className="work-now">
        {work.length === 0 ? (
          <p className="empty soft">
            {words("nothing")}
            <br />
            {ready ? words("nothingReady") : words("nothingNotReady", { key: keys.ready })}
          </p>
        ) : (
          <ul className="work">
            {work.map((one) => (
              <Row key={one.offer ?? one.contact} one={one} chosen={chosen === one.contact} choose={() => choose(one.contact)} />
            ))}
          </ul>
        )}
      </div>
      <div className="row things-head">
        <h3 className="grow">{words("things")}</h3>
        <Button small hotkey={keys.task} label={words("task")} expanded={begun !== null} onPress={() => begin(begun ? null : { contact: null, who: "", text: "" })}>
          {words("taskShort")}
        </Button>
      </div>
      {begun ? <NewTask key={begun.contact ?? ""} begun={begun} onDone={() => begin(null)} /> : null}
      <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
        {act.problem ? words("failed", { why: act.problem }) : ""}
      </p>
      {things.length === 0 ? (
        <p className="small soft things-none">{words("thingsNone")}</p>
      ) : (
        <ul
          className="things"
          onPointerEnter={() => setOver(true)}
          onPointerLeave={() => setOver(false)}
          onFocus={() => setInside(true)}
          onBlur={(event) => setInside(event.currentTarget.contains(event.relatedTarget))}
        >
          {things.map((one) => one.coach ? (
            <CoachRow key={one.key} note={one.coach} gone={one.gone} act={act} />
          ) : (
            <ThingRow key={one.key} one={one} act={act} busy={busy} onCall={() => onCall(one)} onTicket={() => onTicket(one)} onDone={() => end(one)} />
          ))}
        </ul>
      )}
      <p role="status" className={done ? "row small soft done-just" : "hidden"}>
        {done ? (
          <>
            <span className="grow cut">{words("doneJust", { text: done.text })}</span>
            <Button small label={words("undoDone", { text: done.text })} disabled={act.busy !== null} onPress={() => undo(done)}>
              {words("undo")}
            </Button>
          </>
        ) : null}
      </p>
    </>
  );
}
