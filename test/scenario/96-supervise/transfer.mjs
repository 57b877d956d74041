// The last sentence of a visitor's ten minutes: a figure moves by one; it leads to its definition, to just the contacts
// that are counted, to that contact, its way, and its recording, which is unbroken through the transfer.
import { accessible, assert, base, fits, open, run, say, shot, tones, until } from "../../lib/browser.mjs";

const CUSTOMER = 400, FIRST = 1000, SECOND = 1600;
const all = [CUSTOMER, FIRST, SECOND];
const RATE = 8000, WINDOW = 800; // a tenth of a second

/** What the player of the page plays, heard where it comes out of the file. */
function earOfPlayer() {
  const real = AudioContext.prototype.createMediaElementSource;
  AudioContext.prototype.createMediaElementSource = function (audio) {
    const source = real.call(this, audio);
    window.played = audio;
    window.playerEar = new AnalyserNode(this, { fftSize: 4096, smoothingTimeConstant: 0 });
    source.connect(window.playerEar);
    return source;
  };
}
const playedNow = (page) =>
  page.evaluate((all) => {
    const bins = new Float32Array(window.playerEar.frequencyBinCount);
    window.playerEar.getFloatFrequencyData(bins);
    return all.filter((hz) => {
      const at = Math.round((hz * window.playerEar.fftSize) / window.playerEar.context.sampleRate);
      return Math.max(...bins.subarray(at - 1, at + 2)) > -55;
    });
  }, all);

/** Goertzel: is the tone in this window of samples? */
function has(samples, from, hz) {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / RATE);
  let a = 0, b = 0;
  for (let i = from; i < from + WINDOW; i++) [a, b] = [samples[i] + turn * a - b, a];
  return Math.sqrt(Math.max(0, a * a + b * b - turn * a * b)) / WINDOW > 0.01;
}

await run(async () => {
  const lead = await open("/lead", { user: "sari", before: (one) => one.addInitScript(earOfPlayer) });
  const panel = lead.getByRole("complementary");
  const desks = [];
  for (const [user, microphone] of [["dewi", FIRST], ["budi", SECOND]]) {
    const desk = await open("/desk", { user, microphone });
    await desk.getByRole("button", { name: /Telepon terhubung/ }).waitFor();
    desks.push(desk);
  }
  const [dewi, budi] = desks;
  const ready = async (desk) => {
    await desk.keyboard.press("F9");
    await desk.getByRole("button", { name: /Keadaan saya:\s*Siap/ }).waitFor();
  };
  const bars = desks.map((desk) => desk.getByRole("region", { name: "Panggilan" }));
  const number = lead.locator('tbody [data-figure="answered"][aria-label*="Toko: layanan"]');
  await number.waitFor();
  const before = Number(await number.innerText());
  const known = (await (await lead.api("/api/v1/figures/answered/contacts?period=today&queue=toko.layanan")).json()).items.map((one) => one.contact);
  assert(known.length === before, `${known.length} contacts, the number is ${before}`);

  // ---- a customer calls, the first answers ----
  await ready(dewi);
  const page = await open("/call#toko", { width: 420, height: 760, microphone: CUSTOMER });
  await page.getByRole("button", { name: "Telepon Toko Nusantara" }).click();
  await page.getByText("Tersambung").waitFor();
  await page.keyboard.press("1");
  let contact = "";
  await until("a place in line", async () => {
    await page.keyboard.press("2");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { items } = await (await lead.api("/api/v1/contacts")).json();
    return (contact = items.find((one) => one.queue === "toko.layanan")?.id ?? "");
  });
  await bars[0].getByRole("button", { name: /^Jawab/ }).click({ timeout: 20_000 });
  await tones(dewi, "the first agent", [CUSTOMER], all);
  await tones(page, "the customer", [FIRST], all);

  // ---- asks a colleague who has come to work meanwhile, and hands over ----
  await ready(budi);
  await dewi.keyboard.press("Control+Alt+K");
  await dewi.getByRole("combobox", { name: "Tanya siapa?" }).fill("Budi");
  await dewi.keyboard.press("Enter");
  await bars[1].getByRole("button", { name: /^Jawab/ }).click({ timeout: 20_000 });
  await tones(budi, "who is asked", [FIRST], all);
  await tones(dewi, "who asks", [SECOND], all);
  await bars[0].getByRole("button", { name: /^Serahkan/ }).click();
  await tones(page, "the customer who was handed over", [SECOND], all);
  await tones(budi, "the second agent", [CUSTOMER], all);
  await page.getByRole("button", { name: "Akhiri" }).click();
  await page.getByText("Panggilan selesai.").waitFor();
  for (const [at, desk] of desks.entries()) {
    await bars[at].getByText("Catatan akhir").waitFor();
    await desk.keyboard.press("1");
    await desk.keyboard.press("F2");
    await bars[at].getByText("Tidak ada panggilan.").waitFor();
  }
  say("called, answered, asked, handed over, wrapped up");

  // ---- the figure: by one, whoever talked; its definition; just the contacts that are counted ----
  await until("the figure has moved", async () => Number(await number.innerText()) !== before);
  await new Promise((resolve) => setTimeout(resolve, 500)); // it shall not move again
  assert(Number(await number.innerText()) === before + 1, `the figure moved from ${before} to ${await number.innerText()}`);
  await number.click();
  await panel.getByRole("heading", { name: "Terjawab" }).waitFor();
  await panel.getByText("Kontak yang masuk antrean pada masa itu dan berbicara dengan seorang agen.").waitFor();
  assert((await panel.locator(".big").innerText()) === String(before + 1), "the panel has the number");
  const rows = panel.locator("[data-contact]");
  await until("its contacts", async () => (await rows.count()) === before + 1);
  const listed = await rows.evaluateAll((items) => items.map((one) => one.dataset.contact));
  assert(JSON.stringify(listed.toSorted()) === JSON.stringify([...known, contact].toSorted()), `listed are ${listed}, counted ${[...known, contact]}`);
  await accessible(lead, "a number and its contacts");
  await shot(lead, "ten-number");

  // ---- that contact, its way, its one recording ----
  await panel.locator(`[data-contact="${contact}"]`).getByRole("button").click();
  await panel.getByRole("heading", { name: "Perjalanan" }).waitFor();
  const way = await panel.locator(".path").innerText();
  const order = [/Dewi Lestari, bicara/, /Dewi Lestari mengalihkan ke Budi Santoso setelah konsultasi/, /Budi Santoso, bicara/, /Diakhiri oleh pelanggan/].map((one) => way.search(one));
  assert(order.every((at, i) => at >= 0 && (i === 0 || i === 2 || at > order[i - 1])) && order[2] > order[0], "its way: " + way);
  const listen = panel.getByRole("button", { name: /^Dengarkan rekaman, / });
  await until("its recording", async () => (await listen.count()) === 1, 15_000);
  const { record } = await (await lead.api(`/api/v1/contacts/${contact}`)).json();
  assert(record.recordings.length === 1 && record.recordings[0].state === "complete", "one whole recording: " + JSON.stringify(record.recordings));
  const { recording } = record.recordings[0];

  // ---- by content, in parts as a player asks for them: the first agent, then the second, the customer all the time ----
  const get = async (from, to) => {
    const reply = await lead.api(`/api/v1/recordings/${recording}/audio`, { headers: { Range: `bytes=${from}-${to}` } });
    assert(reply.status() === 206, `a part of the recording: ${reply.status()}`);
    return [await reply.body(), Number(/\/(\d+)$/.exec(reply.headers()["content-range"])[1])];
  };
  const [head, size] = await get(0, 43);
  assert(head.toString("latin1", 0, 4) === "RIFF" && head.readUInt16LE(22) === 2 && head.readUInt32LE(24) === RATE && head.readUInt16LE(34) === 16, "a WAV with two channels");
  const parts = [];
  for (let from = 44; from < size; from += 65_536) parts.push((await get(from, Math.min(size, from + 65_536) - 1))[0]);
  const bytes = Buffer.concat(parts);
  assert(bytes.length === size - 44 && bytes.length % 4 === 0, "the parts are the whole");
  const channel = (n) => Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt16LE(i * 4 + n * 2) / 32_768);
  const [said, answered] = [channel(0), channel(1)];
  const line = [];
  for (let from = 0; from + WINDOW <= said.length; from += WINDOW)
    line.push((has(said, from, CUSTOMER) ? "c" : "-") + (has(answered, from, FIRST) ? "1" : has(answered, from, SECOND) ? "2" : "-"));
  const drawn = line.join(" ");
  const seconds = said.length / RATE;
  const talked = (Date.parse(record.ended) - Date.parse(record.agents.find((one) => one.connected).connected)) / 1000;
  assert(Math.abs(seconds - talked) < 0.5, `the recording has ${seconds} s of ${talked}`);
  const last1 = line.findLastIndex((one) => one.endsWith("1")), first2 = line.findIndex((one) => one.endsWith("2"));
  assert(last1 >= 0 && first2 > last1, "the first agent, then the second: " + drawn);
  const gap = (some, of) => Math.max(...some.map((one) => (of(one) ? " " : "x")).join("").split(" ").map((one) => one.length)); // tenths of a second
  assert(gap(line, (one) => one[0] === "c") <= 3, "the customer is not heard all the time: " + drawn);
  for (const part of [line.slice(0, last1), line.slice(first2)]) assert(gap(part, (one) => one[1] !== "-") <= 3, "there is a gap in what an agent says: " + drawn);
  const held = record.agents.reduce((sum, one) => sum + one.hold_ms, 0) / 1000; // meanwhile the agents talked with each other
  assert(held > 0 && (first2 - last1) / 10 < held + 0.5, `between the agents are ${(first2 - last1) / 10} s, on hold were ${held}: ${drawn}`);
  say(`${seconds.toFixed(1)} s in one recording: the first agent for ${((last1 + 1) / 10).toFixed(1)} s, then the second`);

  // ---- and by the player: before the transfer, after it ----
  await listen.click();
  const place = panel.getByRole("slider", { name: "Tempat di rekaman" });
  await place.waitFor();
  await panel.getByRole("button", { name: "Putar", exact: true }).click();
  const heard = async (from, wanted, what) => {
    let last = [];
    await lead.evaluate((at) => (window.played.currentTime = at), from);
    await until(() => `${what}: ${wanted}, not ${last}`, async () => String((last = await playedNow(lead))) === String(wanted));
  };
  assert(Math.abs((await lead.evaluate(() => window.played.duration)) - seconds) < 0.1, "the player has the whole of it");
  await heard(0.2, [CUSTOMER, FIRST], "the player, before the transfer");
  await heard(first2 / 10 + 0.1, [CUSTOMER, SECOND], "the player, after the transfer");
  await until("played to its end", () => lead.evaluate(() => window.played.ended), 20_000);
  await accessible(lead, "a recording through a transfer");
  await fits(lead, "a recording through a transfer");
  await shot(lead, "ten-recording");
  say("played from the first agent through to the second");
  for (const one of [lead, dewi, budi, page]) assert(one.problems.length === 0, one.problems.join("; "));
});
