// A conversation heard, whispered into, joined or taken over; a raised hand; a word to an agent. Each is shown to whoever
// has its right, where the server has it: what it does not know of agents and rights is not offered.
import { useState, type FormEvent } from "react";
import type { Agent } from "../shared/api.gen";
import { call } from "../shared/call";
import { useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import { Button } from "../shared/ui";
import { Said, useDoing } from "./panel";
import { leadWords } from "./words";

const modes = [
  ["listen", "hear"],
  ["whisper", "whisper"],
  ["barge", "barge"],
  ["takeover", "takeover"],
] as const;
export type Mode = (typeof modes)[number][0];

/** What agents are told of supervision, where the server tells it. */
export interface Led {
  help?: { state: "raised" | "taken"; contact: string | null; since: string; by: string | null } | null;
  supervision?: { id: string | null; contact: string | null; mode: Mode; on: boolean; since: string } | null;
}
export const ledOf = (agent: Agent): Led => agent as Agent & Led;

function Hear({ agent }: { agent: Agent }) {
  const words = useWords(leadWords);
  const rights = useLive((page) => page.me?.rights) ?? [];
  const mine = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const doing = useDoing();
  const part = agent.assignments.find((one) => one.contact && (one.state === "talking" || one.state === "on hold"));
  const now = mine ? (ledOf(mine).supervision ?? null) : null;
  const here = now && part && now.contact === part.contact ? now : null;

  if (!rights.includes("hear") || !part?.contact || mine?.id === agent.id) return null;
  const ask = (mode: Mode) =>
    doing.run(
      () => (here?.id ? call("PUT", `/api/v1/supervisions/${here.id}`, { body: { mode } }) : call("POST", `/api/v1/contacts/${part.contact}/supervision`, { body: { mode } })),
      here ? "" : words("ringingPhone", { mode: words(mode) }),
    );
  return (
    <div className="panel-part">
      <h3>{words("supervise")}</h3>
      {mine ? null : <p className="soft">{words("noPhone")}</p>}
      <div className="row wrap">
        {modes
          .filter(([, right]) => rights.includes(right))
          .map(([mode]) => (
            <Button key={mode} kind={mode === "takeover" ? "bad" : "plain"} className="outlined" pressed={here?.mode === mode} disabled={!mine || doing.busy || here?.mode === mode} onPress={() => ask(mode)}>
              {words(mode)}
            </Button>
          ))}
        {here?.id ? <Button onPress={() => doing.run(() => call("DELETE", `/api/v1/supervisions/${here.id}`), "")}>{words("leave")}</Button> : null}
      </div>
      {here ? <p role="status">{words(here.on ? "hearing" : "ringingPhone", { mode: words(here.mode) })}</p> : null}
      <Said doing={doing} />
    </div>
  );
}

function Hand({ agent }: { agent: Agent }) {
  const words = useWords(leadWords);
  const doing = useDoing();
  const { help } = ledOf(agent);

  if (!help) return null;
  return (
    <div className="panel-part">
      <p className="row wrap">
        <strong className="grow">{help.state === "raised" ? words("help", { agent: agent.name }) : words("helpTaken", { by: help.by ?? "" })}</strong>
        {help.state === "raised" ? (
          <Button kind="primary" disabled={doing.busy} onPress={() => doing.run(() => call("POST", `/api/v1/agents/${encodeURIComponent(agent.id)}/help/take`), "")}>
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
  const known = useLive((page) => page.me?.rights.includes("hear") ?? false);
  const doing = useDoing();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    doing.run(async () => {
      await call("POST", "/api/v1/messages", { body: { to: "agent", key: agent.id, text: text.trim() } });
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

export function Supervise({ agent }: { agent: Agent }) {
  return (
    <>
      <Hand agent={agent} />
      <Hear agent={agent} />
      <Message agent={agent} />
    </>
  );
}
