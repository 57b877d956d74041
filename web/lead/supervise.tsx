// A conversation heard, whispered into, joined or taken over; a raised hand; a word to an agent. Each is shown to whoever
// has its right. The supervisor's own telephone is rung; it answers by itself, having been asked for.
import { useState, type FormEvent } from "react";
import { api, type Agent } from "../shared/api.gen";
import { useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { Button, Menu } from "../shared/ui";
import { Said, useDoing } from "./panel";
import { leadWords } from "./words";

const modes = [
  ["listen", "hear"],
  ["whisper", "whisper"],
  ["barge", "barge"],
  ["takeover", "takeover"],
] as const;
export type Mode = (typeof modes)[number][0];

const PHONE = "sapa.lead.phone";

/** Whose telephone rings when one listens; kept in this browser. Empty: one's own. */
function usePhone(): [string, (agent: string) => void] {
  const [phone, setPhone] = useState(() => {
    try {
      return localStorage.getItem(PHONE) ?? "";
    } catch {
      return "";
    }
  });
  return [
    phone,
    (agent) => {
      setPhone(agent);
      try {
        localStorage.setItem(PHONE, agent);
      } catch {
        /* for this page alone, then */
      }
    },
  ];
}

function Hear({ agent }: { agent: Agent }) {
  const words = useWords(leadWords);
  const rights = useLive((page) => page.me?.rights) ?? [];
  const own = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const agents = useLive((page) => page.live.agents);
  const [chosen, choose] = usePhone();
  const doing = useDoing();
  const others = rights.includes("supervise") ? [...agents.values()].filter((one) => one.id !== own?.id && one.id !== agent.id && one.phone && (one.supervision !== null || one.assignments.length === 0)) : [];
  const mine = others.find((one) => one.id === chosen) ?? own;
  const part = agent.assignments.find((one) => one.contact && (one.state === "talking" || one.state === "on hold"));
  const now = mine?.supervision ?? null;
  const here = now?.contact && now.contact === part?.contact ? now : null;
  const talks = own?.assignments.some((one) => one.state === "talking" || one.state === "on hold") ?? false;

  if (talks)
    return (
      <p className="panel-part row">
        <span className="grow">{words("mineNow")}</span>
        <a className="button" href="/desk">
          {words("toDesk")}
        </a>
      </p>
    );
  if (!rights.includes("hear") || !part?.contact || mine?.id === agent.id) return null;
  const ask = (mode: Mode) =>
    doing.run(
      () => (here?.id ? api.supervisionSet(here.id, { mode }) : api.supervise(part.contact!, mine && mine.id !== own?.id ? { mode, phone: mine.id } : { mode })),
      "", // what came of it stands in the live state
    );
  return (
    <div className="panel-part">
      <h3>{words("supervise")}</h3>
      {mine || others.length ? null : <p className="soft">{words("noPhone")}</p>}
      {others.length ? (
        <label className="field">
          <span>{words("withPhone")}</span>
          <select className="input" value={mine?.id ?? ""} onChange={(event) => choose(event.target.value)}>
            {own ? <option value={own.id}>{words("phoneHere", { number: own.extension })}</option> : <option value="">{words("phoneNone")}</option>}
            {others.map((one) => (
              <option key={one.id} value={one.id}>
                {words("phoneOf", { number: one.extension, name: one.name })}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <div className="row wrap">
        {modes
          .filter(([, right]) => rights.includes(right))
          .map(([mode]) => (
            <Button key={mode} kind={mode === "takeover" ? "bad" : "plain"} className="outlined" pressed={here?.mode === mode} disabled={!mine || doing.busy || here?.mode === mode} onPress={() => ask(mode)}>
              {words(mode)}
            </Button>
          ))}
        {here?.id ? <Button onPress={() => doing.run(() => api.supervisionEnd(here.id!), "")}>{words("leave")}</Button> : null}
      </div>
      {here ? <p role="status">{words(here.on ? "hearing" : "ringingPhone", { mode: words(here.mode) })}</p> : null}
      <Said doing={doing} />
    </div>
  );
}

function Hand({ agent }: { agent: Agent }) {
  const words = useWords(leadWords);
  const doing = useDoing();
  const mayTake = useLive((page) => page.me?.rights.includes("agents") ?? false);
  const { help } = agent;

  if (!help) return null;
  return (
    <div className="panel-part">
      <p className="row wrap">
        <strong className="grow">{help.state === "raised" ? words("help", { agent: agent.name }) : words("helpTaken", { by: help.by ?? "" })}</strong>
        {help.state === "raised" && mayTake ? (
          <Button kind="primary" disabled={doing.busy} onPress={() => doing.run(() => api.helpTake(agent.id), "")}>
            {words("helpTake")}
          </Button>
        ) : null}
      </p>
      <Said doing={doing} />
    </div>
  );
}

function Message({ agent }: { agent: Agent }) {
  const words = useWords(leadWords);
  const known = useLive((page) => page.me?.rights.includes("agents") ?? false);
  const doing = useDoing();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    doing.run(async () => {
      await api.messageNew({ to: "agent", key: agent.id, text: text.trim() });
      setText("");
    }, words("sent", { name: agent.name }));
  };

  if (!known) return null;
  return (
    <form className="panel-part" onSubmit={submit}>
      <label className="field">
        <span>{words("messageText", { name: agent.name })}</span>
        <span className="row">
          <input className="input" maxLength={240} value={text} onChange={(event) => setText(event.target.value)} />
          <button type="submit" className="button" aria-disabled={doing.busy ? true : undefined}>
            {words("send")}
          </button>
        </span>
      </label>
      <Said doing={doing} />
    </form>
  );
}

/** A word to all, a team, or those who serve a queue. */
export function Broadcast() {
  const words = useWords(leadWords);
  const may = useLive((page) => page.me?.rights.includes("agents") ?? false);
  const agents = useLive((page) => page.live.agents);
  const queues = useLive((page) => page.directory?.queues) ?? [];
  const doing = useDoing();
  const [text, setText] = useState("");
  const whole = useLive((page) => page.me?.clients === null && page.me.teams === null);
  const [chosen, setTo] = useState("");
  const teams = [...new Set([...agents.values()].map((agent) => agent.team))].filter((team) => team !== null).sort();
  const choices: [string, string][] = [
    ...(whole ? [["all:", words("toAll")] as [string, string]] : []),
    ...teams.map((team): [string, string] => [`team:${team}`, words("toTeam", { team })]),
    ...queues.map((queue): [string, string] => [`queue:${queue.id}`, words("toQueue", { queue: queue.name })]),
  ];
  const to = chosen || (choices[0]?.[0] ?? "");
  const submit = (event: FormEvent) => {
    const [kind, key] = [to.slice(0, to.indexOf(":")), to.slice(to.indexOf(":") + 1)] as ["all" | "team" | "queue", string];
    event.preventDefault();
    if (text.trim() === "") return;
    doing.run(
      async () => {
        await api.messageNew(key ? { to: kind, key, text: text.trim() } : { to: kind, text: text.trim() });
        setText("");
      },
      words("sent", { name: choices.find(([id]) => id === to)?.[1] ?? "" }),
    );
  };

  if (!may) return null;
  return (
    <Menu label={words("broadcast")} named button={words("broadcast")} className="button small">
      {() => (
        <form className="broadcast" onSubmit={submit}>
          <label className="field">
            <span>{words("messageTo")}</span>
            <select className="input" value={to} onChange={(event) => setTo(event.target.value)}>
              {choices.map(([id, name]) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{words("broadcast")}</span>
            <textarea className="input" maxLength={240} value={text} onChange={(event) => setText(event.target.value)} />
          </label>
          <button type="submit" className="button primary" aria-disabled={doing.busy ? true : undefined}>
            {words("send")}
          </button>
          <Said doing={doing} />
        </form>
      )}
    </Menu>
  );
}

export function Supervise({ agent }: { agent: Agent }) {
  return (
    <>
      <Hand agent={agent} />
      <Hear agent={agent} />
      <Message agent={agent} />
    </>
  );
}
