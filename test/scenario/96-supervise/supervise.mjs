import { accessible, assert, fits, open, run, say, shot, tones, until } from "../../lib/browser.mjs";

const CUSTOMER = 400, AGENT = 1000, LEADER = 1600;
const all = [CUSTOMER, AGENT, LEADER];

await run(async () => {
  // ---- who leads comes to her page, and her telephone with it ----
  const lead = await open("/", { microphone: LEADER });
  await lead.getByRole("button", { name: /Sari Anggraini/ }).click();
  await lead.waitForURL(/\/lead$/);
  assert((await lead.getByRole("button", { name: /Sari Anggraini.*menjawab/ }).count()) === 0, "her telephone is no card");
  await lead.getByRole("button", { name: /Telepon terhubung/ }).waitFor();
  const panel = lead.getByRole("complementary");
  const attention = lead.getByRole("region", { name: /^Perlu perhatian/ });

  // ---- an alert of the description: it comes, is seen to, and goes ----
  const desk = await open("/desk", { user: "siti", microphone: AGENT });
  await desk.getByRole("button", { name: /Telepon terhubung/ }).waitFor();
  await desk.keyboard.press("F9");
  await desk.getByRole("button", { name: /Keadaan saya:\s*Siap/ }).waitFor();
  await desk.keyboard.press("F9");
  await desk.getByRole("button", { name: /Keadaan saya:\s*Istirahat/i }).waitFor();
  const alert = attention.getByRole("button", { name: /Siti Rahayu tidak siap lebih dari 0?0:01/ });
  await alert.first().waitFor();
  await accessible(lead, "an alert");
  await fits(lead, "an alert");
  await attention.getByRole("button", { name: /^Saya urus: Siti Rahayu tidak siap/ }).click();
  await attention.getByText(/dilihat sari/).waitFor();
  await shot(lead, "supervise-alert");
  await desk.keyboard.press("F9");
  await desk.getByRole("button", { name: /Keadaan saya:\s*Siap/ }).waitFor();
  await until("the alert is over", async () => (await alert.count()) === 0);
  say("an alert came, was seen to, and went");

  // ---- a customer talks with the agent ----
  const page = await open("/call#toko", { width: 420, height: 760, microphone: CUSTOMER });
  await page.getByRole("button", { name: "Telepon Toko Nusantara" }).click();
  await page.getByText("Tersambung").waitFor();
  await page.keyboard.press("1");
  await until("a place in line", async () => {
    await page.keyboard.press("2");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { items } = await (await desk.api("/api/v1/contacts")).json();
    return items.some((one) => one.queue === "toko.layanan");
  });
  const bar = desk.getByRole("region", { name: "Panggilan" });
  await bar.getByRole("button", { name: /^Jawab/ }).click({ timeout: 20_000 });
  await tones(desk, "the agent", [CUSTOMER], all);
  await tones(page, "the customer", [AGENT], all);
  say("customer and agent talk");

  // ---- a raised hand ----
  await desk.keyboard.press("Control+Alt+H");
  await attention.getByRole("button", { name: /Siti Rahayu minta bantuan/ }).click();
  await panel.getByRole("button", { name: "Saya bantu" }).click();
  await panel.getByText("sari sedang membantu").waitFor();
  await desk.getByText(/sari datang membantu/).first().waitFor();
  say("a hand was raised, and taken");

  // ---- listen, whisper, join: each only heard by who shall hear it ----
  const mode = (name) => panel.getByRole("button", { name, exact: true });
  await mode("Dengarkan").click();
  await panel.getByText("Anda di percakapan ini: Dengarkan").waitFor();
  await tones(lead, "who listens", [CUSTOMER, AGENT], all);
  await tones(desk, "the agent who is heard", [CUSTOMER], all);
  await tones(page, "the customer who is heard", [AGENT], all);
  await accessible(lead, "listening");
  await shot(lead, "supervise-listen");
  await mode("Bisikkan").click();
  await panel.getByText("Anda di percakapan ini: Bisikkan").waitFor();
  await tones(desk, "the agent", [CUSTOMER, LEADER], all);
  await tones(page, "the customer", [AGENT], all);
  await mode("Ikut bicara").click();
  await panel.getByText("Anda di percakapan ini: Ikut bicara").waitFor();
  await tones(page, "the customer", [AGENT, LEADER], all);
  await panel.getByRole("button", { name: "Tinggalkan" }).click();
  await tones(page, "the customer", [AGENT], all);
  await panel.getByText(/Anda di percakapan ini/).waitFor({ state: "detached" });
  say("listened, whispered, joined, left");

  // ---- one without a telephone of his own: he chooses an extension ----
  const other = await open("/lead", { user: "yusuf", language: "en" });
  await other.locator('[data-agent="siti"]').click();
  const beside = other.getByRole("complementary");
  await beside.getByRole("combobox", { name: "By the phone" }).selectOption({ label: "150 · Sari Anggraini" });
  await accessible(other, "choosing a phone");
  await beside.getByRole("button", { name: "Listen", exact: true }).click();
  await beside.getByText("You are in this conversation: Listen").waitFor();
  await tones(lead, "the phone that was chosen", [CUSTOMER, AGENT], all);
  await shot(other, "supervise-phone-en");
  await beside.getByRole("button", { name: "Leave", exact: true }).click();
  await beside.getByText(/You are in this conversation/).waitFor({ state: "detached" });
  assert(other.problems.length === 0, other.problems.join("; "));
  await other.context().close();
  say("a phone was chosen, and listened");

  // ---- a word to the agent ----
  await panel.getByLabel("Pesan untuk Siti Rahayu").fill("Tawarkan ongkir gratis");
  await panel.getByRole("button", { name: "Kirim", exact: true }).click();
  await panel.getByText("Terkirim kepada Siti Rahayu.").waitFor();
  await desk.getByText("Tawarkan ongkir gratis").waitFor();
  await accessible(desk, "a message at the desk");
  await shot(desk, "supervise-message");
  await desk.getByRole("button", { name: "Tandai dibaca", exact: true }).click();
  await desk.getByText("Tawarkan ongkir gratis").waitFor({ state: "hidden" });
  await lead.getByRole("button", { name: "Pesan", exact: true }).click();
  const form = lead.locator("form.broadcast");
  await form.getByLabel("Untuk").selectOption({ label: "tim toko" });
  await form.getByRole("textbox", { name: "Pesan" }).fill("Rapat pukul 15.00");
  await accessible(lead, "a message to many");
  await form.getByRole("button", { name: "Kirim" }).click();
  await form.getByText("Terkirim kepada tim toko.").waitFor();
  await shot(lead, "supervise-broadcast");
  await lead.keyboard.press("Escape");
  await desk.getByText("Rapat pukul 15.00").waitFor();
  await desk.getByRole("button", { name: "Tandai dibaca", exact: true }).click();
  say("messages arrived, and were read");

  // ---- take over: the agent is through with it, the supervisor has it at a desk of her own ----
  await mode("Ambil alih").click();
  await bar.getByText("Catatan akhir").waitFor();
  await tones(page, "the customer", [LEADER], all);
  await panel.getByText("Sekarang Anda sendiri yang berbicara dengan pelanggan.").waitFor();
  await panel.getByRole("link", { name: "Buka meja" }).click();
  await lead.waitForURL(/\/desk$/);
  const own = lead.getByRole("region", { name: "Panggilan" });
  await own.getByText("Bicara").waitFor();
  await tones(lead, "who took over", [CUSTOMER], all);
  await tones(page, "the customer", [LEADER], all);
  await lead.keyboard.press("Control+Alt+E");
  await page.getByText("Panggilan selesai.").waitFor();
  await own.getByText("Catatan akhir").waitFor();
  for (const one of [lead, desk]) {
    await one.keyboard.press("1");
    await one.keyboard.press("F2");
    await one.getByRole("region", { name: "Panggilan" }).getByText("Tidak ada panggilan.").waitFor();
  }
  const audit = (await (await (await open("/lead", { user: "yusuf" })).api("/api/v1/audit?limit=500")).json()).items;
  assert(audit.some((one) => one.what === "POST /api/v1/contacts/{contact}/supervision" && one.actor === "sari"), "supervising stands in the audit");
  for (const one of [lead, desk, page]) assert(one.problems.length === 0, one.problems.join("; "));
});
