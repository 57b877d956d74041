// Every page in both languages and both themes, to be looked at: make shots.
import { be, test } from "./lib";

const out = process.env["SAPA_SHOTS"] ?? "../build/shots";

for (const language of ["id", "en"]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`pages, ${language}, ${colorScheme}`, async ({ page }) => {
      test.setTimeout(180_000);
      await page.emulateMedia({ colorScheme });
      await page.addInitScript((of) => localStorage.setItem("sapa.language", of), language);
      const shot = (name: string) => page.screenshot({ path: `${out}/${name}-${language}-${colorScheme}.png` });
      await page.goto("/");
      await page.getByRole("listitem").first().waitFor();
      await shot("first");
      // an agent whom the crowd plays: what he does is seen as it comes
      await be(page, "Budi Santoso");
      const call = page.locator("section.call");
      const seen = new Set<string>();
      const until = Date.now() + 90_000;
      while (seen.size < 3 && Date.now() < until) {
        const state = (await call.getAttribute("class").catch(() => null))?.split(" ").pop() ?? "idle";
        if (state !== "idle" && !seen.has(state)) {
          seen.add(state);
          await page.waitForTimeout(700);
          await shot(`desk-${state}`);
          if (state !== "talking") continue;
          for (const form of [/^(Catat sapaan|Note how to address)/, /^(Buka tiket|Open a ticket)/]) await page.getByRole("button", { name: form }).click({ timeout: 1000 }).catch(() => undefined); // the crowd may have hung up
          await shot("desk-forms");
          await page.keyboard.press("Escape");
        }
        await page.waitForTimeout(100);
      }
      await page.setViewportSize({ width: 420, height: 760 });
      await shot("desk-narrow");
      await page.setViewportSize({ width: 1366, height: 768 });
      await page.getByRole("button", { name: /Keadaan saya|My state/ }).click();
      await shot("desk-state");
      await be(page, "Tari Kusumawati");
      await page.waitForTimeout(1500);
      await shot("desk-idle");
      await page.keyboard.press("Control+Alt+P");
      await page.waitForTimeout(300);
      await shot("desk-commands");
      await page.goto("/account");
      await page.getByRole("heading", { level: 1 }).waitFor();
      await shot("account");
      await page.goto("/call");
      await page.getByRole("button", { name: /^(Telepon|Call) / }).first().waitFor();
      await shot("call");
      await be(page, "Sari Anggraini");
      await page.goto("/lead");
      await page.waitForTimeout(3000);
      await shot("lead");
      await page.getByRole("button", { name: /Budi Santoso/ }).first().click();
      await page.waitForTimeout(500);
      await shot("lead-panel");
      await be(page, "Rani Hadikusumo");
      await page.goto("/lead#targets");
      await page.waitForTimeout(1500);
      await shot("lead-targets");
      await be(page, "Teguh Wibowo");
      await page.goto("/tech");
      await page.waitForTimeout(3000);
      await shot("tech");
      await page.setViewportSize({ width: 420, height: 760 });
      await shot("tech-narrow");
      await page.setViewportSize({ width: 1366, height: 768 });
      await be(page, "Rani Hadikusumo");
      await page.goto("/wall");
      await page.waitForTimeout(3000);
      await shot("wall");
    });
  }
}
