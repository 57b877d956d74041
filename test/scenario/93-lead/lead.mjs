import { accessible, assert, fits, open, run, say, shot, until } from "../../lib/browser.mjs";

/** The feed of the page with sixty agents in it: those that are there, again and again under other names. */
async function many(page, count) {
  await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const message = JSON.parse(text);
      if (message.type === "snapshot") {
        const agents = message.agents;
        const there = agents.length;
        for (let i = there; i < count; i++) {
          const one = agents[i % there];
          message.agents.push({ ...one, id: `${one.id}-${i}`, name: `${one.name} ${i}` });
        }
      }
      socket.send(JSON.stringify(message));
    });
  });
}

/** The table of queues ends where the agents begin, and nothing of it is out of sight. */
async function apart(page) {
  const over = await page.evaluate(() => {
    const table = document.querySelector(".queues table").getBoundingClientRect();
    const scroll = document.querySelector(".queues .scroll");
    return Math.max(table.right - document.querySelector(".agents").getBoundingClientRect().left, scroll.scrollWidth - scroll.clientWidth);
  });
  assert(over <= 0, `the table of queues is ${over} pixels too wide`);
}

/** Technical staff: what is wrong with trunks and lines, and no conversation. */
async function technical() {
  const desk = await open("/desk", { user: "tari", microphone: true });
  const tech = await open("/tech", { user: "teguh" });
  assert((await desk.api("/api/v1/agents/tari/state", { method: "POST", data: { state: "not_ready" } })).ok(), "she is at work");
  await tech.getByRole("heading", { name: "Perlu perhatian" }).waitFor();
  await tech.getByRole("button", { name: "Trunk demo-cadangan tidak menjawab" }).waitFor(); // nothing is at its port
  const demo = tech.getByRole("table", { name: "Trunk" }).getByRole("row", { name: /^demo 127/ });
  await demo.getByText("menjawab", { exact: true }).waitFor();
  const mine = tech.getByRole("table", { name: "Perangkat agen" }).getByRole("row", { name: /Tari Kusumawati/ });
  await mine.getByText(/^peramban/).waitFor();
  await mine.getByText(/Sapa desk, (Chrome|Firefox) \d+/).waitFor();
  await mine.getByText("kantor", { exact: true }).waitFor();
  await mine.getByText(/saat masuk/).waitFor(); // the check at login
  assert((await desk.api("/api/v1/me/network", { method: "POST", data: { kind: "call", rtt_ms: 900, loss_permille: 80, mos_x100: 210, codec: "opus", path: "relay" } })).ok(), "a bad line is told");
  await mine.getByText("buruk", { exact: true }).waitFor();
  await mine.getByText("MOS 2,1").waitFor();
  await mine.getByText(/suara lewat TURN/).waitFor();
  await tech.getByRole("button", { name: "Jaringan Tari Kusumawati di bawah batas" }).waitFor();
  await tech.getByRole("button", { name: /^Bermasalah \(1\)/ }).click();
  await until("only who is in trouble", async () => (await tech.getByRole("table", { name: "Perangkat agen" }).getByRole("row").count()) === 2);
  await accessible(tech, "tech");
  await fits(tech, "tech");
  await shot(tech, "tech");
  for (const closed of ["contacts", "directory", "recordings", "people?phone=1", "view", "audit"]) assert((await tech.api("/api/v1/" + closed)).status() === 403, `technical staff gets ${closed}`);
  assert(!/08\d{6,}|\+?628\d{6,}/.test(await tech.locator("main").innerText()), "a customer's number on the page");
  assert((await desk.api("/api/v1/system")).status() === 403, "an agent is told the technical state");
  // where she works stands with her figures of the day
  await until("time in the office is counted", async () => ((await (await desk.api("/api/v1/me/figures")).json()).figures?.office_ms ?? 0) >= 1000);
  await desk.getByRole("button", { name: /Angka saya hari ini/ }).click();
  await desk.getByText(/^Tempat kerja hari ini: kantor 0:\d\d/).waitFor();
  await desk.context().close(); // her browser is gone
  await tech.getByRole("button", { name: "Tari Kusumawati bekerja, tetapi teleponnya tidak terhubung" }).waitFor({ timeout: 20_000 });
  assert(tech.problems.length === 0, tech.problems.join("; "));
  await tech.context().close();
  const beside = await open("/tech", { user: "teguh", language: "en", theme: "dark", width: 420, height: 768 });
  await beside.getByRole("button", { name: "Trunk demo-cadangan does not answer" }).click();
  assert(await beside.evaluate(() => document.activeElement?.id === "trunks"), "what needs attention leads to where it is");
  await fits(beside, "tech, 420");
  await accessible(beside, "tech, en, dark, 420");
  await shot(beside, "tech-420-en");
  assert(beside.problems.length === 0, beside.problems.join("; "));
  await beside.context().close();
  say("technical staff sees trunks, devices and bad lines, and no conversation");
}

await run(async () => {
  const page = await open("/lead", { user: "yusuf" });
  const panel = page.getByRole("complementary");
  await page.getByRole("heading", { name: "Perlu perhatian" }).waitFor();
  await page.locator("[data-agent]").first().waitFor();
  const agents = (await (await page.api("/api/v1/agents?limit=500")).json()).items.length;
  assert(agents >= 8 && (await page.locator("[data-agent]").count()) === agents, `${agents} agents`);
  await accessible(page, "lead, id, light");
  await fits(page, "lead");
  const cut = await page.locator(".queues tbody th .cut").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent));
  assert(cut.length === 0, "names of queues are cut: " + cut);
  await apart(page);
  await shot(page, "lead");

  // ---- why ----
  await page.getByRole("button", { name: /^Mengapa .* menunggu\?$/ }).first().click();
  await panel.getByText(/SEKARANG Menunggu|Masuk antrean/).first().waitFor();
  await panel.getByText(/Giliran \d+/).waitFor();
  await accessible(page, "contact's panel");
  await shot(page, "lead-why");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  say("every waiting contact says why");

  // ---- numbers: definition and contacts, and they are those of the API ----
  const number = page.locator('[data-figure="service_level_1"][aria-label*="Toko: penjualan"], [data-figure="service_level_1"][aria-label*="Toko: layanan"]').first();
  await number.click();
  await panel.getByRole("heading", { name: "Tingkat layanan" }).waitFor();
  await panel.getByText("(answered_in_level + abandoned_in_level) / (answered + abandoned)").waitFor();
  await panel.getByText("30 menit terakhir").waitFor();
  await page.keyboard.press("Escape");
  const answered = page.locator('tbody [data-figure="answered"]');
  const queue = await until("somebody is answered", async () => (await answered.allInnerTexts()).findIndex((text) => Number(text) > 0) + 1, 20_000);
  await answered.nth(queue - 1).click();
  await panel.getByRole("heading", { name: "Terjawab" }).waitFor();
  await until("as many contacts as the number says", async () => {
    const [shown, listed] = [Number(await panel.locator(".big").innerText()), await panel.locator(".list .link").count()];
    return shown > 0 && shown === listed;
  });
  // ---- a contact of it: its way, and its recording when it has ended ----
  await until("one of them has ended", () => panel.locator(".list li", { hasText: "terjawab" }).count(), 30_000);
  await panel.locator(".list li", { hasText: "terjawab" }).last().getByRole("button").click();
  await panel.getByRole("heading", { name: "Perjalanan" }).waitFor();
  await panel.getByText(/, bicara \d/).first().waitFor();
  const listen = panel.getByRole("button", { name: /^Dengarkan rekaman, / });
  await listen.click();
  await panel.getByRole("slider", { name: "Tempat di rekaman" }).waitFor();
  await accessible(page, "a contact and its recording");
  await shot(page, "lead-record");
  await until("listening stands in the audit", async () => (await (await page.api("/api/v1/audit?limit=500")).json()).items.some((one) => one.what === "GET /api/v1/recordings/{recording}/audio" && one.actor === "yusuf"));
  await page.keyboard.press("Escape");
  await until("the numbers are the API's", async () => {
    const standings = (await (await page.api("/api/v1/standings")).json()).items.filter((one) => one.scope === "queue");
    const shown = await page.locator('tbody [data-figure="answered"]').allInnerTexts();
    return standings.length === shown.length && standings.every((one, i) => Number(shown[i].replace(/\D/g, "")) === one.today.answered);
  });
  say("every number leads to its definition and its contacts");

  // ---- agents by keyboard; a state forced, a skill lent until a time ----
  // she was to be there for the last ten minutes, and has come just now
  const local = (ms) => new Date(ms + 7 * 3_600_000).toISOString().slice(0, 16); // Jakarta
  const [came, day] = [Date.now() - 600_000, 86_400_000];
  const bounds = `?from=${local(came).slice(0, 10)}&to=${local(came + day).slice(0, 10)}`;
  const plan = { agents: ["siti"], items: [{ agent: "siti", activity: "shift", start: local(came), end: local(came + 4 * 3_600_000) }] };
  const planned = await page.api("/api/v1/shifts" + bounds, { method: "PUT", data: plan, headers: { "If-Match": '"0"' } });
  assert(planned.ok(), `planned: ${await planned.text()}`);
  await page.locator('[data-agent="siti"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  assert((await page.evaluate(() => document.activeElement?.getAttribute("data-agent"))) === "siti", "arrows lead through the agents");
  await page.keyboard.press("Enter");
  await panel.getByRole("heading", { name: "Siti Rahayu" }).waitFor();
  await panel.getByText(/^Kepatuhan \d/).waitFor();
  await panel.getByRole("table", { name: "Di luar jadwal" }).getByRole("row", { name: /Kerja Tidak masuk .*tidak di tempat/ }).first().waitFor();
  await accessible(page, "agent's panel");
  await shot(page, "lead-agent");
  await panel.getByRole("button", { name: /^\d+ kontak sejak masuk$/ }).focus();
  await page.keyboard.press("Enter"); // this number, too, opens its contacts
  const hers = panel.getByRole("list", { name: "Kontak Siti Rahayu hari ini" });
  await until("her contacts", async () => (await hers.locator("[data-contact]").count()) > 0);
  await accessible(page, "an agent's contacts");
  await page.keyboard.press("Enter");
  await hers.waitFor({ state: "detached" });
  await panel.getByRole("button", { name: "rapat" }).click();
  await panel.getByText(/^Siti Rahayu: rapat\.$/).waitFor();
  await panel.getByRole("combobox", { name: "Keahlian inggris" }).selectOption("9");
  const until_ = (await panel.getByRole("combobox", { name: "Berlaku" }).locator("option").first().innerText()).trim();
  assert(/^sampai \d\d\.\d\d$/.test(until_), "until: " + until_);
  await panel.getByRole("button", { name: "Ubah Siti Rahayu" }).click();
  await panel.getByText(`1 agen diubah, ${until_}.`).waitFor();
  await panel.getByRole("heading", { name: "Diubah sementara" }).waitFor();
  await panel.getByRole("button", { name: "Kembalikan: inggris 9" }).click();
  await panel.getByRole("heading", { name: "Diubah sementara" }).waitFor({ state: "detached" });
  const audit = (await (await page.api("/api/v1/audit?limit=500")).json()).items;
  assert(audit.some((one) => one.what === "POST /api/v1/changes" && one.actor === "yusuf" && /inggris=9 until=.*: siti/.test(one.detail)), "the skill stands in the audit");
  // lent to another team until a time: a sign says so, nobody moves in the list, and one click takes it back
  const siti = async () => (await page.api("/api/v1/agents/siti")).json();
  const places = () => page.locator("[data-agent]").evaluateAll((all) => all.map((one) => one.getAttribute("data-agent")).join());
  const placed = await places();
  await panel.getByRole("combobox", { name: "Pinjamkan ke tim" }).selectOption("bank");
  await panel.getByRole("button", { name: "Ubah Siti Rahayu" }).click();
  await panel.getByText(`1 agen diubah, ${until_}.`).waitFor();
  await panel.getByText("dipinjamkan ke tim bank").first().waitFor();
  assert((await siti()).team === "bank" && (await siti()).own_team === "toko" && (await places()) === placed, "lent, and in her place");
  await accessible(page, "lent to another team");
  await shot(page, "lead-lent");
  const herDesk = await open("/desk", { user: "siti" });
  await herDesk.getByText(/^Membantu tim bank sampai \d\d\.\d\d$/).waitFor();
  await herDesk.close();
  await panel.getByRole("button", { name: "Urungkan" }).click();
  await panel.getByRole("heading", { name: "Diubah sementara" }).waitFor({ state: "detached" });
  assert((await siti()).team === "toko", "she is back");
  await panel.getByRole("button", { name: "Siap", exact: true }).click();
  await panel.getByText(/^Siti Rahayu: Siap\.$/).waitFor();
  await page.keyboard.press("Escape");
  assert((await page.evaluate(() => document.activeElement?.getAttribute("data-agent"))) === "siti", "the focus is back where it was");
  say("states and skills are changed, and stand in the audit");

  // ---- several at once, by keyboard alone: a skill and a queue until a time; who may not is told; and undone ----
  const changes = async (id) => (await (await page.api(`/api/v1/agents/${id}`)).json()).changes.map((one) => one.skill ?? one.queue).sort();
  await page.getByRole("button", { name: "Pilih beberapa" }).focus();
  await page.keyboard.press("Enter");
  await page.locator('[data-agent="siti"]').focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  assert((await page.locator('[data-agent][aria-checked="true"]').count()) === 2, "two are chosen");
  await panel.getByRole("button", { name: "Tim bank" }).focus();
  await page.keyboard.press("Enter");
  const bank = await page.locator('[data-agent][aria-checked="true"]').count();
  assert(bank > 3, "a whole team is chosen");
  await panel.getByRole("combobox", { name: "Keahlian inggris" }).focus();
  await page.keyboard.type("7");
  await panel.getByRole("combobox", { name: "Antrean Toko: penjualan" }).focus();
  await page.keyboard.type("layani");
  await accessible(page, "several agents");
  await panel.getByRole("button", { name: `Ubah ${bank} agen` }).focus();
  await page.keyboard.press("Enter");
  await panel.getByText(/^\d+ agen diubah, sampai \d\d\.\d\d\.$/).waitFor();
  await panel.getByText(/: tidak bekerja untuk Toko Nusantara$/).first().waitFor();
  await shot(page, "lead-change");
  assert(String(await changes("siti")) === "inggris,toko.penjualan" && String(await changes("putri")) === "", `lent: ${await changes("siti")}; ${await changes("putri")}`);
  await panel.getByRole("button", { name: "Urungkan" }).focus();
  await page.keyboard.press("Enter");
  await panel.getByText(/kembali seperti semula\.$/).waitFor();
  assert(String(await changes("siti")) === "", "undone: " + (await changes("siti")));
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  say("skills and queues of several agents are changed at once, and taken back");

  // ---- a contact is moved ----
  await until("somebody is moved", async () => {
    await page.getByRole("button", { name: /^Mengapa .* menunggu\?$/ }).first().click();
    const move = panel.getByRole("button", { name: "Pindahkan" });
    await move.waitFor({ timeout: 2000 }).catch(() => undefined);
    if (!(await move.isVisible()) || !(await move.click({ timeout: 2000 }).then(() => true, () => false))) return false;
    return panel
      .getByText(/^Dipindahkan ke /)
      .waitFor({ timeout: 1500 })
      .then(() => true)
      .catch(() => false); // answered meanwhile: the next one
  });
  await page.keyboard.press("Escape");
  await until("somebody is put first", async () => {
    await page.getByRole("button", { name: /^Mengapa .* menunggu\?$/ }).last().click();
    const first = panel.getByRole("button", { name: "Dahulukan" });
    await first.waitFor({ timeout: 2000 }).catch(() => undefined);
    if (!(await first.isVisible())) return false;
    await first.click();
    return panel
      .getByText("Didahulukan dalam antrean.")
      .waitFor({ timeout: 1500 })
      .then(() => true)
      .catch(() => false);
  });
  await page.keyboard.press("Escape");
  say("a waiting contact is moved, and another put first");

  // ---- clocks run here, and nothing is asked for them ----
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const clock = page.locator('[data-agent="andi"] .clock');
  const before = await clock.innerText();
  await until("the clock goes on", async () => (await clock.innerText()) !== before, 3000);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const mine = asked.filter((url) => url.includes("/api/") && !url.endsWith("/api/v1/me")); // the session is looked at now and then
  assert(mine.length === 0, "asked for clocks: " + mine);
  assert(page.problems.length === 0, page.problems.join("; "));
  await page.context().close();

  // ---- sixty agents ----
  const big = await open("/lead", { user: "yusuf", theme: "dark", before: (one) => many(one, 60) });
  await until("sixty agents", async () => (await big.locator("[data-agent]").count()) === 60);
  const box = await big.evaluate(() => ({
    below: [...document.querySelectorAll("[data-agent]")].filter((one) => one.getBoundingClientRect().bottom > innerHeight).length,
    name: Math.min(...[...document.querySelectorAll("[data-agent] .name")].map((one) => one.getBoundingClientRect().width)),
    low: Math.min(...[...document.querySelectorAll("[data-agent]")].map((one) => one.getBoundingClientRect().height)),
  }));
  await apart(big);
  assert(box.below === 0 && box.low >= 24 && box.name >= 88, `sixty agents do not fit: ${JSON.stringify(box)}`);
  const order = await big.locator("[data-agent] .name").allInnerTexts();
  await accessible(big, "lead, sixty, dark");
  await shot(big, "lead-60-dark");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert(JSON.stringify(order) === JSON.stringify(await big.locator("[data-agent] .name").allInnerTexts()), "agents have moved");
  await big.context().close();
  say("sixty agents without scrolling, each in its place");

  // ---- what is aimed at: set by the director, seen beside the figures by who leads ----
  const director = await open("/lead#targets", { user: "rani" });
  await director.getByText(/^Belum ada target yang ditetapkan/).waitFor();
  await director.getByRole("button", { name: "Ubah target" }).click();
  const want = async (n, place, figure, value) => {
    await director.getByRole("button", { name: "Tambah target" }).click();
    const row = director.getByRole("group", { name: `Target ${n}`, exact: true });
    await row.getByLabel("Untuk").selectOption(place);
    await row.getByLabel("Angka").selectOption(figure);
    await row.getByLabel("Nilai").fill(value);
    return row;
  };
  const first = await want(1, "all", "asa", "dua");
  await want(2, "all", "aht", "9000");
  await want(3, "team:toko", "handled", "1");
  await director.keyboard.press("Enter"); // out of a field: the form is sent
  await first.getByText("Tulis angka, misalnya 80 atau 12,5.").waitFor();
  await until("the focus is where something is wrong", () => director.evaluate(() => document.activeElement?.getAttribute("aria-invalid") === "true"));
  await accessible(director, "targets, with a mistake");
  await first.getByLabel("Nilai").fill("0");
  await director.getByLabel("Untuk apa? (boleh kosong)").fill("uji");
  await director.getByRole("button", { name: "Simpan target" }).click();
  await director.getByText("Target disimpan: versi 1.").waitFor();
  const told = (page_, id, text) => until(`${id}: ${text}`, async () => (await page_.locator(`[data-target="${id}"]`).innerText()).includes(text));
  await told(director, "all asa", "tidak tercapai");
  await told(director, "all aht", "✓ ≤ 2:30:00 tercapai");
  await told(director, "team:toko handled", "✓ ≥ 4 tercapai"); // four are at work, one contact each
  assert((await (await director.api("/api/v1/targets")).json()).items.length === 3, "three targets");
  await accessible(director, "targets");
  await fits(director, "targets");
  await shot(director, "lead-targets");
  // a team's number opens the contacts that its agents had in hand
  const beside = director.getByRole("complementary");
  await director.locator('[data-target="team:toko handled"]').getByRole("button", { name: /^Ditangani toko, 30 menit terakhir/ }).click();
  await until("the contacts of a team in the last thirty minutes", async () => {
    const told_ = await (await director.api("/api/v1/figures/handled/contacts?period=recent&team=toko&limit=100")).json();
    return told_.total > 0 && Number(await beside.locator(".big").innerText()) === told_.total && (await beside.locator("[data-contact]").count()) === Math.min(100, told_.contacts);
  }, 20_000);
  await director.goto(new URL("/lead#targets", director.url()).href);
  await director.locator('[data-target="team:toko handled"]').getByRole("button", { name: /^Ditangani toko, hari ini/ }).click();
  await beside.getByRole("heading", { name: "Ditangani" }).waitFor();
  await until("the contacts of a team", async () => {
    const told_ = await (await director.api("/api/v1/figures/handled/contacts?period=today&team=toko&limit=100")).json();
    const [number, listed] = [Number(await beside.locator(".big").innerText()), await beside.locator("[data-contact]").count()];
    return number > 0 && number === told_.total && listed === Math.min(100, told_.contacts) && told_.items.every((one) => one.record.agents.length > 0);
  }, 20_000);
  await accessible(director, "a team's contacts");
  await shot(director, "lead-team");
  if (await beside.getByRole("button", { name: "Yang sebelumnya" }).count()) {
    await beside.getByRole("button", { name: "Yang sebelumnya" }).click();
    await until("those before", async () => (await beside.locator("[data-contact]").count()) > 100);
  }
  await director.getByRole("combobox", { name: "Tim" }).selectOption("toko");
  await director.getByRole("list", { name: "toko" }).locator('[data-figure="occupancy"]').waitFor();
  assert(director.problems.length === 0, director.problems.join("; "));
  await director.context().close();
  // ---- a day that missed a target is a task of its owner, and leads to the contacts of that day ----
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Jakarta", dateStyle: "short" }).format(new Date());
  const missed = { id: "7", text: "…", due: null, contact: null, by: "sapa", created: new Date().toISOString(), client: null, name: null, address: null };
  const owner = await open("/lead", {
    user: "rani",
    before: async (one) => {
      await one.route("**/api/v1/me/tasks", (route) =>
        route.fulfill({ json: { items: [{ ...missed, breach: { figure: "service_level_1", scope: "client", key: "toko", day: today, value: 0.612, target: 0.8 } }] } }),
      );
      await one.route("**/api/v1/me/tasks/7", (route) => route.fulfill({ json: { done: true, seq: null } }));
    },
  });
  const task = owner.getByRole("region", { name: "Tugas Anda" });
  await task.getByRole("button", { name: /^Toko Nusantara, \S+, \d+ \S+ 20\d\d: Tingkat layanan 61%, target ≥ 80% tidak tercapai$/ }).click();
  const counted = owner.getByRole("complementary");
  await counted.getByText("61%", { exact: true }).waitFor();
  const ofDay = await (await owner.api(`/api/v1/figures/service_level_1/contacts?client=toko&day=${today}&limit=1`)).json();
  await until("the contacts of that day", async () => (await counted.locator("[data-contact]").count()) >= Math.min(100, ofDay.contacts));
  assert(ofDay.contacts > 0, "nobody came to Toko");
  await accessible(owner, "a missed target");
  await fits(owner, "a missed target");
  await shot(owner, "lead-task");
  await task.getByRole("button", { name: /^Selesai: Toko Nusantara/ }).click();
  await task.waitFor({ state: "detached" });
  assert(owner.problems.length === 0, owner.problems.join("; "));
  await owner.context().close();
  say("a missed target is a task, and leads to its contacts");

  const leader = await open("/lead", { user: "ratna" });
  await until("a queue says what it misses", async () => (await leader.locator(".queues .goal.missed").count()) > 0);
  await leader.getByRole("link", { name: "Target", exact: true }).click();
  await leader.locator('[data-target="team:toko handled"]').waitFor();
  await leader.getByText("Versi 1").first().waitFor();
  assert((await leader.getByRole("button", { name: "Ubah target" }).count()) === 0, "a leader of a team sets no targets");
  assert((await leader.locator('[data-target^="team:bank"], [data-target^="all "]').count()) === 0, "another team's, or all teams' figures");
  assert(leader.problems.length === 0, leader.problems.join("; "));
  await leader.context().close();
  say("targets are set by the director, and stand beside the figures");

  await technical();

  // ---- English, beside the client's application; a leader of one client sees that one ----
  const small = await open("/lead", { user: "ratna", language: "en", width: 420, height: 768 });
  await small.getByRole("heading", { name: "Needs attention" }).waitFor();
  await fits(small, "lead, 420");
  await accessible(small, "lead, en, 420");
  await small.locator("[data-agent]").first().click();
  await small.getByRole("heading", { name: "Change the state" }).waitFor();
  await fits(small, "agent's panel, 420");
  await shot(small, "lead-420-en");
  assert((await small.getByText("Bank: ").count()) === 0, "another client's queue");
  assert(small.problems.length === 0, small.problems.join("; "));
});
