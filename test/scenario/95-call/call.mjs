import { createServer } from "node:http";
import { accessible, assert, energy, fits, hears, open, run, say, shot, silent, until } from "../../lib/browser.mjs";

await run(async () => {
  // ---- the page before it is used: small, in both languages and themes, both clients in their colours ----
  for (const [theme, language, title] of [
    ["light", "id", "Hubungi kami"],
    ["dark", "en", "Contact us"],
  ]) {
    const scripts = [];
    const page = await open("/call", {
      width: 420,
      height: 760,
      theme,
      language,
      before: async (one) => {
        one.on("response", async (reply) => {
          if (reply.request().resourceType() === "script") scripts.push(await reply.body().then((body) => body.length));
        });
        await one.emulateMedia({ colorScheme: theme });
      },
    });
    await page.getByRole("heading", { name: title }).waitFor();
    await page.getByRole("button", { name: /Toko Nusantara/ }).waitFor();
    await page.getByRole("button", { name: /Bank Sejahtera/ }).waitFor();
    const colours = await page.locator(".btn.good").evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
    assert(new Set(colours).size === 2, "one colour for two clients: " + colours);
    if (theme === "light") assert(colours.includes("rgb(168, 50, 0)") && colours.includes("rgb(11, 61, 145)"), "not the colours of the description: " + colours);
    await accessible(page, `call, ${language}, ${theme}`);
    await fits(page, "call");
    const bytes = scripts.reduce((sum, one) => sum + one, 0);
    assert(bytes > 0 && bytes <= 5120, `${bytes} bytes of script before the click`);
    say(`${bytes} bytes of script before the click`);
    await shot(page, `call-${theme}`);

    // without a microphone nobody is called, and it is said, in the language that is chosen afterwards, too
    await page.getByRole("button", { name: /Toko Nusantara/ }).click();
    await page.getByText(language === "id" ? /^Izinkan mikrofon di peramban/ : /^Allow the microphone in the browser/).waitFor();
    await page.getByRole("button", { name: language === "id" ? "English" : "Bahasa Indonesia" }).click();
    await page.getByText(language === "en" ? /^Izinkan mikrofon di peramban/ : /^Allow the microphone in the browser/).waitFor();
    await accessible(page, `trouble, ${language}`);
    await page.goto(page.url().split("#")[0] + "#bank");
    await page.reload();
    await page.getByRole("heading", { name: "Bank Sejahtera" }).waitFor();
    await page.getByText(language === "en" ? "Never tell anybody your PIN" : "Jangan pernah menyebut PIN Anda").waitFor(); // another greeting
    assert((await page.getByText(/Toko Nusantara|Pesanan|Orders/).count()) === 0, "the other client's words");
    const line = await page.locator("#call header").evaluate((one) => getComputedStyle(one).borderBottomColor);
    assert(theme === "dark" || line === "rgb(11, 61, 145)", "another brand's colour: " + line);
    await accessible(page, `bank, ${language}, ${theme}`);
    await shot(page, `call-bank-${theme}`);
    await page.goto(page.url().split("#")[0] + "#toko");
    await page.reload();
    await page.getByText(language === "en" ? "Orders, delivery, returns" : "Pesanan, pengiriman, pengembalian").waitFor();
    assert(page.problems.length === 0, page.problems.join("; "));
    await page.context().close();
  }

  // ---- troubles of the server, in words ----
  const trouble = await open("/call", { microphone: true });
  const call = trouble.getByRole("button", { name: "Telepon Toko Nusantara" });
  const again = trouble.getByRole("button", { name: "Telepon lagi" });
  for (const [status, words] of [
    [429, "Terlalu banyak panggilan dari alamat ini. Coba lagi 17 detik lagi."],
    [404, "Nomor ini tidak dapat ditelepon dari peramban."],
    [500, "Server sedang terganggu. Coba lagi beberapa saat lagi."],
  ]) {
    await trouble.route("**/api/v1/web-calls", (route) =>
      route.request().method() === "POST" ? route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify({ status, code: "X", detail: "too many calls from this address; wait 17 seconds" }) }) : route.continue(),
    );
    await (status === 429 ? call : again).click();
    await trouble.getByText(words).waitFor();
    await trouble.unroute("**/api/v1/web-calls");
  }
  for (const [name, words] of [
    ["NotFoundError", "Tidak ada mikrofon. Sambungkan satu, lalu coba lagi."],
    ["NotReadableError", "Mikrofon sedang dipakai program lain. Tutup program itu, lalu coba lagi."],
  ]) {
    await trouble.evaluate((name) => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", name))), name);
    await again.click();
    await trouble.getByText(words).waitFor();
  }
  await trouble.context().close();
  say("troubles are said in words");

  // ---- in a frame of the client's own web site, where the description allows it, and nowhere else ----
  const site = createServer((request, reply) => {
    reply.setHeader("content-type", "text/html");
    reply.end(`<!doctype html><title>Toko</title><iframe src="${process.env.BASE}/call/${request.url.slice(1)}" allow="microphone" title="call" width="420" height="640"></iframe>`);
  });
  await new Promise((done) => site.listen(Number(process.env.SITE), "127.0.0.1", done));
  const shop = await open("/call/bank", {});
  await shop.getByRole("heading", { name: "Bank Sejahtera" }).waitFor();
  await shop.goto(`http://127.0.0.1:${process.env.SITE}/toko`);
  await shop.frameLocator("iframe").getByRole("button", { name: "Telepon Toko Nusantara" }).waitFor();
  await shot(shop, "call-framed");
  await shop.goto(`http://127.0.0.1:${process.env.SITE}/bank`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert((await shop.frameLocator("iframe").getByRole("heading", { name: "Bank Sejahtera" }).count()) === 0, "a frame that nobody has allowed");
  await shop.context().close();
  site.close();
  say("in a frame of the client's web site, and of no other's");

  // ---- the first page leads here; an agent in another tab; keys choose, and they talk ----
  const first = await open("/", {});
  assert((await first.getByRole("link", { name: "Hubungi kami" }).getAttribute("href")) === "/call", "the first page leads to it");
  const names = await first.locator(".person strong").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth || getComputedStyle(one).textOverflow === "ellipsis").map((one) => one.textContent));
  assert(names.length === 0, "names are cut: " + names);
  await shot(first, "first");
  await first.context().close();
  const desk = await open("/desk", { user: "siti", microphone: true });
  await desk.getByRole("button", { name: /Telepon saya.*Telepon terhubung|Telepon terhubung/ }).waitFor();
  await desk.keyboard.press("F9");
  await desk.getByRole("button", { name: /Keadaan saya:\s*Siap/ }).waitFor();

  const lines = []; // the page's connections for SIP, to be cut
  const page = await open("/call", {
    width: 420,
    height: 760,
    microphone: true,
    before: (one) =>
      one.routeWebSocket(/\/sip$/, (socket) => {
        lines.push(socket);
        socket.connectToServer();
      }),
  });
  await page.getByRole("button", { name: "Telepon Toko Nusantara" }).click();
  const status = page.getByRole("status");
  await until("connected", async () => (await status.innerText()) === "Tersambung");
  assert(await page.evaluate(() => document.activeElement?.getAttribute("role") === "status"), "the focus is at what is new");
  await accessible(page, "in a call");
  await fits(page, "in a call");
  await shot(page, "call-on");
  await hears(page, "the greeting");
  await until("the level is shown", () => page.locator("meter").evaluate((one) => one.value > 0));
  await page.getByRole("button", { name: "1", exact: true }).click(); // Indonesian
  // customer service, by the keyboard; pressed again until the menu is there
  await until("a place in line", async () => {
    await page.keyboard.press("2");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { items } = await (await desk.api("/api/v1/contacts")).json();
    return items.some((one) => one.queue === "toko.layanan");
  });
  await status.getByText(/^(Anda berikutnya dalam antrean; (kurang dari satu menit|kira-kira \d+( sampai \d+)? menit) lagi|Anda berikutnya dalam antrean; lama tunggu belum dapat diperkirakan|Agen sedang dihubungi)/).waitFor();
  await shot(page, "call-line");
  say("the keys have chosen, and the place in line is told: " + (await status.innerText()));
  const bar = desk.getByRole("region", { name: "Panggilan" });
  await bar.getByRole("button", { name: /^Jawab/ }).click({ timeout: 20_000 });
  await bar.getByText("Bicara").waitFor();
  await hears(page, "the agent");
  await hears(desk, "the customer");
  await status.getByText("Anda terhubung dengan agen").waitFor();
  say("both talk");
  await desk.reload(); // in the middle of a sentence
  await hears(desk, "the customer, by the desk that was loaded anew");
  await hears(page, "the agent of that desk");
  say("the desk was loaded anew, and both talk");

  let asked = "";
  page.once("dialog", (dialog) => {
    asked = dialog.type();
    void dialog.dismiss();
  });
  await page.evaluate(() => setTimeout(() => location.reload()));
  await until("asked before the page is left", () => asked === "beforeunload");
  await hears(page, "the agent, by who has stayed");

  const mute = page.getByRole("button", { name: "Bisukan" });
  await mute.click();
  assert((await mute.getAttribute("aria-pressed")) === "true", "muted");
  await silent(desk, "a muted customer");
  await hears(page, "the agent, by who is muted");
  await mute.click();
  await hears(desk, "the customer again");
  say("muted, and heard again");

  // the connection is lost: they go on, and the next one has the call
  const path = () => page.evaluate(() => window.heard.map((one) => /a=ice-ufrag:(\S+)/.exec(one.remoteDescription?.sdp ?? "")?.[1]).join());
  const before = await path();
  await lines[0].close({ code: 4000 });
  await status.getByText("Jaringan terputus, panggilan belum selesai. Menyambung lagi…").waitFor();
  await hears(page, "the agent, without a connection");
  await until("another connection", () => lines.length > 1);
  await until("ICE begins anew", async () => (await path()) !== before);
  await hears(page, "the agent, by another connection");
  await hears(desk, "the customer, by another connection");
  await status.getByText("Anda terhubung dengan agen").waitFor(); // and is said so again
  say("the connection was lost, and both talk");

  // whoever leaves the page after all, and comes back at once, has the call again
  page.once("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await hears(page, "the agent, by the page that was loaded anew");
  await hears(desk, "the customer, by the page that was loaded anew");
  await status.getByText("Anda terhubung dengan agen").waitFor();
  assert(!/^0:0\d$/.test(await page.locator(".clock").innerText()), "the clock goes on");
  say("the customers' page was loaded anew, and both talk");

  await page.getByRole("button", { name: "Akhiri" }).click();
  await page.getByText("Panggilan selesai.").waitFor();
  await bar.getByText("Catatan akhir").waitFor();
  await page.getByRole("button", { name: "Telepon lagi" }).waitFor();
  await page.getByRole("button", { name: "Pilih yang lain" }).click();
  await page.getByRole("button", { name: "Telepon Bank Sejahtera" }).waitFor();
  assert((await energy(page)) === 0, "a connection is left");
  assert(page.problems.length === 0 && desk.problems.length === 0, [...page.problems, ...desk.problems].join("; "));
});
