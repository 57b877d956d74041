import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tonesHeard, voiceAndEars } from "../../lib/ears.mjs";

const require = createRequire(join(process.env.SAPA_SOURCE_DIR, "web/package.json"));
const { default: puppeteer } = await import(pathToFileURL(require.resolve("puppeteer-core")));
const base = process.env.BASE;
const CUSTOMER = 400, AGENT = 1000, AGAIN = 1400;
const all = [CUSTOMER, AGENT, AGAIN];
const began = Date.now();
const say = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s: ${text}`);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: "/usr/bin/firefox-esr",
  headless: true,
  acceptInsecureCerts: true,
  extraPrefsFirefox: {
    "media.autoplay.default": 0,
    "media.cubeb.force_mock_context": true, // a sound card of its own: where there is none, no AudioContext runs
    "media.autoplay.blocking_policy": 0,
    "media.navigator.permission.disabled": true,
    "media.navigator.streams.fake": true,
    "media.peerconnection.ice.obfuscate_host_addresses": false,
  },
});
const pages = [];

async function open(where, user, tones) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  pages.push(page);
  await page.evaluateOnNewDocument(voiceAndEars, tones);
  if (user) {
    await page.goto(base + "/");
    await page.evaluate(async (user) => {
      const reply = await fetch("/api/v1/demo/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ user, cookie: true }) });
      sessionStorage.setItem("sapa.session", (await reply.json()).session);
      sessionStorage.removeItem("test.load");
    }, user);
  }
  await page.goto(base + where);
  return page;
}

/** By role and name, as who uses it finds it. */
const press = (page, name) => page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
const shows = (page, text) => page.waitForFunction((text) => document.body.innerText.includes(text), {}, text);

async function until(what, check, ms = 15_000) {
  for (const end = Date.now() + ms; ; await wait(50)) {
    if (await check()) return;
    if (Date.now() > end) throw new Error(`waited for: ${what()}`);
  }
}

async function hears(page, who, wanted) {
  let last = [];
  let good = 0;
  await until(() => `${who} hears ${wanted}, not ${last}`, async () => {
    last = await page.evaluate(tonesHeard, all);
    good = String(last) === String(wanted) ? good + 1 : 0;
    return good >= 8;
  });
}

try {
  say(await browser.version());
  const desk = await open("/desk", "agent1", [AGENT, AGAIN]);
  await shows(desk, "Telepon terhubung");
  await desk.keyboard.press("F9");
  const customer = await open("/call", null, CUSTOMER);
  await press(customer, "Telepon Toko Uji");
  say("the customer calls");
  await desk.bringToFront();
  await shows(desk, "Berdering");
  await desk.keyboard.press("F2");
  await shows(desk, "Bicara");
  await hears(desk, "the agent", [CUSTOMER]);
  await hears(customer, "the customer", [AGENT]);
  say("both hear each other");

  await desk.keyboard.press("F4");
  await shows(desk, "Ditahan");
  await hears(desk, "who holds", []);
  await desk.keyboard.press("F4");
  await shows(desk, "Bicara");
  await hears(desk, "the agent again", [CUSTOMER]);
  say("held and resumed");

  await desk.reload();
  await hears(desk, "the agent of the page loaded anew", [CUSTOMER]);
  await hears(customer, "the customer of that agent", [AGAIN]);
  say("the desk was loaded anew");

  await press(customer, "Akhiri");
  await shows(customer, "Panggilan selesai.");
  await shows(desk, "Catatan akhir");
  await desk.keyboard.press("1");
  await desk.keyboard.press("F2");
  await shows(desk, "Tidak ada panggilan.");
  for (const page of pages) if (page.problems.length > 0) throw new Error(page.problems.join("; "));
  say("good");
} catch (error) {
  console.log("FAILED: " + (error?.stack ?? error));
  for (const page of pages) console.log((await page.evaluate(() => document.body.innerText).catch(() => "")).slice(0, 600), page.problems);
  process.exitCode = 1;
} finally {
  await browser.close();
}
