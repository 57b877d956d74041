// What every page has around it: brand, pages by right, account with language and theme, what the connection is like.
import type { ReactNode } from "react";
import { language, locale, setLanguage, useWords, type Language } from "./i18n";
import { logOut, useLive } from "./live";
import { useStore } from "./store";
import { setTheme, theme, type Theme } from "./theme";
import { Menu } from "./ui";
import { frameWords } from "./words";
import type { Me } from "./api.gen";

declare const __SAPA_PAGES__: string[];

export interface PageLink {
  id: "desk" | "lead" | "wall" | "tech";
  path: string;
}

/** Those that are built, and that this person may use. */
export function pagesOf(me: Pick<Me, "agent" | "rights">): PageLink[] {
  const may = (right: string) => me.rights.includes(right);
  const all: [PageLink["id"], boolean][] = [
    ["desk", me.agent !== null],
    ["lead", may("live") && (may("supervise") || may("agents") || may("report"))],
    ["wall", may("live") && may("wall") && (may("supervise") || may("agents") || may("report"))],
    ["tech", may("metrics")],
  ];
  if (may("agents")) all.push(all.shift()!); // who leads, and has a telephone to hear by
  return all.filter(([id, allowed]) => allowed && __SAPA_PAGES__.includes(id)).map(([id]) => ({ id, path: `/${id}` }));
}

export function Settings() {
  const words = useWords(frameWords);
  const now = useStore(language);
  const shown = useStore(theme);
  const languages: [Language, string][] = [
    ["id", "Indonesia"],
    ["en", "English"],
  ];
  const themes: Theme[] = ["system", "light", "dark"];

  return (
    <>
      <div className="choice" role="group" aria-label={words("language")}>
        {languages.map(([id, name]) => (
          <button type="button" key={id} className="button small" lang={id} aria-pressed={now === id || (id === "en" && now === "en-XA")} onClick={() => setLanguage(id)}>
            {name}
          </button>
        ))}
      </div>
      <div className="choice" role="group" aria-label={words("theme")}>
        {themes.map((id) => (
          <button type="button" key={id} className="button small" aria-pressed={shown === id} onClick={() => setTheme(id)}>
            {words(id)}
          </button>
        ))}
      </div>
    </>
  );
}

function Account({ me }: { me: Me }) {
  const words = useWords(frameWords);

  return (
    <Menu label={words("account", { name: me.name })} className="button plain account-button" button={<span className="cut account-name">{me.name}</span>}>
      {(close) => (
        <div className="account">
          <p>
            <strong>{me.name}</strong>
            <br />
            <span className="soft small">{me.role}</span>
          </p>
          <Settings />
          <a className="item" href="/account">
            {words("security")}
          </a>
          <a className="item" href="/">
            {words("others")}
          </a>
          <button
            type="button"
            className="item"
            onClick={() => {
              close();
              void logOut();
            }}
          >
            {words("logout")}
          </button>
        </div>
      )}
    </Menu>
  );
}

/** Old data says so. */
function Freshness() {
  const words = useWords(frameWords);
  const lostAt = useLive((page) => page.lostAt);
  const fresh = useLive((page) => page.connection === "live" || page.live.feed === "");
  const of = useStore(language);

  if (fresh || lostAt === null) return <div role="status" />;
  const time = new Intl.DateTimeFormat(locale(of), { timeStyle: "medium" }).format(lostAt);
  return (
    <div role="status" className="notice">
      {words(navigator.onLine ? "lost" : "offline", { time })}
    </div>
  );
}

/** `children`: what belongs into the strip of this page. */
export function Frame({ here, children, main, className }: { here: PageLink["id"]; children?: ReactNode; main: ReactNode; className?: string }) {
  const words = useWords(frameWords);
  const me = useLive((page) => page.me);
  const links = me ? pagesOf(me) : [];

  return (
    <div className={`frame ${className ?? ""}`}>
      <a className="skip" href="#main">
        {words("skip")}
      </a>
      <header className="strip">
        <a className="brand" href="/">
          Sapa
        </a>
        {links.length > 1 ? (
          <nav aria-label={words("pages")} className="row">
            {links.map((link) => (
              <a key={link.id} href={link.path} aria-current={link.id === here ? "page" : undefined}>
                {words(link.id)}
              </a>
            ))}
          </nav>
        ) : null}
        {children}
        {me ? <Account me={me} /> : null}
      </header>
      <Freshness />
      <main id="main" tabIndex={-1}>
        {main}
      </main>
    </div>
  );
}
