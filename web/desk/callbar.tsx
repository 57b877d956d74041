// The call bar: always in its place, every button in its own. What rings fills it; the ring takes nothing away from typing.
import { useEffect, useRef, useState } from "react";
import { api, type Card } from "../shared/api.gen";
import { clock, moment, useNow } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { phone } from "../shared/phone";
import { useStore } from "../shared/store";
import { Announce, Button, useGuard, useKeys } from "../shared/ui";
import { callWords } from "../shared/words";
import type { Act } from "./act";
import { useCard } from "./card";
import { keys } from "./keys";
import { canDo, nameCall, type Calls, type Work } from "./model";
import { TargetPicker, type Target } from "./target";
import { whoIs } from "./who";
import { Wrapup } from "./wrapup";
import { deskWords } from "./words";

export type Asking = "transfer" | "consult" | "dial" | null;

function Who({ call, card, now }: { call: Work; card: Card | null; now: number }) {
  const words = useWords(deskWords);
  const of = useStore(language);
  const directory = useLive((page) => page.directory);
  const queue = directory?.queues.find((one) => one.id === call.queue);
  const client = directory?.clients.find((one) => one.id === (call.of?.client ?? queue?.client));
  const last = card?.history[0];
  const items = card?.items ?? [];
  const waited = call.of ? (call.state === "offered" ? now : Date.parse(call.since)) - Date.parse(card?.queued ?? call.of.arrived) : 0;

  return (
    <div className="who">
      <p className="who-client">
        <strong>{client?.name ?? words("noClient")}</strong>
        {queue ? <span className="soft"> · {queue.name}</span> : null}
        {card?.vip ? <span className="badge warn">{words("vip")}</span> : null}
      </p>
      <p className="who-name">{whoIs(call, words, card)}</p>
      {call.state === "offered" && card?.greeting ? <p className="greeting">{words("greeting", { sentence: card.greeting })}</p> : null}
      <p className="small soft who-facts">
        {call.of?.direction === "inbound" ? <span>{words("waited", { time: clock(waited) })}</span> : null}
        {items.map((item) => (
          <span key={item.id}>
            {item.text}
            {item.value ? `: ${item.value}` : ""}
          </span>
        ))}
        {card ? (
          last ? (
            <span>
              {words("lastContact", { what: [moment(last.arrived, of), last.disposition_text, last.agent_name].filter(Boolean).join(" · ") })}
            </span>
          ) : (
            <span>{words("first")}</span>
          )
        ) : null}
      </p>
    </div>
  );
}

export function CallBar({ calls, act, asking, setAsking, dialTo }: { calls: Calls; act: Act; asking: Asking; setAsking: (asking: Asking) => void; dialTo: string }) {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? "");
  const directory = useLive((page) => page.directory);
  const now = useNow();
  const line = useStore(phone.shown);
  const { main, asked } = calls;
  const canMute = line.talking && !!main && main.state !== "offered";
  const can = canDo(calls);
  const { card } = useCard(main?.contact ?? null, of, `${main?.state}${main?.of?.person ?? ""}`);
  const holdGuard = useGuard(can.hold ? "hold" : can.resume ? "resume" : null);
  const pauseGuard = useGuard(can.pause ? (main?.of?.recording_paused ? "resume" : "pause") : null);
  const [said, setSaid] = useState("");
  const announced = useRef("");

  const offer = main?.offer ?? "";
  const answer = () => act.run("answer", () => (phone.answer() ? Promise.resolve() : api.offerAccept(offer)));
  const hold = () => act.run("hold", () => (can.resume ? api.offerResume(offer) : api.offerHold(offer)));
  const pause = () => act.run("pause", () => api.record(me, { action: main?.of?.recording_paused ? "resume" : "pause" }));
  const hangup = () => act.run("hangup", () => (asked?.offer ? api.offerHangup(asked.offer) : api.offerHangup(offer)));
  const refuse = () => act.run("refuse", () => api.offerRefuse(offer));
  const merge = () => asked && act.run("merge", () => api.offerMerge(offer, { contact: asked.contact }));
  const conference = () => asked && act.run("conference", () => api.offerConference(offer, { contact: asked.contact }));
  const choose = (target: Target, name: string) => {
    const body = { kind: target.kind, to: target.to };
    const how = asking;
    setAsking(null);
    if (how === "transfer") act.run("transfer", () => api.offerTransfer(offer, body));
    else if (how === "consult") act.run("consult", () => api.offerConsult(offer, body).then((placed) => nameCall(placed.contact, name)));
    else {
      if (line.state === "ready") phone.expectOwn();
      act.run("dial", () => api.call(me, target.client ? { ...body, client: target.client } : body).then((placed) => nameCall(placed.contact, name)));
    }
  };

  useKeys({
    [keys.primary]: main?.state !== "wrap-up" && can.answer ? answer : undefined,
    [keys.hold]: can.hold || can.resume ? hold : undefined,
    [keys.mute]: canMute ? () => phone.mute(!line.muted) : undefined,
    [keys.refuse]: can.refuse ? refuse : undefined,
    [keys.transfer]: can.transfer ? () => setAsking("transfer") : undefined,
    [keys.consult]: can.consult ? () => setAsking("consult") : undefined,
    [keys.pause]: can.pause ? pause : undefined,
    [keys.hangup]: can.hangup ? hangup : undefined,
    [keys.merge]: can.merge ? () => void merge() : undefined,
    [keys.conference]: can.merge ? () => void conference() : undefined,
    [keys.dial]: !main ? () => setAsking("dial") : undefined,
  });

  const client = directory?.clients.find((one) => one.id === main?.of?.client)?.name ?? words("noClient");
  const who = main ? whoIs(main, words, card) : "";
  const ringing = main?.state === "offered" && main.of?.direction === "inbound" ? main.offer : null;
  useEffect(() => {
    if (!ringing) {
      announced.current = "";
      setSaid("");
    } else if (announced.current !== ringing) {
      announced.current = ringing;
      setSaid(words("incoming", { client, who }));
    }
  }, [ringing, client, who, words]);
  useEffect(() => {
    document.title = ringing ? `☎ ${call("offered")} · ${client}` : `${words("title")} · Sapa`;
  }, [ringing, client, words, call]);

  const colleague = (one: Work) => directory?.agents.find((agent) => agent.extension === one.of?.address)?.name ?? whoIs(one, words);
  const stateName = main ? call(main.state === "offered" ? "offered" : main.state === "on hold" ? "held" : "talking") : "";

  return (
    <section className={`call card ${main ? main.state.replace(" ", "-") : "idle"}`} aria-label={words("callBar")}>
      <Announce text={said} urgent />
      {main?.state === "wrap-up" ? (
        <Wrapup key={main.offer} work={main} act={act} who={who} />
      ) : (
        <>
          <div className="call-top">
            {main ? <Who call={main} card={card} now={now} /> : <p className="who soft">{words("idle")}</p>}
            {main ? (
              <div className="call-clock">
                <span className={`badge ${main.state === "offered" ? "good pulse" : main.state === "on hold" ? "warn" : "accent"}`}>{stateName}</span>
                <span className="mono big">{main.state === "offered" && main.due ? `−${clock(Date.parse(main.due) - now)}` : clock(now - Date.parse(main.since))}</span>
                {main.of?.recording ? (
                  <span className={`badge ${main.of.recording_paused ? "warn" : ""}`}>
                    <span aria-hidden="true">{main.of.recording_paused ? "‖" : "●"}</span> {words(main.of.recording_paused ? "paused" : "recorded")}
                  </span>
                ) : null}
              </div>
            ) : (
              <Button hotkey={keys.dial} disabled={act.busy !== null} expanded={asking === "dial"} onPress={() => setAsking(asking === "dial" ? null : "dial")}>
                {words("dial")}
              </Button>
            )}
          </div>
          <div className="controls">
            <Button kind="good" hotkey={keys.primary} disabled={!can.answer || act.busy !== null} onPress={answer}>
              {words("answer")}
            </Button>
            <Button className="hold" hotkey={keys.hold} disabled={(!can.hold && !can.resume) || holdGuard || act.busy !== null} pressed={main?.state === "on hold"} onPress={hold}>
              {words(can.resume ? "resume" : "hold")}
            </Button>
            <Button hotkey={keys.mute} disabled={!canMute} pressed={line.muted} title={line.talking ? undefined : words("muteHelp")} onPress={() => phone.mute(!line.muted)}>
              {words("mute")}
            </Button>
            <Button hotkey={keys.transfer} disabled={!can.transfer || act.busy !== null} expanded={asking === "transfer"} onPress={() => setAsking(asking === "transfer" ? null : "transfer")}>
              {words("transfer")}
            </Button>
            <Button hotkey={keys.consult} disabled={!can.consult || act.busy !== null} expanded={asking === "consult"} onPress={() => setAsking(asking === "consult" ? null : "consult")}>
              {words("consult")}
            </Button>
            <Button className="pause" hotkey={keys.pause} disabled={!can.pause || pauseGuard || act.busy !== null} pressed={main?.of?.recording_paused ?? false} onPress={pause}>
              {words(main?.of?.recording_paused ? "unpause" : "pause")}
            </Button>
            <span className="apart">
              {can.refuse ? (
                <Button kind="bad" hotkey={keys.refuse} disabled={act.busy !== null} onPress={refuse}>
                  {words("refuse")}
                </Button>
              ) : (
                <Button kind="bad" hotkey={keys.hangup} disabled={!can.hangup || act.busy !== null} onPress={hangup}>
                  {words("hangup")}
                </Button>
              )}
            </span>
          </div>
          {asked ? (
            <div className="beside" role="group" aria-label={words("consulting", { who: colleague(asked) })}>
              <span className="grow">
                <strong>{words("consulting", { who: colleague(asked) })}</strong>{" "}
                <span className="mono soft">{clock(now - Date.parse(asked.since))}</span>
              </span>
              <Button hotkey={keys.merge} disabled={!can.merge || act.busy !== null} title={words("mergeHelp")} onPress={() => void merge()}>
                {words("merge")}
              </Button>
              <Button hotkey={keys.conference} disabled={!can.merge || act.busy !== null} onPress={() => void conference()}>
                {words("conference")}
              </Button>
              <Button disabled={act.busy !== null} onPress={hangup}>
                {words("back", { who })}
              </Button>
            </div>
          ) : null}
          {asking && (asking === "dial" ? !main : can.transfer) ? (
            <TargetPicker
              key={asking + dialTo}
              title={words(asking === "transfer" ? "transferTo" : asking === "consult" ? "consultWhom" : "dialWhom")}
              action={words(asking)}
              begin={asking === "dial" ? dialTo : ""}
              withClient={asking === "dial"}
              onChoose={choose}
              onCancel={() => setAsking(null)}
            />
          ) : null}
        </>
      )}
      <p role="alert" className={act.problem ? "notice bad" : "hidden"}>
        {act.problem ? words("failed", { why: act.problem }) : ""}
      </p>
    </section>
  );
}

