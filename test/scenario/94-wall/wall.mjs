// The pages of wallboards: the editor, and a screen that lives by a link.
import { existsSync, writeFileSync } from "node:fs";
import { accessible, assert, base, browser, fits, open, run, say, shot, until } from "../../lib/browser.mjs";

const number = (text) => Number(text.replace(/[^0-9]/g, ""));

/** Days of messages, as quickly as the page takes them: a feed out of the page itself, with breaks; the page's clock goes on with each. */
async function soak(page, messages, breaks, days) {
  return page.evaluate(
    async ([messages, breaks, days]) => {
      const sockets = window.__sockets;
      let n = 1;
      const event = (i) => ({
        type: "events",
        feed: "soak",
        n: ++n,
        events: window.__standings.slice(0, 2).map((standing) => ({ type: "standing", id: standing.id, data: { ...standing, waiting: i % 17, talking: i % 23, oldest: new Date(Date.now() - (i % 300) * 1000).toISOString(), today: { ...standing.today, answered: i, service_level_1: (i % 100) / 100 } } })),
      });
      const each = (days * 86_400_000) / messages;
      for (let i = 0; i < messages; i++) {
        const socket = sockets.at(-1);
        window.__later(each);
        if (socket?.onmessage) socket.onmessage({ data: JSON.stringify(event(i)) });
        if (i % Math.floor(messages / breaks) === 0 && i > 0) {
          socket?.onclose?.();
          const before = sockets.length;
          while (sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
          await new Promise((resolve) => setTimeout(resolve, 20));
          sockets.at(-1).onmessage?.({ data: JSON.stringify({ type: "snapshot", feed: "soak", n, contacts: [], agents: [], queues: [], switches: [], standings: window.__standings }) });
          sockets.splice(0, sockets.length - 1);
        }
        if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve)); // the page paints in between
      }
      await new Promise((resolve) => setTimeout(resolve, 400));
      return n;
    },
    [messages, breaks, days],
  );
}

async function heap(page) {
  const devtools = (page.devtools ??= await page.context().newCDPSession(page));
  for (let i = 0; i < 3; i++) await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const { nodes } = await devtools.send("Memory.getDOMCounters");
  return { kb: Math.round(usedSize / 1024), nodes };
}

await run(async () => {
  // ---- the editor ----
  const editor = await open("/wall", { user: "yusuf" });
  await editor.getByRole("heading", { name: "Papan pantau" }).waitFor();
  await editor.getByText("Belum disimpan").waitFor();
  await accessible(editor, "editor, id, light");
  await fits(editor, "editor");
  await editor.getByLabel("Nama papan").fill("Lantai dua");
  await editor.getByLabel("Detik per halaman").fill("5");
  const first = editor.getByRole("group", { name: "Angka 1", exact: true });
  await first.getByLabel("Milik siapa").selectOption({ label: "Tim toko" });
  await editor.locator('.preview-screen .tile[data-figure="handled"]').getByText("hari ini · toko").waitFor(); // a team has figures of today
  await first.getByLabel("Masa").selectOption({ label: "30 menit terakhir" }); // and beside them those of the last half hour
  await editor.locator('.preview-screen .tile[data-figure="handled"]').getByText("30 menit terakhir · toko").waitFor();
  await first.getByLabel("Milik siapa").selectOption({ label: "Toko: penjualan" });
  await first.getByLabel("Masa").selectOption({ label: "hari ini" });
  await first.getByRole("combobox", { name: "Angka", exact: true }).selectOption({ label: "Rata-rata tunggu" });
  await first.getByLabel("Perhatian mulai").fill("20");
  await first.getByLabel("Kritis mulai").fill("60");
  assert((await editor.locator(".preview-screen .tile").count()) === 7, "seven figures in the preview");
  await editor.getByRole("button", { name: "Simpan", exact: true }).click();
  await editor.getByText("Disimpan sebagai versi 1.").waitFor();
  const kept = await (await editor.api("/api/v1/wallboards/lantai-dua")).json();
  assert(kept.version === 1 && kept.seconds === 5 && kept.pages.length === 3, "kept: " + JSON.stringify(kept).slice(0, 200));
  assert(JSON.stringify(kept.pages[0].tiles[0]) === JSON.stringify({ scope: "queue", key: "toko.penjualan", figure: "asa", period: "today", warn: 20000, bad: 60000 }), "tile: " + JSON.stringify(kept.pages[0].tiles[0]));
  // somebody else was faster: nothing is lost, and it is said
  await editor.api("/api/v1/wallboards/lantai-dua", { method: "PUT", data: { title: "Lantai dua", seconds: 5, pages: kept.pages, version: 1 } });
  await editor.getByLabel("Nama papan").fill("Lantai dua, timur");
  await editor.getByRole("button", { name: "Simpan", exact: true }).click();
  await editor.getByText(/Tidak berhasil: .*version 2/).waitFor();
  await editor.reload();
  await editor.getByRole("button", { name: "Lantai dua" }).waitFor();
  await editor.getByRole("button", { name: "Buat tautan layar" }).click();
  const link = await editor.getByLabel("Alamat layar").inputValue();
  assert(link.startsWith(`${base}/wall#lantai-dua/sapa_`), "link: " + link);
  await shot(editor, "wall-editor");
  say("a board is made, kept, not overwritten, linked");

  // ---- a screen: nobody is logged in ----
  const screen = await open(link.slice(base.length), { width: 1920, height: 1080, theme: "dark" });
  await screen.locator(".tile").first().waitFor();
  const asked = [];
  screen.on("request", (request) => asked.push(request.url()));
  await accessible(screen, "screen, id, dark");
  await fits(screen, "screen");
  const sizes = await screen.evaluate(() => ({
    value: Math.min(...[...document.querySelectorAll(".tile-value")].map((one) => parseFloat(getComputedStyle(one).fontSize))),
    name: Math.min(...[...document.querySelectorAll(".tile-name, .tile-foot, .screen h1")].map((one) => parseFloat(getComputedStyle(one).fontSize))),
  }));
  assert(sizes.value >= 108 && sizes.name >= 27, `too small for ten metres: ${JSON.stringify(sizes)}`); // a tenth, a fortieth of the height
  const over = await screen.evaluate(() => [...document.querySelectorAll(".tile-value")].flatMap((one) => { // as wide as a share can be
    one.textContent = "100%";
    one.style.setProperty("--ems", "3.1");
    return one.scrollWidth > one.clientWidth ? [`${one.scrollWidth} > ${one.clientWidth}`] : [];
  }));
  assert(over.length === 0, "100% goes beyond its tile: " + over);
  await screen.reload();
  await screen.locator(".tile").first().waitFor();
  await shot(screen, "wall-screen");
  for (const level of await screen.locator(".tile.warn .tile-level, .tile.bad .tile-level").allInnerTexts()) assert(/Perhatian|Kritis/.test(level), "a colour without a word: " + level);
  await screen.keyboard.press("Space"); // hold the page
  await screen.getByRole("button", { name: "Jeda" }).and(screen.locator('[aria-pressed="true"]')).waitFor();
  const before = await screen.locator("h2").innerText();
  await screen.keyboard.press("ArrowRight");
  await until("the next page", async () => (await screen.locator("h2").innerText()) !== before);
  await screen.keyboard.press("ArrowLeft");
  await until("the page before", async () => (await screen.locator("h2").innerText()) === before);
  for (let i = 0; i < 3 && !(await screen.locator("h2").innerText()).includes("1/3"); i++) await screen.keyboard.press("ArrowRight");
  await until("the first page", async () => (await screen.locator("h2").innerText()).includes("1/3"));
  say("a screen shows it, legible from afar, by keyboard");

  // ---- within a second ----
  const ready = screen.locator('.tile[data-figure="agents_ready"] .tile-value');
  const lags = [];
  for (const state of ["not_ready", "ready", "not_ready", "ready"]) {
    const shown = await ready.innerText();
    const reply = await editor.api("/api/v1/agents/siti/state", { method: "POST", data: state === "ready" ? { state } : { state, reason: "1" } });
    assert(reply.ok(), "state of siti: " + (await reply.text()));
    const at = Date.now();
    await until("agents ready are another number", async () => (await ready.innerText()) !== shown, 3000);
    lags.push(Date.now() - at);
  }
  assert(Math.max(...lags) <= 1000, `later than a second: ${lags}`);
  say(`figures follow within ${Math.max(...lags)} ms`);
  const told = number(await ready.innerText());
  const standings = (await (await editor.api("/api/v1/standings")).json()).items;
  assert(standings.find((one) => one.id === "all").agents_ready === told, "the screen shows another number than the API");

  // ---- the centre dies under it, and comes back ----
  // (it may be back within a blink: every change of the page is looked at)
  await screen.evaluate(() => {
    const look = () => (window.sawOld ||= document.body.textContent.includes("Data lama: terakhir"));
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  writeFileSync("kill.me", "");
  await until("old data says so", () => screen.evaluate(() => window.sawOld));
  await until("killed", () => existsSync("killed.it"));
  await screen.getByText(/Data lama/).waitFor({ state: "detached", timeout: 20_000 }).catch(async () => assert((await screen.locator(".screen.stale").count()) === 0, "old data to the end"));
  await until("fresh again", async () => (await screen.locator(".screen.stale").count()) === 0, 20_000);
  say("old data said so, and the screen came back by itself");

  // ---- the link is ended ----
  await editor.reload();
  await editor.getByRole("button", { name: "Cabut 1 tautan" }).click();
  await editor.getByText("Semua tautan dicabut.").waitFor();
  await screen.getByText("Tautan papan ini sudah dicabut").waitFor({ timeout: 15_000 });
  await editor.getByRole("button", { name: "Hapus papan" }).click();
  await editor.getByRole("button", { name: "Urungkan" }).click();
  await editor.getByText("Lantai dua ada lagi.").waitFor();
  say("ended links show nothing more; what was deleted is back with one click");
  assert(editor.problems.length + screen.problems.length === 0, [...editor.problems, ...screen.problems].join("; "));
  await screen.context().close();

  // ---- English, light, a telephone ----
  const english = await open("/wall", { user: "ratna", language: "en", width: 420, height: 800 });
  await english.getByRole("heading", { name: "Wallboard" }).waitFor();
  await english.getByText("Preview").waitFor();
  await fits(english, "editor, 420");
  await accessible(english, "editor, en, 420");
  await english.context().close();

  // ---- weeks of it ----
  const old = await open("/wall#lama/sapa_" + "0".repeat(64), {
    width: 1280,
    height: 720,
    before: async (page) => {
      await page.addInitScript((standings) => {
        window.__standings = standings.sort((a) => (a.id === "all" || a.id === "queue:toko.penjualan" ? -1 : 1));
        window.__sockets = [];
        const Real = Date;
        let ahead = 0;
        window.__later = (ms) => (ahead += ms);
        window.Date = class extends Real {
          constructor(...all) {
            super(...(all.length ? all : [Real.now() + ahead]));
          }
          static now() {
            return Real.now() + ahead;
          }
        };
        window.WebSocket = class {
          constructor() {
            window.__sockets.push(this);
            setTimeout(() => this.onopen?.(), 1);
          }
          send() {}
          close() {}
        };
      }, standings);
      const tiles = ["waiting", "oldest", "agents_ready"].map((figure) => ({ scope: "all", key: null, figure, period: "now", warn: 5, bad: 9 }));
      const more = ["answered", "service_level_1"].map((figure) => ({ scope: "queue", key: "toko.penjualan", figure, period: "today", warn: null, bad: null }));
      const page_ = { title: "Satu", tiles: [...tiles, ...more] };
      await page.route("**/api/v1/wallboards/lama", (route) => route.fulfill({ json: { id: "lama", title: "Lama", seconds: 5, pages: [page_, { ...page_, title: "Dua" }], version: 1, changed: new Date().toISOString(), by: "x", links: 1 } }));
    },
  });
  await until("its socket", () => old.evaluate(() => window.__sockets.length > 0));
  await old.evaluate(() => window.__sockets[0].onmessage({ data: JSON.stringify({ type: "snapshot", feed: "soak", n: 1, contacts: [], agents: [], queues: [], switches: [], standings: window.__standings }) }));
  await old.locator(".tile").first().waitFor();
  await soak(old, 3000, 3, 1);
  const young = await heap(old);
  const page = await old.locator("h2").innerText();
  const sent = await soak(old, Number(process.env.SAPA_SOAK ?? 20_000), 14, 14); // 1209600: one each second of them
  assert(Date.parse(await old.evaluate(() => new Date().toISOString())) > Date.now() + 14 * 86_400_000, "the page's clock has not gone on");
  await until("its pages still turn", async () => {
    await old.evaluate(() => window.__later(2500));
    return (await old.locator("h2").innerText()) !== page;
  });
  const aged = await heap(old);
  say(`two weeks, ${sent} messages, fourteen breaks: ${young.kb} kB before, ${aged.kb} kB after, ${young.nodes} and ${aged.nodes} nodes`);
  assert(aged.kb - young.kb < 400 && aged.nodes - young.nodes < 200, `it grows: ${JSON.stringify([young, aged])}`);
  assert(old.problems.length === 0, old.problems.join("; "));
});
