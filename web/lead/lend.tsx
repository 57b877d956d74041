// Skills, queues and team of one agent or of many, at once, for a while or for good; taken back with one click.
import { useEffect, useRef, useState, type FormEvent } from "react";
import { api, type Agent, type ChangeResult, type ChangesBody } from "../shared/api.gen";
import { Problem } from "../shared/call";
import { now } from "../shared/clock";
import { language, locale, useWords } from "../shared/i18n";
import { page, useLive } from "../shared/live";
import { useProblems } from "../shared/problem";
import { useStore } from "../shared/store";
import { Button } from "../shared/ui";
import { bodies, isEmpty, joined, noWish, undoOf, type QueueWish, type SkillWish, type TeamWish, type Wish } from "./change";
import { untilChoices } from "./model";
import { leadWords } from "./words";

export function useUntil(): (until: Date | string | null) => string {
  const words = useWords(leadWords);
  const of = useStore(language);

  return (until) => {
    if (until === null) return words("forGood");
    const end = new Date(until);
    const soon = end.getTime() - now() < 20 * 3_600_000;
    return words("until", { time: new Intl.DateTimeFormat(locale(of), soon ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(end) });
  };
}

interface Said {
  text: string;
  bad: boolean;
  failed: ChangeResult[];
  undo: ChangesBody[];
}
const silent: Said = { text: "", bad: false, failed: [], undo: [] };

async function ask(all: ChangesBody[]): Promise<ChangeResult[]> {
  const answers: ChangeResult[][] = [];
  for (const body of all) answers.push((await api.changes(body)).items);
  return joined(answers);
}

/** What is changed of an agent by hand, and the way back. */
export function Lent({ agent }: { agent: Agent }) {
  const words = useWords(leadWords);
  const until = useUntil();
  const inWords = useProblems();
  const queues = useLive((one) => one.directory?.queues) ?? [];
  const may = useLive((one) => one.me?.rights.includes("agents") ?? false);
  const [problem, setProblem] = useState("");

  if (agent.changes.length === 0) return null;
  return (
    <div className="panel-part">
      <h3>{words("lent")}</h3>
      <ul className="list">
        {agent.changes.map((one) => {
          const name = one.skill ?? queues.find((queue) => queue.id === one.queue)?.name ?? one.queue ?? one.team ?? "";
          const what = one.team !== null ? words("inTeam", { team: name }) : one.skill ? (one.level === 0 ? words("skillGone", { skill: name }) : words("skillIs", { skill: name, level: one.level ?? 0 })) : words(one.serves ? "servesNow" : "servesNot", { queue: name });
          return (
            <li key={what} className="row">
              <span className="grow">
                {what} <span className="soft small">{until(one.until)}</span>
              </span>
              {may ? (
                <Button
                  small
                  label={words("giveBackOf", { what })}
                  onPress={() =>
                    void api
                      .changes({ agents: [agent.id], ...(one.team !== null ? { team: null } : one.skill ? { skills: [{ skill: one.skill }] } : { queues: [{ queue: one.queue! }] }) })
                      .then(({ items }) => setProblem(items[0]?.problem ?? ""))
                      .catch((error: unknown) => setProblem(inWords(error)))
                  }
                >
                  {words("giveBack")}
                </Button>
              ) : null}
            </li>
          );
        })}
      </ul>
      <p role="alert" className={problem ? "said bad" : "hidden"}>
        {problem}
      </p>
    </div>
  );
}

/** For these agents. */
export function ChangeForm({ agents }: { agents: string[] }) {
  const words = useWords(leadWords);
  const until = useUntil();
  const inWords = useProblems();
  const directory = useLive((one) => one.directory);
  const clients = useLive((one) => one.me?.clients ?? null);
  const names = useLive((one) => one.live.agents);
  const [wish, setWish] = useState(noWish);
  const [end, setEnd] = useState("0");
  const [choices] = useState(() => untilChoices(now()));
  const [said, setSaid] = useState<Said>(silent);
  const [busy, setBusy] = useState(false);
  const status = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (said.text) status.current?.scrollIntoView({ block: "nearest" }); // what was done, and the way back, may lie below the panel's edge
  }, [said]);
  const skills = directory?.skills ?? [];
  const teams = directory?.teams ?? [];
  const queues = (directory?.queues ?? []).filter((queue) => clients === null || (queue.client !== null && clients.includes(queue.client)));
  const whole: Wish = { ...wish, until: end === "" ? null : (choices[Number(end)] ?? null) };
  const nameOf = (id: string) => names.get(id)?.name ?? id;
  const problemOf = (one: ChangeResult) => {
    const client = one.code === "EDENIED" ? one.problem?.replace(/^works not for /, "") : "";
    return client ? words("notOfClient", { client }) : one.code === "ENOENT" ? words("notYours") : one.code === "ELIMIT" ? words("tooMany") : one.code === "EINVAL" ? words("ofThatTeam") : (one.problem ?? "");
  };
  const run = (what: ChangesBody[], told: (done: ChangeResult[]) => Pick<Said, "text" | "undo">) => {
    if (busy) return;
    setBusy(true);
    setSaid(silent);
    ask(what)
      .then((results) => {
        const failed = results.filter((one) => !one.done);
        const done = results.filter((one) => one.done);
        setSaid({ ...(done.length ? told(done) : { text: words("nothingChanged"), undo: [] }), bad: done.length === 0, failed });
      })
      .catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        setSaid({ ...silent, text: words("failed", { why: inWords(error) }), bad: true });
      })
      .finally(() => setBusy(false));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isEmpty(wish)) {
      setSaid({ ...silent, text: words("chooseFirst"), bad: true });
      return;
    }
    if (agents.length === 0) {
      setSaid({ ...silent, text: words("chooseAgents"), bad: true });
      return;
    }
    const before = new Map(agents.map((id) => [id, page.get().live.agents.get(id)]));
    run(bodies(whole, agents), (done) => ({
      text: words("changed", { n: done.length, until: until(whole.until) }),
      undo: undoOf(
        whole,
        done.map((one) => before.get(one.agent)),
        now(),
      ),
    }));
    setWish(noWish);
  };
  const undo = () => {
    status.current?.focus(); // the button goes away
    run(said.undo, (done) => ({ text: words("takenBack", { n: done.length }), undo: [] }));
  };

  return (
    <form className="panel-part change" onSubmit={submit}>
      <h3>{words("skillsAndQueues")}</h3>
      <div className="change-lists">
        {teams.length > 1 ? (
          <label className="row change-row">
            <span className="grow cut">{words("team")}</span>
            <select className="input" aria-label={words("lendTo")} value={wish.team} onChange={(event) => setWish({ ...wish, team: event.target.value as TeamWish })}>
              <option value="">{words("leave_")}</option>
              {teams.map((team) => (
                <option key={team} value={`to ${team}`}>
                  {team}
                </option>
              ))}
              <option value="described">{words("ownTeam")}</option>
            </select>
          </label>
        ) : null}
        {skills.map((skill) => (
          <label key={skill} className="row change-row">
            <span className="grow cut">{skill}</span>
            <select className="input" aria-label={words("skillOf", { skill })} value={wish.skills[skill] ?? ""} onChange={(event) => setWish({ ...wish, skills: { ...wish.skills, [skill]: event.target.value as SkillWish } })}>
              <option value="">{words("leave_")}</option>
              {Array.from({ length: 10 }, (_, i) => (
                <option key={i} value={10 - i}>
                  {10 - i}
                </option>
              ))}
              <option value="0">{words("without")}</option>
              <option value="described">{words("described")}</option>
            </select>
          </label>
        ))}
        {queues.map((queue) => (
          <label key={queue.id} className="row change-row">
            <span className="grow cut">{queue.name}</span>
            <select className="input" aria-label={words("queueOf", { queue: queue.name })} value={wish.queues[queue.id] ?? ""} onChange={(event) => setWish({ ...wish, queues: { ...wish.queues, [queue.id]: event.target.value as QueueWish } })}>
              <option value="">{words("leave_")}</option>
              <option value="yes">{words("serve")}</option>
              <option value="no">{words("serveNot")}</option>
              <option value="described">{words("described")}</option>
            </select>
          </label>
        ))}
      </div>
      <div className="row wrap bottom">
        <label className="field grow">
          <span>{words("skillUntil")}</span>
          <select className="input" value={end} onChange={(event) => setEnd(event.target.value)}>
            {choices.map((date, i) => (
              <option key={date.getTime()} value={i}>
                {until(date)}
              </option>
            ))}
            <option value="">{words("forGood")}</option>
          </select>
        </label>
        <button type="submit" className="button primary" aria-disabled={busy ? true : undefined}>
          {agents.length === 1 ? words("changeOne", { name: nameOf(agents[0]!) }) : words("changeMany", { n: agents.length })}
        </button>
      </div>
      <div role="status" ref={status} tabIndex={-1} className={said.text ? "" : "hidden"}>
        <p className={said.bad ? "said bad row" : "said row"}>
          <span>{said.text}</span>
          {said.undo.length ? (
            <Button small onPress={undo}>
              {words("undo")}
            </Button>
          ) : null}
        </p>
        {said.failed.length ? (
          <ul className="list">
            {said.failed.map((one) => (
              <li key={one.agent}>
                <span aria-hidden="true">✕</span> {nameOf(one.agent)}: {problemOf(one)}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </form>
  );
}

/** Several agents: who they are, and what shall change. */
export function ChangePanel({ agents, drop }: { agents: string[]; drop: (id: string) => void }) {
  const words = useWords(leadWords);
  const names = useLive((one) => one.live.agents);

  return (
    <>
      <ul className="chosen" aria-label={words("chosenAgents")}>
        {agents.map((id) => (
          <li key={id}>
            <button type="button" className="badge chip" aria-label={words("dropAgent", { name: names.get(id)?.name ?? id })} onClick={() => drop(id)}>
              {names.get(id)?.name ?? id} <span aria-hidden="true">✕</span>
            </button>
          </li>
        ))}
      </ul>
      {agents.length === 0 ? <p className="soft">{words("chooseAgents")}</p> : null}
      <ChangeForm agents={agents} />
    </>
  );
}
