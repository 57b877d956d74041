// The agent's desk: strip, work, call bar with notes, customer. One page, laid out for every channel.
import { useEffect, useState } from "react";
import { api } from "../shared/api.gen";
import { Frame } from "../shared/frame";
import { language, useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { useKeys } from "../shared/ui";
import { useAct, type Act } from "./act";
import { CallBar, type Asking } from "./callbar";
import { useCard } from "./card";
import { Customer } from "./customer";
import { keys } from "./keys";
import { WorkList } from "./list";
import { callsOf, workOf, type Work } from "./model";
import { Notes } from "./notes";
import { PhoneMenu } from "../shared/phonemenu";
import { Handled, Heard, Help, Keys, Messages, MyState, Pressure } from "./strip";
import { whoIs } from "./who";
import { deskWords } from "./words";
import { choose, Dispositions, useChosen } from "./wrapup";

type Pane = "work" | "contact" | "customer";

/** What came of it can be chosen while they still talk. */
function DuringCall({ work, act }: { work: Work; act: Act }) {
  return <Dispositions work={work} value={useChosen(work)} onChange={(id) => act.run("disposition", () => choose(work, id))} />;
}

export function Desk() {
  const words = useWords(deskWords);
  const of = useStore(language);
  const me = useLive((page) => page.me?.agent ?? null);
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const contacts = useLive((page) => page.live.contacts);
  const reasons = useLive((page) => page.directory?.reasons);
  const fresh = useLive((page) => page.live.feed !== "");
  const act = useAct();
  const stateAct = useAct();
  const [wanted, setWanted] = useState<string | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const [dialTo, setDialTo] = useState("");
  const [pane, setPane] = useState<Pane>("contact");

  const work = workOf(agent, contacts);
  const calls = callsOf(work);
  const chosen = work.find((one) => one.contact === wanted) ?? calls.main ?? work[0] ?? null;
  const { card } = useCard(chosen?.contact ?? null, of, `${chosen?.state}${chosen?.of?.person ?? ""}`);
  const who = chosen ? whoIs(chosen, words, card) : "";

  // what is being asked for belongs to the call as it was
  const callNow = `${calls.main?.contact ?? ""}${calls.main?.state ?? ""}${calls.asked?.contact ?? ""}`;
  useEffect(() => {
    if (calls.main?.state === "offered" || !calls.main) return;
    setAsking((now) => (now === "dial" ? null : now));
  }, [callNow]);
  // a new contact is shown when nothing else was chosen; what was chosen stays
  useEffect(() => {
    if (wanted && !work.some((one) => one.contact === wanted)) setWanted(null);
  }, [wanted, work]);

  const ready = () => {
    if (!me || !agent) return;
    const first = reasons?.[0]?.id;
    stateAct.run("state", () => api.state(me, agent.presence === "ready" ? (first ? { state: "not_ready", reason: first } : { state: "not_ready" }) : { state: "ready" }));
  };
  useKeys({
    [keys.ready]: ready,
    [keys.notes]: () => document.querySelector<HTMLTextAreaElement>("[data-notes]")?.focus(),
  });
  const dial = (number: string) => {
    setDialTo(number);
    setAsking("dial");
  };

  return (
    <Frame
      here="desk"
      className="desk"
      main={
        <div className="desk-main" data-pane={pane} aria-busy={!fresh}>
          <h1 className="hidden">{words("title")}</h1>
          <Messages />
          <div className="panes choice" role="group" aria-label={words("moves")}>
            {(["work", "contact", "customer"] as const).map((one) => (
              <button type="button" key={one} className="button small" aria-pressed={pane === one} onClick={() => setPane(one)}>
                {words(one)}
                {one === "work" && work.length > 0 ? ` (${work.length})` : ""}
              </button>
            ))}
          </div>
          <section className="pane pane-work" aria-labelledby="head-work">
            <h2 id="head-work">{words("work")}</h2>
            {fresh ? <WorkList work={work} chosen={chosen?.contact ?? null} choose={setWanted} ready={agent?.presence === "ready"} /> : null}
          </section>
          <div className="pane-middle">
            <CallBar calls={calls} act={act} asking={asking} setAsking={setAsking} dialTo={dialTo} />
            <section className="pane pane-contact card" aria-label={words("contact")}>
              {chosen ? (
                <>
                  <Notes key={chosen.contact} contact={chosen.contact} who={words("notesFor", { who })} note={card?.note ?? null} />
                  {chosen.state === "talking" || chosen.state === "on hold" ? (
                    <DuringCall key={`d${chosen.contact}`} work={chosen} act={act} />
                  ) : null}
                </>
              ) : (
                <p className="empty soft">{words("nothing")}</p>
              )}
            </section>
          </div>
          <aside className="pane pane-customer card" aria-label={words("customer")}>
            <Customer work={chosen} onDial={dial} />
          </aside>
        </div>
      }
    >
      <MyState act={stateAct} />
      <Heard />
      <span role="alert" className={stateAct.problem ? "badge bad" : "hidden"}>
        {stateAct.problem ? words("failed", { why: stateAct.problem }) : ""}
      </span>
      <span className="grow" />
      <Handled />
      <Pressure />
      <PhoneMenu />
      <Help act={stateAct} />
      <Keys />
    </Frame>
  );
}
