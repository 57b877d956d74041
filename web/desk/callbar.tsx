// The call bar: always in its place, every button in its own. What rings fills it; the ring takes nothing away from typing.
import { useEffect, useRef, useState } from "react";
import { api, type Card } from "../shared/api.gen";
import { clock, moment, useNow } from "../shared/clock";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { phone } from "../shared/phone";
import { useStore } from "../shared/store";
import { Announce, Button, useGuard } from "../shared/ui";
import { callWords } from "../shared/words";
import type { Act } from "./act";
import { useCard } from "./card";
import { useCommands } from "./commands";
import { VERIFIED } from "./customer";
import { favouriteKey, favourites } from "./favourites";
import { keys } from "./keys";
import { canDo, leaderOf, nameParties, nameOfParty, othersOf, type Calls, type Work } from "./model";
import { TargetPicker, type Target } from "./target";
import { whoIs } from "./who";
import { Wrapup } from "./wrapup";
import { deskWords } from "./words";

export type Asking = "transfer" | "consult" | "dial" | null;

/** Transfer or consult: whom? Chosen by a key, from the favourites, or in the picker. */
export type Pass = (how: "transfer" | "consult", target: Target, name: string) => void;

function Who({ call, card, now }: { call: Work; card: Card | null; now: number }) {
  const words = useWords(deskWords);
  const of = useStore(language);
  const directory = useLive((page) => page.directory);
  const queue = directory?.queues.find((one) => one.id === call.queue);
  const client = directory?.clients.find((one) => one.id === (call.of?.client ?? queue?.client));
  const last = card?.history[0];
  const items = card?.items.filter((item) => item.id !== VERIFIED) ?? [];
  const waited = call.of ? (call.state === "offered" ? now : Date.parse(call.since)) - Date.parse(card?.queued ?? call.of.arrived) : 0;

  return (
    <div className="who">
      <p className="who-client">
        <strong>{card?.brand ?? client?.name ?? words("noClient")}</strong>
        {card?.campaign_name ? <span className="soft"> · {card.campaign_name}</span> : null}
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

/** Everybody else in a conference, each of whom can be let go. */
function Parties({ call, act, leave }: { call: Work; act: Act; leave: () => void }) {
  const words = useWords(deskWords);
  const agents = useLive((page) => page.directory?.agents);
  const others = othersOf(call);
  nameParties(call.contact, others);
  const named = others.map((one, place) => ({ ...one, name: agents?.find((agent) => agent.id === one.agent)?.name ?? nameOfParty(one.party) ?? words("outsideParty", { place: place + 1 }) }));
  const drop = (party: string) => act.run("drop", () => api.offerDrop(call.offer ?? "", { party }));

  useCommands([
    ...named.map((one) => ({ id: `drop ${one.party}`, name: words("drop", { who: one.name }), run: () => drop(one.party) })),
    { id: "leave", name: words("leave"), hotkey: keys.leave, run: others.length > 0 ? leave : undefined },
  ]);
  if (others.length === 0) return null;
  return (
    <div className="beside" role="group" aria-label={words("parties")}>
      <strong>{words("parties")}</strong>
      <ul className="row wrap grow">
        {named.map((one) => (
          <li key={one.party} className="row party">
            <span>{one.name}</span>
            <Button small disabled={act.busy !== null} label={words("drop", { who: one.name })} onPress={() => drop(one.party)}>
              {words("dropShort")}
            </Button>
          </li>
        ))}
      </ul>
      <Button small hotkey={keys.leave} disabled={act.busy !== null} title={words("leaveHelp")} onPress={leave}>
        {words("leave")}
      </Button>
    </div>
  );
}

interface CallBarProps {
  calls: Calls;
  act: Act;
  asking: Asking;
  setAsking: (asking: Asking) => void;
  place: (target: Target, name: string) => void;
  pass: Pass;
}

export function CallBar({ calls, act, asking, setAsking, place, pass }: CallBarProps) {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? "");
  const directory = useLive((page) => page.directory);
  const now = useNow();
  const line = useStore(phone.shown);
  const { main, asked } = calls;
  const mayRefuse = useLive((page) => page.me?.rights.includes("refuse") ?? false);
  const canMute = line.talking && !!main && main.state !== "offered";
  const can = canDo(calls, mayRefuse);
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
  const conference = () => {
    if (!asked) return;
    const name = colleague(asked);
    act.run("conference", () => api.offerConference(offer, { contact: asked.contact }).then(() => nameParties(main?.contact ?? "", [], name)));
  };
  const leave = () => act.run("leave", () => api.offerLeave(offer));
  const choose = (target: Target, name: string) => {
    const how = asking;
    setAsking(null);
    if (how === "transfer" || how === "consult") pass(how, target, name);
    else place(target, name);
  };
  const often = useStore(favourites(me));
  const leader = leaderOf(directory?.agents ?? []);
  const askLeader = can.consult && leader ? () => pass("consult", { kind: "agent", to: leader.id }, leader.name) : undefined;
  const colleague = (one: Work) => directory?.agents.find((agent) => agent.extension === one.of?.address)?.name ?? whoIs(one, words);

  useCommands([
    { id: "answer", name: words("answer"), hotkey: keys.primary, run: main?.state !== "wrap-up" && can.answer ? answer : undefined },
    { id: "hold", name: words(can.resume ? "resume" : "hold"), hotkey: keys.hold, run: can.hold || can.resume ? hold : undefined },
    { id: "mute", name: words(line.muted ? "unmute" : "mute"), hotkey: keys.mute, run: canMute ? () => phone.mute(!line.muted) : undefined },
    { id: "refuse", name: words("refuse"), hotkey: keys.refuse, run: can.refuse ? refuse : undefined },
    { id: "transfer", name: words("transfer"), hotkey: keys.transfer, run: can.transfer ? () => setAsking("transfer") : undefined },
    ...often.map((one, at) => ({ id: `favourite ${at}`, name: words("transferNow", { who: one.name }), hotkey: favouriteKey(at), run: can.transfer ? () => pass("transfer", one, one.name) : undefined })),
    { id: "consult", name: words("consult"), hotkey: keys.consult, run: can.consult ? () => setAsking("consult") : undefined },
    { id: "leader", name: words("leaderLong"), ...(leader ? { about: leader.name } : {}), hotkey: keys.leader, run: askLeader },
    { id: "pause", name: words(main?.of?.recording_paused ? "unpause" : "pause"), hotkey: keys.pause, run: can.pause ? pause : undefined },
    { id: "hangup", name: words("hangup"), hotkey: keys.hangup, run: can.hangup ? hangup : undefined },
    { id: "merge", name: words("merge"), hotkey: keys.merge, run: can.merge ? () => void merge() : undefined },
    { id: "conference", name: words("conference"), hotkey: keys.conference, run: can.merge ? conference : undefined },
    { id: "dial", name: words("dial"), hotkey: keys.dial, run: !main ? () => setAsking("dial") : undefined },
  ]);

  const client = directory?.clients.find((one) => one.id === main?.of?.client)?.name ?? words("noClient");
  const who = main ? whoIs(main, words, card) : "";
  const ringing = main?.state === "offered" && main.of?.direction === "inbound" ? main.offer : null;
  useEffect(() => {
    if (!ringing) {
      announced.current = "";
      setSaid("");
    } else if (announced.current !== ringing) {
      announced.current = ringing;
      setSaid(words(main?.autoAnswer ? "incomingAuto" : "incoming", { client, who }));
    }
  }, [ringing, client, who, words, main?.autoAnswer]);
  useEffect(() => {
    document.title = ringing ? `☎ ${call("offered")} · ${client}` : `${words("title")} · Sapa`;
  }, [ringing, client, words, call]);

  const stateName = main ? call(main.state === "offered" ? "offered" : main.state === "on hold" ? "held" : "talking") : "";

  return (
    <section className={`call card ${main ? main.state.replace(" ", "-") : "idle"}`} aria-label={words("callBar")}>
      <Announce text={said} urgent />
      {main?.state === "wrap-up" ? (
        <Wrapup key={main.offer} work={main} act={act} who={who} />
      ) : (
        <>
          <div className="call-top">
            {main ? (
              <Who call={main} card={card} now={now} />
            ) : (
              <>
                <Button hotkey={keys.dial} disabled={act.busy !== null} expanded={asking === "dial"} onPress={() => setAsking(asking === "dial" ? null : "dial")}>
                  {words("dial")}
                </Button>
                <p className="who soft">{words("idle")}</p>
              </>
            )}
            {main ? (
              <div className="call-clock">
                {main.autoAnswer ? <span className="badge accent">{words("answersItself")}</span> : null}
                <span className={`badge ${main.state === "offered" ? "good pulse" : main.state === "on hold" ? "warn" : "accent"}`}>{stateName}</span>
                <span className="mono big">{main.state === "offered" && main.due ? `−${clock(Date.parse(main.due) - now)}` : clock(now - Date.parse(main.since))}</span>
                {main.of?.recording ? (
                  <span className={`badge ${main.of.recording_paused ? "warn" : ""}`}>
                    <span aria-hidden="true">{main.of.recording_paused ? "‖" : "●"}</span> {words(main.of.recording_paused ? "paused" : "recorded")}
                  </span>
                ) : null}
              </div>
            ) : null}
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
            <Button hotkey={keys.leader} disabled={!askLeader || act.busy !== null} label={words("leaderLong")} title={leader ? leader.name : words("leaderNone")} onPress={() => askLeader?.()}>
              {words("leader")}
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
              <Button hotkey={keys.conference} disabled={!can.merge || act.busy !== null} onPress={conference}>
                {words("conference")}
              </Button>
              <Button disabled={act.busy !== null} onPress={hangup}>
                {words("back", { who })}
              </Button>
            </div>
          ) : null}
          {main && !asked && main.of?.direction !== "internal" ? <Parties call={main} act={act} leave={leave} /> : null}
          {often.length > 0 && can.transfer && !asking ? (
            <div className="row wrap favourites" role="group" aria-label={words("favourites")}>
              <span className="small soft">{words("favourites")}</span>
              {often.map((one, at) => (
                <Button key={one.kind + one.to} small hotkey={favouriteKey(at)} disabled={act.busy !== null} label={words("transferNow", { who: one.name })} onPress={() => pass("transfer", one, one.name)}>
                  {one.name}
                </Button>
              ))}
            </div>
          ) : null}
          {asking && (asking === "dial" ? !main || main.state === "offered" : can.transfer) ? (
            <TargetPicker
              key={asking}
              title={words(asking === "transfer" ? "transferTo" : asking === "consult" ? "consultWhom" : "dialWhom")}
              action={words(asking)}
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

