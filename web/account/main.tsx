// One's own account: another password, and a second factor with its QR code. For everybody who logs in.
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { api, type Me, type NewSecondFactor } from "../shared/api.gen";
import { Problem, session } from "../shared/call";
import { pagesOf, Settings } from "../shared/frame";
import { useWords } from "../shared/i18n";
import { useProblems } from "../shared/problem";
import { qr } from "../shared/qr";
import { Button } from "../shared/ui";
import "../shared/theme.css";
import "../login/login.css";
import "./account.css";
import { accountWords, type AccountWord } from "./words";

interface Try {
  busy: boolean;
  problem: string;
  /** `wrong`: what a refusal means here. */
  run: (wrong: AccountWord, what: () => Promise<unknown>) => Promise<boolean>;
}

function useTry(): Try {
  const words = useWords(accountWords);
  const inWords = useProblems();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = async (wrong: AccountWord, what: () => Promise<unknown>) => {
    if (busy) return false;
    setBusy(true);
    setProblem("");
    try {
      await what();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const why = error.status === 403 ? words(wrong) : /role wants/.test(error.message) ? words("roleWants") : inWords(error);
      setProblem(words("failed", { why }));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}

function Field({ label, kind, complete, value, onChange, focus }: { label: string; kind: "password" | "code"; complete: string; value: string; onChange: (text: string) => void; focus?: boolean }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className={`input ${kind === "code" ? "mono" : ""}`}
        type={kind === "password" ? "password" : "text"}
        autoComplete={complete}
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus={focus}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function Form({ onSubmit, action, busy, problem, onCancel, children }: { onSubmit: () => void; action: string; busy: boolean; problem: string; onCancel?: () => void; children: ReactNode }) {
  const words = useWords(accountWords);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <form className="login-form" onSubmit={submit}>
      {children}
      <p role="alert" className={problem ? "notice bad" : "hidden"}>
        {problem}
      </p>
      <div className="row">
        <button type="submit" className="button primary" aria-disabled={busy ? true : undefined}>
          {action}
        </button>
        {onCancel ? (
          <Button kind="plain" onPress={onCancel}>
            {words("cancel")}
          </Button>
        ) : null}
      </div>
    </form>
  );
}

function Password({ me }: { me: Me }) {
  const words = useWords(accountWords);
  const attempt = useTry();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [mistake, setMistake] = useState<AccountWord | null>(null);
  const [done, setDone] = useState(false);
  const change = async () => {
    setDone(false);
    const wrong = [...fresh].length < 10 ? "tooShort" : fresh !== again ? "differs" : null;
    setMistake(wrong);
    if (wrong || !(await attempt.run("wrongPassword", () => api.password({ old, new: fresh })))) return;
    setOld("");
    setFresh("");
    setAgain("");
    setDone(true);
  };
  return (
    <section className="card account-part" aria-labelledby="password">
      <h2 id="password">{words("password")}</h2>
      <p className="small soft">{words("passwordText")}</p>
      <Form onSubmit={() => void change()} action={words("change")} busy={attempt.busy} problem={mistake ? words(mistake) : attempt.problem}>
        <input type="text" name="username" autoComplete="username" value={me.user} readOnly hidden />
        <Field label={words("old")} kind="password" complete="current-password" value={old} onChange={setOld} />
        <Field label={words("new")} kind="password" complete="new-password" value={fresh} onChange={setFresh} />
        <Field label={words("again")} kind="password" complete="new-password" value={again} onChange={setAgain} />
      </Form>
      <p role="status">{done ? <span className="badge good">{words("changed")}</span> : null}</p>
    </section>
  );
}

/** Dark on light in both themes: that is what cameras read. */
function Code({ text }: { text: string }) {
  const words = useWords(accountWords);
  const rows = qr(text);
  const size = rows.length + 8;
  const path = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x + 4} ${y + 4}h1v1h-1z` : ""))).join("");
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={words("qr")} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

const inFours = (text: string) => text.replace(/(.{4})(?=.)/g, "$1 ");

function Made({ made, onDone, onCancel }: { made: NewSecondFactor; onDone: () => void; onCancel: () => void }) {
  const words = useWords(accountWords);
  const attempt = useTry();
  const [code, setCode] = useState("");
  const [copied, setCopied] = useState(false);
  const confirm = async () => {
    if (await attempt.run("wrongCode", () => api.totpConfirm({ code: code.replace(/\s/g, "") }))) onDone();
  };
  const copy = () =>
    void navigator.clipboard?.writeText(made.recovery.join("\n")).then(
      () => setCopied(true),
      () => undefined,
    );
  return (
    <div className="made">
      <div className="row wrap scan">
        <Code text={made.uri} />
        <div className="grow">
          <p>
            <strong>{words("scan")}</strong>
          </p>
          <p className="small soft">{words("scanText")}</p>
          <p className="small soft">{words("secret")}</p>
          <p className="mono secret">{inFours(made.secret)}</p>
        </div>
      </div>
      <h3>{words("recovery")}</h3>
      <p className="small soft">{words("recoveryText")}</p>
      <ul className="recovery mono">
        {made.recovery.map((one) => (
          <li key={one}>{inFours(one)}</li>
        ))}
      </ul>
      {navigator.clipboard ? (
        <Button small onPress={copy}>
          {words(copied ? "copied" : "copy")}
        </Button>
      ) : null}
      <Form onSubmit={() => void confirm()} action={words("confirm")} busy={attempt.busy} problem={attempt.problem} onCancel={onCancel}>
        <Field label={words("code")} kind="code" complete="one-time-code" value={code} onChange={setCode} focus />
        <p className="small soft">{words("confirmText")}</p>
      </Form>
    </div>
  );
}

function Factor({ me }: { me: Me }) {
  const words = useWords(accountWords);
  const attempt = useTry();
  const [doing, setDoing] = useState<"new" | "end" | null>(me.second_factor === "wanted" ? "new" : null);
  const [made, setMade] = useState<NewSecondFactor | null>(null);
  const [confirmed, setConfirmed] = useState(false);
  const [ended, setEnded] = useState(false);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const on = me.second_factor === "used";

  const stop = () => {
    setDoing(null);
    setMade(null);
    setPassword("");
    setCode("");
  };
  const begin = async () => {
    let answer: NewSecondFactor | null = null;
    if (await attempt.run("wrongPassword", async () => (answer = await api.totp({ password })))) {
      setPassword("");
      setMade(answer);
    }
  };
  const end = async () => {
    if (!(await attempt.run("wrongEither", () => api.totpEnd({ password, code: code.replace(/\s/g, "") })))) return;
    stop();
    setEnded(true);
  };
  return (
    <section className="card account-part" aria-labelledby="factor">
      <h2 id="factor">{words("factor")}</h2>
      {confirmed ? (
        <div role="status" className="login-form">
          <p>{words("on")}</p>
          <p>
            <a className="button primary" href="/">
              {words("logIn")}
            </a>
          </p>
        </div>
      ) : made ? (
        <Made
          made={made}
          onDone={() => {
            session.forget(); // it is over
            setConfirmed(true);
          }}
          onCancel={stop}
        />
      ) : (
        <>
          <p className="small soft">{words(on && !ended ? "factorOn" : "factorOff")}</p>
          {doing ? (
            <Form onSubmit={() => void (doing === "new" ? begin() : end())} action={words(doing === "new" ? "next" : "factorEnd")} busy={attempt.busy} problem={attempt.problem} {...(me.second_factor === "wanted" ? {} : { onCancel: stop })}>
              <Field label={words("old")} kind="password" complete="current-password" value={password} onChange={setPassword} focus />
              {doing === "end" ? <Field label={words("codeOr")} kind="code" complete="one-time-code" value={code} onChange={setCode} /> : null}
            </Form>
          ) : (
            <div className="row wrap">
              <Button onPress={() => setDoing("new")}>{words(on && !ended ? "factorRenew" : "factorNew")}</Button>
              {on && !ended ? <Button onPress={() => setDoing("end")}>{words("factorEnd")}</Button> : null}
            </div>
          )}
          <p role="status">{ended ? <span className="badge good">{words("ended")}</span> : null}</p>
        </>
      )}
    </section>
  );
}

function Account() {
  const words = useWords(accountWords);
  const [me, setMe] = useState<Me | null>(null);
  const ask = () => api.me().then(setMe, () => location.assign("/?to=/account"));

  useEffect(() => void ask(), []);
  useEffect(() => {
    document.title = `${words("title", { name: me?.name ?? "" })} · Sapa`;
  }, [me, words]);
  const back = me ? pagesOf(me)[0]?.path : undefined;
  return (
    <div className="first">
      <header className="strip">
        <a className="brand" href="/">
          Sapa
        </a>
        {back ? <a href={back}>← {words("back")}</a> : null}
        <span className="grow" />
        <Settings />
      </header>
      <main className="first-main account-main">
        {me ? (
          <>
            <h1>{words("title", { name: me.name })}</h1>
            {me.second_factor === "wanted" ? (
              <div className="notice" role="note">
                <strong>{words("wantedTitle")}.</strong> {words("wanted")}
              </div>
            ) : null}
            <Factor me={me} />
            <Password me={me} />
          </>
        ) : (
          <p className="soft">{words("loading")}</p>
        )}
      </main>
    </div>
  );
}

createRoot(document.getElementById("root")!).render(<Account />);
