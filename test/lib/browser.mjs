// What scenarios with a browser share: Debian's Chromium on a real page of a real server, by role and name.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { tonesHeard, voiceAndEars } from "./ears.mjs";

const root = process.env.SAPA_SOURCE_DIR;
const require = createRequire(join(root, "web/package.json"));
const { chromium } = require("@playwright/test");
const AxeBuilder = require("@axe-core/playwright").default;

export const base = process.env.BASE;
const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(path)) {
  console.log("skipped: there is no " + path);
  process.exit(77);
}

export const browser = await chromium.launch({
  executablePath: path,
  // A microphone that beeps, for pages opened with `microphone: true`; a number there is a tone of so many Hz instead, a list
  // of them another one each time the page is loaded. The others have no leave to use it. Tones are heard before anybody has clicked, so that reloads can be listened to.
  args: ["--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream", "--allow-loopback-in-peer-connection", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--js-flags=--expose-gc"],
});

export function assert(truth, what) {
  if (!truth) throw new Error(what);
}

/** A page in a browser context of its own, by the server's own address or `at` another; whatever it says on its console in anger fails the scenario. */
export async function open(where, { user, width = 1366, height = 768, theme = "light", language = "id", microphone = false, before, at = base } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, timezoneId: "Asia/Jakarta", locale: "id-ID" });
  let session = "";
  if (user) {
    const reply = await context.request.post(at + "/api/v1/demo/login", { data: { user, cookie: true }, headers: { Origin: at } });
    assert(reply.ok(), `login of ${user}: ${reply.status()}`);
    session = (await reply.json()).session;
  }
  await context.addInitScript(
    ([session, theme, language]) => {
      if (session) sessionStorage.setItem("sapa.session", session);
      localStorage.setItem("sapa.theme", theme);
      localStorage.setItem("sapa.language", language);
    },
    [session, theme, language],
  );
  if (microphone) {
    await context.grantPermissions(["microphone"], { origin: at });
    await context.addInitScript(voiceAndEars, microphone);
  }
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.problems = problems;
  page.api = (path, init = {}) => context.request.fetch(at + path, { ...init, headers: { "Sapa-Session": session, Origin: at, ...init.headers } });
  page.setDefaultTimeout(10_000);
  if (before) await before(page);
  await page.goto(at + where);
  return page;
}

/** WCAG 2.2 AA, as far as a program can see it. */
export async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  assert(violations.length === 0, `${what}: ${violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary?.split("\n")[1] ?? ""}`).slice(0, 3).join(" | ")}`).join("; ")}`);
}

/** Nothing stands out of the page to the side. */
export async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert(over <= 0, `${what}: ${over} pixels too wide`);
}

export async function until(what, check, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const result = await check();
    if (result) return result;
    assert(Date.now() < end, `waited ${ms} ms for: ${typeof what === "function" ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** How loud it was in the page's calls so far, in samples squared times seconds: it grows while somebody speaks to it. */
export const energy = (page) =>
  page.evaluate(async () => {
    let sum = 0;
    for (const connection of window.heard.filter((one) => one.connectionState === "connected"))
      for (const one of (await connection.getStats()).values()) if (one.type === "inbound-rtp") sum += one.totalAudioEnergy ?? 0;
    return sum;
  });

/** What comes grows louder than silence within the time: the beep of another page's microphone, or what the centre says. */
export async function hears(page, what, ms = 10_000) {
  const before = await energy(page);
  await until(`${what} is heard`, async () => (await energy(page)) > before + 1e-4, ms);
}

const tonesNow = (page, all) => page.evaluate(tonesHeard, all);

/** Just these of all tones, for half a second. */
export async function tones(page, who, wanted, all) {
  let last = [];
  let good = 0;
  await until(() => `${who} hears ${wanted}, not ${last}`, async () => {
    last = await tonesNow(page, all);
    good = String(last) === String(wanted) ? good + 1 : 0;
    return good >= 10;
  });
}

/** For a second and a half nothing is heard. */
export async function silent(page, what) {
  await until(`${what}: silence`, async () => {
    const before = await energy(page);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return (await energy(page)) - before < 1e-5;
  });
}

const began = Date.now();
export const say = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s: ${text}`);

/** Runs a scenario; with SHOTS set, `shot` keeps pictures there. */
export async function run(scenario) {
  try {
    await scenario();
    say("good");
  } catch (error) {
    console.log("FAILED: " + (error?.stack ?? error));
    const pages = browser.contexts().flatMap((context) => context.pages());
    for (const [at, page] of pages.entries()) await page.screenshot({ path: `failed-${at + 1}.png` }).catch(() => undefined);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

export async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, name + ".png") });
}
