// What journeys share: who one is, axe, the phones of the test, complaints of the page.
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type Page } from "@playwright/test";

export { expect };
export type { Page };

const phones = process.env["SAPA_PHONES"] ?? "";

export const customer = {
  call: (from: string, to: string) => fetch(`${phones}/call?from=${from}&to=${to}`, { method: "POST" }),
  hangup: (from: string) => fetch(`${phones}/hangup?from=${from}`, { method: "POST" }),
  press: (from: string, key: string) => fetch(`${phones}/press?from=${from}&key=${key}`, { method: "POST" }),
  refuse: (extension: string) => fetch(`${phones}/refuse?extension=${extension}`, { method: "POST" }),
  phones: async () => (await (await fetch(`${phones}/phones`)).json()) as Record<string, { talks: boolean; rings: boolean; heard: number }>,
};

/** A page that complains fails its journey: errors of scripts, of the content security policy, of anything but what is refused on purpose. */
export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      context.on("page", (page) => {
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("console", (message) => {
          if (message.type() === "error" && !/status of (400|401|403|404|409)/.test(message.text())) complaints.push(message.text());
        });
      });
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

/** WCAG 2.2 AA, as far as a program can judge. */
export async function accessible(page: Page, what: string): Promise<void> {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  expect(
    found.violations.map((one) => `${what}: ${one.id}: ${one.help}: ${one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary?.slice(0, 200)}`).join(" | ")}`),
  ).toEqual([]);
}

/** By a card of the first page. */
export async function be(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("listitem").getByRole("button", { name: new RegExp(name) }).click();
  await page.waitForURL(/\/(desk|lead|wall|tech)/);
}
