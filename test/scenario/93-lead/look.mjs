import { accessible, fits, open, run, say, shot, until } from "../../lib/browser.mjs";
await run(async () => {
  const t = await open("/lead", { user: "wati" });
  const record = await until("rec", async () => (await (await t.api(`/api/v1/contacts/past?limit=200&outcome=answered&from=${new Date(Date.now() - 1800_000).toISOString()}`)).json()).items.find((one) => one.agents.length === 1 && one.recordings.some((m) => m.state === "complete" && m.recorded_ms > 4000)), 40000);
  const agent = record.agents[0].agent, recording = record.recordings[0].recording;
  for (const [at_ms, text] of [[900, "Salam pembuka terlalu cepat: sebut nama, lalu tunggu jawaban pelanggan."], [1200, "Bagus: nomor pesanan diulang."], [3600, "Tawarkan telepon balik sebelum menutup."]])
    await t.api(`/api/v1/agents/${agent}/coaching`, { method: "POST", data: { recording, at_ms, text } });
  const fake = (page) => page.route(`**/api/v1/agents/${agent}/coaching`, async (route) => {
    const answer = await (await route.fetch()).json();
    const f = (figure, unit, before, since, count_before, count_since, verdict) => ({ figure, unit, before, since, count_before, count_since, verdict });
    answer.items[0].figures = [f("aht", "ms", 310000, 280000, 52, 31, "better"), f("wrapup_mean", "ms", 21000, 25400, 52, 31, "worse"), f("transfer_rate", "ratio", 0.0962, 0.0962, 52, 31, "same"), f("nps", "points", 20, 33.3, 24, 3, "few")];
    answer.items[1].note.done = answer.items[1].note.created;
    await route.fulfill({ json: answer });
  });
  for (const [language, theme, width] of [["id", "light", 1366], ["en", "dark", 1366], ["id", "dark", 420], ["en", "light", 420]]) {
    const name = `${language}-${theme}-${width}`;
    const page = await open("/lead", { user: "wati", language, theme, width, before: fake });
    await page.locator(`[data-agent="${agent}"]`).click();
    await page.locator(".coached").first().waitFor();
    await page.waitForTimeout(300);
    await page.locator(".coached").first().scrollIntoViewIfNeeded();
    await shot(page, `agent-${name}`);
    await accessible(page, name); await fits(page, name);
    await page.locator(".coached .link").first().click();
    await page.getByRole("button", { name: /^(Dengarkan rekaman|Listen to the rec)/ }).click();
    await page.locator(".coach-mark").nth(2).waitFor();
    await page.locator(".coach-mark").nth(1).click();
    await page.getByRole("button", { name: /^(Catatan pelatihan di|Coaching note at)/ }).click();
    await page.keyboard.type("Lorem ipsum ".repeat(38));
    await page.waitForTimeout(200);
    await accessible(page, name); await fits(page, name);
    await shot(page, `contact-${name}`);
    await page.context().close();
    const desk = await open("/desk", { user: agent, language, theme, width });
    if (width === 420) await desk.getByRole("button", { name: /^(Pekerjaan|Work)/ }).first().click();
    await desk.getByRole("button", { name: /^(Dengarkan dari|Listen from)/ }).first().click();
    await desk.getByRole("slider").first().waitFor();
    await desk.waitForTimeout(600);
    await accessible(desk, name); await fits(desk, name);
    await shot(desk, `desk-${name}`);
    await desk.context().close();
    const first = await open("/", { language, theme, width });
    await first.getByText(/Wati/).first().waitFor();
    await first.getByText(/Wati/).first().scrollIntoViewIfNeeded();
    await accessible(first, name); await fits(first, name);
    await shot(first, `first-${name}`);
    await first.context().close();
    say(name);
  }
});
