// To whom? A colleague, a queue, a number: typed, listed, chosen with the keyboard. In its place in the page, not before it.
import { useEffect, useMemo, useRef, useState } from "react";
import { names, useLive } from "../shared/live";
import { useWords } from "../shared/i18n";
import { Button } from "../shared/ui";
import { useStore } from "../shared/store";
import { useCombobox } from "./combobox";
import { favourites, isFavourite, toggle } from "./favourites";
import { isNumber } from "./model";
import { deskWords } from "./words";

export interface Target {
  kind: "queue" | "agent" | "outside";
  to: string;
  client?: string;
  campaign?: string;
}

interface Choice extends Target {
  name: string;
  about: string;
  rank: number;
}

export function TargetPicker({ title, action, withClient, onChoose, onCancel }: { title: string; action: string; withClient?: boolean; onChoose: (target: Target, name: string) => void; onCancel: () => void }) {
  const words = useWords(deskWords);
  const directory = useLive((page) => page.directory);
  const me = useLive((page) => page.me?.agent ?? "");
  const often = useStore(favourites(me));
  const combobox = useCombobox<Choice>();
  const { text, id } = combobox;
  const [sender, setSender] = useState(""); // "client KEY" or "campaign KEY"
  const usual = directory?.campaigns.find((one) => one.own);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    input.current?.focus(); // it was asked for by a key or a click just now
    void names().catch(() => undefined); // who is ready at this moment
  }, []);

  const choices = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const all: Choice[] = [];
    if (isNumber(text.trim())) all.push({ kind: "outside", to: text.trim(), name: words("number", { number: text.trim() }), about: "", rank: 0 });
    for (const agent of directory?.agents ?? []) {
      if (agent.id === me) continue;
      all.push({
        kind: "agent",
        to: agent.id,
        name: agent.name,
        about: `${agent.extension} · ${words(agent.busy ? "colleagueBusy" : agent.ready ? "colleagueReady" : "colleagueAway")}`,
        rank: agent.leads && !agent.busy ? 1.5 : agent.busy ? 3 : agent.ready ? 1 : 4,
      });
    }
    for (const queue of directory?.queues ?? []) all.push({ kind: "queue", to: queue.id, name: queue.name, about: words("queueKind"), rank: 2 });
    return all
      .filter((one) => one.kind === "outside" || `${one.name} ${one.about} ${one.to}`.toLowerCase().includes(wanted))
      .sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name))
      .slice(0, 8);
  }, [directory, me, text, words]);

  const chosen = choices[combobox.chosen(choices)];
  const star = (one: Choice | undefined) => {
    if (one) toggle(me, { kind: one.kind, to: one.to, name: one.name });
  };
  const take = (one: Choice | undefined) => {
    if (!one) return;
    const [of, key] = sender.split(" ");
    // a campaign is of calls outside; a colleague or a queue is called as usual
    const shown = of === "client" && key ? { client: key } : of === "campaign" && key && one.kind === "outside" ? { campaign: key } : {};
    onChoose({ kind: one.kind, to: one.to, ...shown }, one.kind === "outside" ? one.to : one.name);
  };
  const field = combobox.field(choices, take);
  return (
    <div
      className="target"
      role="group"
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          onCancel();
        }
      }}
    >
      <div className="row wrap">
        <label className="field grow" htmlFor={`${id}i`}>
          <span>{title}</span>
          <input
            id={`${id}i`}
            ref={input}
            className="input"
            placeholder={words("targetHint")}
            {...field}
            onKeyDown={(event) => {
              if (event.key !== "Insert") return field.onKeyDown(event);
              event.preventDefault();
              star(chosen);
            }}
          />
        </label>
        {withClient && directory && directory.clients.length + directory.campaigns.length > 1 ? (
          <label className="field">
            <span>{words("numberShown")}</span>
            <select className="input" value={sender} onChange={(event) => setSender(event.target.value)}>
              <option value="">{usual ? words("asUsualFor", { campaign: usual.name }) : words("asUsual")}</option>
              {directory.clients.map((one) => (
                <option key={one.id} value={`client ${one.id}`}>
                  {one.name}
                </option>
              ))}
              {directory.campaigns.length > 0 ? (
                <optgroup label={words("campaigns")}>
                  {directory.campaigns.map((one) => (
                    <option key={one.id} value={`campaign ${one.id}`}>
                      {[one.name, one.brand].filter(Boolean).join(" · ")}
                    </option>
                  ))}
                </optgroup>
              ) : null}
            </select>
          </label>
        ) : null}
      </div>
      <ul role="listbox" id={`${id}l`} aria-label={title} className="choices">
        {choices.map((one, index) => (
          <li key={one.kind + one.to} {...combobox.option(choices, index, take)}>
            <span className="cut grow">{one.name}</span>
            <span className="small soft">{one.about}</span>
            <span
              className="star"
              role="img"
              aria-label={words(isFavourite(often, one) ? "favouriteYes" : "favouriteNo")}
              title={words(isFavourite(often, one) ? "favouriteYes" : "favouriteNo")}
              onClick={(event) => {
                event.stopPropagation();
                star(one);
              }}
            >
              {isFavourite(often, one) ? "★" : "☆"}
            </span>
          </li>
        ))}
      </ul>
      {choices.length === 0 ? <p className="small soft">{words("targetNone")}</p> : null}
      <div className="row">
        <Button kind="primary" disabled={choices.length === 0} onPress={() => take(chosen)}>
          {action} <kbd aria-hidden="true">Enter</kbd>
        </Button>
        <Button kind="plain" disabled={choices.length === 0} onPress={() => star(chosen)}>
          {words(chosen && isFavourite(often, chosen) ? "favouriteOut" : "favouriteIn")} <kbd aria-hidden="true">Ins</kbd>
        </Button>
        <Button kind="plain" onPress={onCancel}>
          {words("cancel")} <kbd aria-hidden="true">Esc</kbd>
        </Button>
      </div>
    </div>
  );
}
