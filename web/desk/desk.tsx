import { useEffect } from "react";
import { api } from "../shared/api.gen";
import { clock, useNow } from "../shared/clock";
import { Frame } from "../shared/frame";
import { nameOf, useWords, language } from "../shared/i18n";
import { useLive } from "../shared/live";
import { useStore } from "../shared/store";
import { Menu } from "../shared/ui";
import { callWords } from "../shared/words";
import { deskWords } from "./words";

function State() {
  const words = useWords(deskWords);
  const call = useWords(callWords);
  const of = useStore(language);
  const me = useLive((page) => page.me);
  const directory = useLive((page) => page.directory);
  const agent = useLive((page) => page.live.agents.get(page.me?.agent ?? ""));
  const now = useNow();

  if (!me?.agent || !agent) return null;
  const reason = directory?.reasons.find((one) => one.id === agent.reason);
  const name = agent.presence === "ready" ? call("ready") : agent.presence === "offline" ? call("offline") : nameOf(of, reason) || call("notReady");
  const set = (state: "ready" | "not_ready" | "logged_out", id?: string) => void api.state(me.agent!, id ? { state, reason: id } : { state });
  return (
    <Menu left label={words("state", { state: name })} button={<><strong>{name}</strong> {agent.since ? clock(now - Date.parse(agent.since)) : ""}</>} className="button">
      {(close) => (
        <>
          <button type="button" className="item" onClick={() => { set("ready"); close(); }}>{call("ready")}</button>
          {directory?.reasons.map((one) => (
            <button type="button" className="item" key={one.id} onClick={() => { set("not_ready", one.id); close(); }}>{nameOf(of, one)}</button>
          ))}
          <button type="button" className="item" onClick={() => { set("logged_out"); close(); }}>{call("offline")}</button>
        </>
      )}
    </Menu>
  );
}

export function Desk() {
  const words = useWords(deskWords);
  const contacts = useLive((page) => page.live.contacts);

  useEffect(() => {
    document.title = `${words("title")} · Sapa`;
  }, [words]);
  return (
    <Frame
      here="desk"
      main={
        <section aria-label={words("work")}>
          <h1 className="hidden">{words("title")}</h1>
          {contacts.size === 0 ? <p className="soft">{words("nothing")}</p> : null}
          <ul>{[...contacts.values()].map((contact) => <li key={contact.id}>{contact.address} {contact.place}</li>)}</ul>
        </section>
      }
    >
      <State />
    </Frame>
  );
}
