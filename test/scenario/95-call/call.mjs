import { accessible, assert, fits, open, run, say, shot } from "../../lib/browser.mjs";

await run(async () => {
  for (const [theme, language, title] of [["light", "id", "Hubungi kami"], ["dark", "en", "Contact us"]]) {
    const scripts = [];
    const page = await open("/call", {
      width: 420,
      height: 760,
      theme,
      language,
      before: async (one) => {
        one.on("response", async (reply) => {
          if (reply.request().resourceType() === "script") scripts.push((await reply.body()).length);
        });
        await one.emulateMedia({ colorScheme: theme });
      },
    });
    await page.getByRole("heading", { name: title }).waitFor();
    await page.getByRole("button", { name: /Toko Nusantara/ }).waitFor();
    await page.getByRole("button", { name: /Bank Sejahtera/ }).waitFor();
    const colours = await page.locator(".btn.good").evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
    assert(new Set(colours).size === 2, "one colour for two clients: " + colours);
    await accessible(page, `call, ${language}, ${theme}`);
    await fits(page, "call");
    const bytes = scripts.reduce((sum, one) => sum + one, 0);
    assert(bytes > 0 && bytes <= 5120, `${bytes} bytes of script before the click`);
    say(`${bytes} bytes of script before the click`);
    await shot(page, `call-${theme}`);
    // without a microphone nobody is called, and it is said
    await page.getByRole("button", { name: /Toko Nusantara/ }).click();
    await page.getByText(/mikrofon di peramban|microphone in the browser/).waitFor();
    await page.goto(page.url().split("#")[0] + "#bank");
    await page.reload();
    await page.getByRole("heading", { name: "Bank Sejahtera" }).waitFor();
    assert(page.problems.length === 0, page.problems.join("; "));
    await page.context().close();
  }
});
