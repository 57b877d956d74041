// The first page: who are you? A name and a password, or in a demo a card.
import { useEffect, useState, type FormEvent } from "react";
import { createRoot } from "react-dom/client";
import { api, type Demo, type DemoPerson, type Me } from "../shared/api.gen";
import { Problem, session } from "../shared/call";
import { pagesOf, Settings } from "../shared/frame";
import { useProblems } from "../shared/problem";
import { useWords } from "../shared/i18n";
import "../shared/theme.css";
import "./login.css";
import { loginWords } from "./words";

/** Where somebody goes: the page that was asked for if it is his, else his first one. */
function enter(me: Pick<Me, "agent" | "rights" | "second_factor">): boolean {
  if (me.second_factor === "wanted") {
    location.assign("/account"); // nothing else is open to him
    return true;
  }
  const pages = pagesOf(me);
  const wanted = new URLSearchParams(location.search).get("to");
  const known = wanted === "/account" || pages.some((page) => wanted === page.path || wanted?.startsWith(page.path + "/"));
  const to = known ? wanted : pages[0]?.path;
  if (!to) return false;
  location.assign(to);
  return true;
}

/** Cards of agents that are shown at once: a floor of 120 comes when it is wanted. */
const SHOWN = 12;

type WordKey = keyof (typeof loginWords)["id"];

function work(person: DemoPerson): WordKey {
  if (person.agent) return "answers";
  const may = (right: string) => person.rights.includes(right);
  if (may("metrics") && !may("live")) return "maintains";
  if (may("users")) return "runs";
  if (may("configure")) return "manages";
  if (may("targets")) return "directs";
  if (may("metrics") && !may("live")) return "maintains";
  if (may("supervise") || may("agents")) return "leads";
  return may("coach") ? "trains" : may("listen") ? "assesses" : "watches";
}

function Card({ person, busy, onChoose }: { person: DemoPerson; busy: boolean; onChoose: () => void }) {
  const words = useWords(loginWords);

  return (
    <li>
      <button type="button" className="person" aria-disabled={busy ? true : undefined} onClick={() => !busy && onChoose()}>
        <span className="initials" aria-hidden="true">
          {person.name
            .split(" ")
            .map((word) => word[0])
            .join("")
            .slice(0, 2)}
        </span>
        <span className="grow">
          <span className="row">
            <strong>{person.name}</strong>
            {person.agent ? <span className={`badge ${person.free ? "good" : ""}`}>{words(person.free ? "free" : "taken")}</span> : null}
          </span>
          <span className="soft small">
            {words(work(person))}
            {person.clients.length > 0 ? ` · ${words("clients", { names: person.clients.join(", ") })}` : ""}
          </span>
        </span>
      </button>
    </li>
  );
}

/** Whoever is here was at work until a moment ago. */
const isOver = new URLSearchParams(location.search).has("over");

function Login() {
  const words = useWords(loginWords);
  const [demo, setDemo] = useState<Demo | null>(null);
  const [asked, setAsked] = useState(false);
  const [me, setMe] = useState<Me | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null); // null: none is wanted

  useEffect(() => {
    document.title = `${words("title")} · Sapa`;
  }, [words]);
  useEffect(() => {
    api
      .demo()
      .then(setDemo)
      .catch(() => undefined)
      .finally(() => setAsked(true));
    if (session.own())
      api
        .me()
        .then(setMe)
        .catch(() => session.forget());
  }, []);

  const inWords = useProblems();
  const tell = (error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401 && error.code === "EAGAIN") {
      setProblem(code ? words("wrongCode") : "");
      setCode("");
      return;
    }
    setProblem(error.status === 0 ? words("offline") : error.status === 401 ? words("wrong") : error.status === 429 ? words("wait") : words("trouble", { why: inWords(error) }));
  };
  const logIn = async (how: () => Promise<{ session: string }>) => {
    setBusy(true);
    setProblem("");
    try {
      session.keep((await how()).session);
      const now = await api.me();
      if (!enter(now)) setProblem(words("nowhere"));
    } catch (error) {
      tell(error);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) void logIn(() => api.login({ user: user.trim(), password, cookie: true, ...(code ? { code: code.replace(/\s/g, "") } : {}) }));
  };
  const change = (take: () => void) => {
    take();
    setCode(null); // it was somebody else's, or another password
  };
  const choose = (person: DemoPerson) => void logIn(() => api.demoLogin({ user: person.id, cookie: true }));

  const form = (
    <form onSubmit={submit} className="login-form">
      <label className="field">
        <span>{words("user")}</span>
        <input className="input" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required value={user} onChange={(event) => change(() => setUser(event.target.value))} />
      </label>
      <label className="field">
        <span>{words("password")}</span>
        <input className="input" name="password" type="password" autoComplete="current-password" required value={password} onChange={(event) => change(() => setPassword(event.target.value))} />
      </label>
      {code !== null ? (
        <label className="field">
          <span>{words("code")}</span>
          <input className="input mono" name="code" autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} required autoFocus aria-describedby="code-text" value={code} onChange={(event) => setCode(event.target.value)} />
          <span id="code-text" className="small soft">
            {words("codeText")}
          </span>
        </label>
      ) : null}
      <button type="submit" className="button primary" aria-disabled={busy ? true : undefined}>
        {words("enter")}
      </button>
    </form>
  );
  const agents = demo?.items.filter((person) => person.agent).sort((a, b) => Number(b.free) - Number(a.free)) ?? [];
  const seated = agents.filter((person) => !person.free);
  const others = demo?.items.filter((person) => !person.agent) ?? [];

  return (
    <div className="first">
      <header className="strip">
        <span className="brand">Sapa</span>
        <span className="grow" />
        <Settings />
      </header>
      <main className="first-main">
        <h1>{demo ? words("demo", { name: demo.name }) : words("title")}</h1>
        {me ? (
          <section className="card here row wrap" aria-label={words("here")}>
            <span className="grow">{words("here")}</span>
            <button type="button" className="button primary" onClick={() => enter(me) || setProblem(words("nowhere"))}>
              {words("goOn", { name: me.name })}
            </button>
          </section>
        ) : null}
        {isOver && !me ? (
          <p role="status" className="notice">
            {words("over")}
          </p>
        ) : null}
        <p role="alert" className={problem ? "notice bad" : "hidden"}>
          {problem}
        </p>
        {demo ? (
          <>
            <p className="soft">{words("demoText")}</p>
            <p className="soft">{words("seats", { n: seated.length })} <code>make run SEATS={seated.length > 8 ? 8 : 120}</code></p>
            <h2>{words("agents")}</h2>
            <ul className="people">
              {agents.slice(0, SHOWN).map((person) => (
                <Card key={person.id} person={person} busy={busy} onChoose={() => choose(person)} />
              ))}
            </ul>
            {agents.length > SHOWN ? (
              <details>
                <summary>{words("moreAgents", { n: agents.length - SHOWN })}</summary>
                <ul className="people">
                  {agents.slice(SHOWN).map((person) => (
                    <Card key={person.id} person={person} busy={busy} onChoose={() => choose(person)} />
                  ))}
                </ul>
              </details>
            ) : null}
            <h2>{words("leaders")}</h2>
            <ul className="people">
              {others.map((person) => (
                <Card key={person.id} person={person} busy={busy} onChoose={() => choose(person)} />
              ))}
            </ul>
            <h2>{words("customers")}</h2>
            <p>
              <a className="button" href="/call" target="_blank" rel="noopener">
                {words("callUs")}
              </a>{" "}
              <span className="soft small">{words("callUsText")}</span>
            </p>
            <details className="card with-password">
              <summary>{words("other")}</summary>
              {form}
            </details>
          </>
        ) : asked ? (
          <div className="card with-password">{form}</div>
        ) : null}
      </main>
    </div>
  );
}

createRoot(document.getElementById("root")!).render(<Login />);
