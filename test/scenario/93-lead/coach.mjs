// A trainer writes to an agent about a moment of a recording; the agent hears it from there and says so; the trainer sees it.
// Who manages, trains or assesses quality has a page that offers nothing that is refused.
import { accessible, assert, fits, open, run, say, shot, until } from "../../lib/browser.mjs";

/** With whatever is refused on the way. */
async function enter(where, options) {
  const refused = [];
  const page = await open(where, { ...options, before: (one) => one.on("response", (reply) => reply.status() === 403 && refused.push(`${reply.request().method()} ${reply.url()}`)) });
  page.good = () => assert(page.problems.length === 0 && refused.length === 0, `${options.user}: ${[...page.problems, ...refused].join("; ")}`);
  return page;
}

/** A conversation that is over, with one agent, a whole recording of some length. */
async function heardOf(page) {
  return await until("there is a recorded conversation", async () => {
    const from = new Date(Date.now() - 1800_000).toISOString();
    const { items } = await (await page.api(`/api/v1/contacts/past?limit=200&outcome=answered&from=${from}`)).json();
    return items.find((one) => one.agents.length === 1 && one.recordings.some((made) => made.state === "complete" && made.recorded_ms > 4000));
  }, 40_000);
}

await run(async () => {
  const trainer = await enter("/lead", { user: "wati" });
  const panel = trainer.getByRole("complementary");
  const record = await heardOf(trainer);
  const [{ agent }, recording] = [record.agents[0], record.recordings.find((one) => one.state === "complete").recording];
  const name = (await (await trainer.api(`/api/v1/agents/${agent}`)).json()).name;

  const queue = (await (await trainer.api("/api/v1/directory")).json()).queues.find((one) => one.id === record.queue).name;

  /** By way of a number, as one comes to it: the contact's panel. */
  const openContact = async (page) => {
    const side = page.getByRole("complementary");
    await page.locator(".queues tbody tr", { hasText: queue }).locator('[data-figure="answered"]').click();
    await side.locator(`[data-contact="${record.contact}"] button`).click();
    await side.getByRole("heading", { name: "Perjalanan" }).waitFor();
    return side;
  };

  // ---- written while one listens, by keyboard ----
  await openContact(trainer);
  await panel.getByRole("button", { name: /^Dengarkan rekaman, / }).click();
  const seek = panel.getByRole("slider", { name: "Tempat di rekaman" });
  await seek.focus();
  for (const second of ["1", "2"]) {
    await trainer.keyboard.press("ArrowRight");
    await until("the place moves", async () => (await seek.inputValue()) === second);
  }
  const add = panel.getByRole("button", { name: "Catatan pelatihan di 0:02" });
  await add.focus();
  await trainer.keyboard.press("Enter");
  await until("the focus is in the note", () => trainer.evaluate(() => document.activeElement?.tagName === "TEXTAREA"));
  await trainer.keyboard.press("Escape");
  await until("the focus is back", () => trainer.evaluate(() => document.activeElement?.textContent?.includes("Catatan pelatihan") ?? false));
  assert((await panel.count()) === 1, "the panel is closed with the note");
  await trainer.keyboard.press("Enter");
  await trainer.keyboard.type("Salamnya terlalu cepat. Sebut nama, lalu tunggu.");
  await accessible(trainer, "a note is written");
  await trainer.keyboard.press("Control+Enter");
  await panel.getByText(`Catatan disimpan; ${name} menemukannya di Pekerjaan.`).waitFor();
  const mark = panel.getByRole("button", { name: "1. Catatan Wati Lestari di 0:02" });
  await seek.fill("0");
  await mark.click();
  await until("the mark leads to its moment", async () => Math.round(Number(await seek.inputValue())) === 2);
  await panel.getByText("belum didengar").waitFor();
  await accessible(trainer, "a recording with a mark");
  await fits(trainer, "a recording with a mark");
  await shot(trainer, "coach-mark");
  say("a trainer writes at a moment of a recording");

  // ---- it is in the agent's work; he hears from the moment on, and says so ----
  const desk = await enter("/desk", { user: agent });
  const row = desk.locator(".thing.coaching");
  await row.getByText("Dengarkan kembali: catatan dari Wati Lestari").waitFor();
  await row.getByText("Salamnya terlalu cepat.").waitFor();
  await row.getByRole("button", { name: "Dengarkan dari 0:02" }).click();
  const place = row.getByRole("slider", { name: "Tempat di rekaman" });
  await until("it is heard from its moment on", async () => Number(await place.inputValue()) > 2.1);
  await accessible(desk, "a note on the desk");
  await fits(desk, "a note on the desk");
  await shot(desk, "coach-desk");
  await row.getByRole("button", { name: /^Sudah saya dengar: catatan dari Wati Lestari/ }).click();
  await row.getByText("Selesai").waitFor();
  assert((await (await desk.api(`/api/v1/agents/${agent}/work`)).json()).coaching.length === 0, "it is still to be heard");
  desk.good();
  await desk.context().close();
  say("the agent hears it again and says so");

  // ---- the trainer sees that it was heard, and how the figures stand since ----
  await panel.getByRole("button", { name: new RegExp(`^${name}, bicara`) }).click();
  await panel.getByRole("heading", { name: "Pelatihan, 30 hari terakhir" }).waitFor();
  await panel.getByText(/^✓ didengar/).waitFor();
  await panel.getByText("Belum cukup untuk dibandingkan: sedikitnya 20 di tiap sisi.").waitFor(); // the note's own quarter hour counts nowhere
  await panel.locator(".followed li", { hasText: "AHT" }).waitFor();
  await accessible(trainer, "what came of a note");
  await fits(trainer, "what came of a note");
  await shot(trainer, "coach-followed");
  trainer.good();
  const audit = await open("/lead", { user: "yusuf" });
  const entries = (await (await audit.api("/api/v1/audit?limit=500")).json()).items;
  for (const what of ["POST /api/v1/agents/{agent}/coaching", "GET /api/v1/agents/{agent}/coaching/{note}/audio", "POST /api/v1/agents/{agent}/coaching/{note}/done"])
    assert(entries.some((one) => one.what === what && !one.detail.includes("Salam")), `the audit has ${what}`);
  await audit.context().close();
  say("the trainer sees it done");

  // ---- who assesses quality hears and reads, and is offered nothing that would change anything; a manager has his pages ----
  const analyst = await enter("/lead", { user: "yoga" });
  const side = await openContact(analyst);
  await side.getByRole("button", { name: /^Dengarkan rekaman, / }).click();
  await side.getByRole("button", { name: "1. Catatan Wati Lestari di 0:02" }).waitFor();
  assert((await side.getByRole("button", { name: /^Catatan pelatihan|^Tarik kembali/ }).count()) === 0, "an analyst is offered to write");
  await side.getByRole("button", { name: new RegExp(`^${name}, bicara`) }).click();
  await side.getByRole("heading", { name }).waitFor();
  const offered = await analyst.locator(".side-panel button:visible").allInnerTexts(); // all of them show, and change nothing
  assert(offered.every((text) => /^(✕|Tutup|Mengapa|\d+ kontak sejak masuk|Kontak \d)/.test(text.trim())), "an analyst is offered: " + offered.join(", "));
  for (const [path, data] of [
    [`/api/v1/agents/${agent}/state`, { state: "ready" }],
    [`/api/v1/contacts/${record.contact}/move`, { front: true }],
    [`/api/v1/agents/${agent}/coaching`, { recording, at_ms: 0, text: "a" }],
  ])
    assert((await analyst.api(path, { method: "POST", data })).status() === 403, `an analyst may ${path}`);
  assert((await analyst.api(`/api/v1/contacts/${record.contact}/note`, { method: "PUT", data: { text: "a" }, headers: { "If-Match": '"0"' } })).status() === 403, "an analyst may write a contact's note");
  assert(analyst.problems.length === 0, analyst.problems.join("; "));
  await analyst.context().close();
  for (const user of ["dian", "yoga"]) {
    const page = await enter("/lead", { user });
    await page.getByRole("heading", { name: "Perlu perhatian" }).waitFor();
    for (const path of await page.getByRole("navigation").getByRole("link").evaluateAll((all) => all.map((one) => one.getAttribute("href")))) {
      await page.goto(new URL(path, page.url()).href);
      await page.getByRole("button", { name: /^Akun/ }).waitFor();
      await page.waitForTimeout(500);
    }
    page.good();
    await page.context().close();
  }
  say("an analyst changes nothing, and nothing that is offered is refused");
});
