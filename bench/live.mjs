// live.mjs: two real pages in Chromium, an agent's desk and a wallboard, that watch what desk_bench makes happen. One JSON line
// out: how long after the request left each page showed it, and what desk_bench says of its own desks.
//
// BASE https://…, TOKEN of an administrator, AGENT and PASSWORD of the desk, GO: the file that lets the rounds begin,
// ROUNDS: the file of desk_bench's output.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { BASE, TOKEN, AGENT, PASSWORD, GO, ROUNDS } = process.env;
const { chromium, request } = createRequire(join(process.cwd(), "web/package.json"))("@playwright/test");
const path = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(path)) {
  console.log("skipped: there is no " + path);
  process.exit(77);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Every new text of an element, with the time at which it was painted. */
const watch = (page, selector) =>
  page.evaluate((selector) => {
    window.shown = [];
    let last = "";
    const look = () => {
      const text = document.querySelector(selector)?.textContent ?? "";
      if (text === last) return;
      last = text;
      const paint = new MessageChannel();
      paint.port1.onmessage = () => window.shown.push([performance.timeOrigin + performance.now(), text]);
      requestAnimationFrame(() => paint.port2.postMessage(0)); // behind the frame that has it
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  }, selector);

/** Of each round the time until its text was there; rounds that were not seen in theirs count as missed. */
function lags(shown, rounds, texts) {
  const all = [];
  let missed = 0;
  rounds.forEach(([at, wanted], i) => {
    const end = rounds[i + 1]?.[0] ?? at + 1000;
    const seen = shown.find(([when, text]) => when >= at && when < end && text === texts[wanted]);
    if (seen) all.push(seen[0] - at);
    else missed++;
  });
  all.sort((a, b) => a - b);
  const of = (percent) => Math.round(all[Math.floor(((all.length - 1) * percent) / 100)] ?? 0);
  return { p50: of(50), p99: of(99), count: all.length, missed };
}

const browser = await chromium.launch({
  executablePath: path,
  args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--ignore-certificate-errors", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
try {
  const api = await request.newContext({ baseURL: BASE, ignoreHTTPSErrors: true, extraHTTPHeaders: { Authorization: `Bearer ${TOKEN}` } });
  const tile = { scope: "all", key: null, figure: "agents_ready", period: "now", warn: null, bad: null };
  const board = await api.put("/api/v1/wallboards/bench", { data: { title: "Bench", seconds: 600, pages: [{ title: "Satu", tiles: [tile] }] } });
  const link = await (await api.post("/api/v1/wallboards/bench/link")).json();
  if (!board.ok() || !link.path) throw new Error(`no wallboard: ${await board.text()}`);

  const wall = await (await browser.newContext({ ignoreHTTPSErrors: true, locale: "id-ID" })).newPage();
  await wall.goto(BASE + link.path);
  await wall.locator('.tile[data-figure="agents_ready"] .tile-value').waitFor();

  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "id-ID", permissions: ["microphone"], viewport: { width: 1366, height: 768 } });
  const login = await context.request.post(BASE + "/api/v1/login", { data: { user: AGENT, password: PASSWORD, cookie: true }, headers: { Origin: BASE } });
  if (!login.ok()) throw new Error(`login: ${await login.text()}`);
  await context.addInitScript(([session]) => {
    sessionStorage.setItem("sapa.session", session);
    localStorage.setItem("sapa.language", "id");
  }, [(await login.json()).session]);
  const desk = await context.newPage();
  await desk.goto(BASE + "/desk");
  await desk.getByText("Telepon terhubung").waitFor({ timeout: 30_000 });
  await desk.locator("button.state strong").waitFor();
  const from = await api.post(`/api/v1/agents/${AGENT}/state`, { data: { state: "not_ready", reason: "1" } });
  if (!from.ok()) throw new Error(`state: ${await from.text()}`);
  await sleep(1500);

  await watch(wall, '.tile[data-figure="agents_ready"] .tile-value');
  await watch(desk, "button.state strong");
  const told = () => readFileSync(ROUNDS, "utf8").split("\n");
  writeFileSync(GO, "");
  for (let i = 0; i < 1800 && !told().some((line) => line.includes("clients_p99_ms")); i++) await sleep(100);
  const rounds = told()
    .filter((line) => line.startsWith("round "))
    .map((line) => line.split(" ").slice(1).map(Number))
    .map(([us, ready]) => [us / 1000, ready]);
  const clients = JSON.parse(told().find((line) => line.includes("clients_p99_ms")) ?? "{}");
  const onDesk = lags(await desk.evaluate(() => window.shown), rounds, ["Istirahat", "Siap"]);
  const onWall = lags(await wall.evaluate(() => window.shown), rounds, ["0", "1"]);
  console.log(
    JSON.stringify({
      rounds: rounds.length, desk_p50_ms: onDesk.p50, desk_p99_ms: onDesk.p99, wall_p50_ms: onWall.p50, wall_p99_ms: onWall.p99, missed: onDesk.missed + onWall.missed,
      clients_p50_ms: clients.clients_p50_ms, clients_p99_ms: clients.clients_p99_ms, clients_missed: clients.missed,
      live_p99_ms: Math.max(onDesk.p99, onWall.p99, clients.clients_p99_ms ?? 0),
    }),
  );
  process.exitCode = rounds.length > 0 && onDesk.missed + onWall.missed === 0 ? 0 : 1;
} finally {
  await browser.close();
}
