// The agent's desk with a desk phone, as an agent uses it.
import { accessible, be, customer, expect, test } from "./lib";

const call = (page: import("@playwright/test").Page) => page.getByRole("region", { name: /^(Panggilan|Call)$/ });

test("log in with a password: told what is wrong, in both languages, and let in", async ({ page }) => {
  await page.goto("/desk");
  await page.waitForURL(/\/\?to=/);
  await page.getByText("Masuk dengan kata sandi").click();
  await page.getByLabel("Nama pengguna").fill("agent1");
  await page.getByLabel("Kata sandi").fill("wrong horse battery");
  await page.getByLabel("Kata sandi").press("Enter");
  await expect(page.getByRole("alert")).toContainText("Nama pengguna atau kata sandi salah");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Demo centre");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByLabel("Password").press("Enter");
  await page.waitForURL(/\/desk$/);
  await expect(page.getByRole("button", { name: /My state:\s*Not logged in/ })).toBeVisible();
  // the secret is out of reach of the page's scripts
  expect(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain("sapa_");
});

test("cards, and pages that axe has nothing against, light and dark", async ({ page }) => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.goto("/");
    await expect(page.getByRole("button", { name: /Agen 1 .*menjawab/ })).toBeVisible();
    await accessible(page, `first page, ${colorScheme}`);
    await be(page, "Agen 1");
    await expect(page.getByRole("button", { name: /Keadaan saya/ })).toBeVisible();
    await accessible(page, `idle desk, ${colorScheme}`);
    await page.getByRole("button", { name: "Pintasan" }).click();
    await accessible(page, `keys, ${colorScheme}`);
    await page.keyboard.press("Escape");
  }
});

test("two tabs are two people", async ({ page, context }) => {
  await be(page, "Agen 1");
  const other = await context.newPage();
  await be(other, "Agen 2");
  await page.reload();
  await expect(page.getByRole("button", { name: /Akun Agen 1/ })).toBeVisible();
  await expect(other.getByRole("button", { name: /Akun Agen 2/ })).toBeVisible();
  await other.getByRole("button", { name: /Akun Agen 2/ }).click();
  await other.getByRole("button", { name: "Keluar" }).click();
  await other.waitForURL((url) => url.pathname === "/");
  await page.reload();
  await expect(page.getByRole("button", { name: /Akun Agen 1/ })).toBeVisible();
});

test("a call by keyboard alone: ring while typing, answer, hold, reload, hang up, wrap up", async ({ page }) => {
  await be(page, "Agen 1");
  await expect(page.getByText("Telepon terhubung")).toBeVisible();
  await page.keyboard.press("F9");
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Siap/ })).toBeVisible();

  // what is being typed goes on being typed when it rings
  await page.keyboard.press("Control+Alt+J");
  const search = page.getByRole("combobox");
  await expect(search).toBeFocused();
  await search.pressSequentially("age");
  await customer.call("081234567890", "5001");
  await expect(call(page).getByText("+62 812-3456-7890", { exact: true })).toBeVisible();
  await expect(page.getByRole("alert").filter({ hasText: "Panggilan masuk untuk Toko Uji: +62 812-3456-7890" })).toBeAttached();
  await accessible(page, "ringing");

  await page.keyboard.press("F2");
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await expect.poll(async () => (await customer.phones())["1001"]?.talks).toBe(true);

  // notes, and the keys work while they are written
  await page.keyboard.press("Control+Alt+N");
  await page.keyboard.type("Menanyakan pesanan 4711");
  await page.keyboard.press("F4");
  await expect(call(page).getByText("Ditahan")).toBeVisible();
  await page.keyboard.type(", minta cepat");
  await page.keyboard.press("F4");
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await page.keyboard.press("Control+Alt+R");
  await expect(call(page).getByText("Rekaman dijeda")).toBeVisible();
  await page.keyboard.press("Control+Alt+R");
  await expect(call(page).getByText("Direkam")).toBeVisible();
  await accessible(page, "talking");

  // chosen during the call, while typing
  await page.keyboard.press("Control+Alt+2");
  await expect(page.getByRole("button", { name: "Ditelepon lagi" })).toHaveAttribute("aria-pressed", "true");

  // the page comes again and knows everything
  await page.reload();
  await expect(call(page).getByText("Bicara")).toBeVisible({ timeout: 5000 });
  await expect(page.getByRole("textbox", { name: /Catatan/ })).toHaveValue("Menanyakan pesanan 4711, minta cepat");

  await page.keyboard.press("Control+Alt+E");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await expect(page.getByRole("button", { name: "Ditelepon lagi" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("textbox", { name: /Catatan/ })).toHaveValue("Menanyakan pesanan 4711, minta cepat");
  await accessible(page, "wrap-up");
  await page.keyboard.press("Control+Alt+W");
  await expect(page.getByRole("button", { name: "Waktu ditambah" })).toBeVisible();
  await page.keyboard.press("1");
  await expect(page.getByRole("button", { name: "Selesai" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
  await expect(page.getByText("1 kontak sejak masuk")).toBeVisible();
});

test("by pointer: asked, brought together, passed on; the colleague has it", async ({ page, context }) => {
  await be(page, "Agen 1");
  await page.getByRole("button", { name: "English" }).or(page.getByRole("button", { name: /Akun/ })).first().click();
  await page.getByRole("button", { name: "English" }).click();
  await page.keyboard.press("Escape");
  const other = await context.newPage();
  await be(other, "Agen 2");
  await expect(other.getByRole("button", { name: /My state/ })).toBeVisible();
  await other.keyboard.press("F9");
  await expect(other.getByRole("button", { name: /My state:\s*Ready/ })).toBeVisible();
  await other.keyboard.press("F9"); // there, but not for customers
  await expect(other.getByRole("button", { name: /My state:\s*Break/ })).toBeVisible();
  await customer.call("081299998888", "5001");
  await call(page).getByRole("button", { name: /^Answer/ }).click();
  await expect(call(page).getByText("Talking")).toBeVisible();

  await call(page).getByRole("button", { name: /^Consult/ }).click();
  await page.getByRole("combobox").fill("agen 2");
  await page.getByRole("option", { name: /Agen 2/ }).click();
  await expect(call(page).getByText(/Asking Agen 2/)).toBeVisible();
  await call(other).getByRole("button", { name: /^Answer/ }).click();
  await expect(call(page).getByRole("button", { name: "Hand over" })).toBeEnabled();
  await accessible(page, "asking");
  await call(page).getByRole("button", { name: "Hand over" }).click();
  await expect(call(page).getByText("Wrap-up")).toBeVisible();
  await expect(call(other).getByText("Talking")).toBeVisible();
  await page.getByRole("button", { name: "Selesai" }).or(page.getByRole("button", { name: "Solved" })).click();
  await call(page).getByRole("button", { name: /^Save & ready/ }).click();
  await expect(call(page).getByText("No call.")).toBeVisible();

  // no button changes its meaning under the pointer: for a second it takes nothing
  await call(other).getByRole("button", { name: /^Hold/ }).click();
  await expect(call(other).getByRole("button", { name: /^Resume/ })).toBeDisabled();
  await expect(call(other).getByRole("button", { name: /^Resume/ })).toBeEnabled();
  await customer.hangup("081299998888");
  await expect(call(other).getByText("Wrap-up")).toBeVisible();
  await other.keyboard.press("1");
  await other.keyboard.press("F2");
  await expect(call(other).getByText("No call.")).toBeVisible();
});

test("beside another application, 420 px wide; and forced colours", async ({ page }) => {
  await page.setViewportSize({ width: 420, height: 720 });
  await be(page, "Agen 1");
  await expect(page.getByRole("button", { name: /Keadaan saya/ })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
  await accessible(page, "narrow");
  await page.setViewportSize({ width: 900, height: 700 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(900);
  await page.setViewportSize({ width: 420, height: 720 });
  await page.getByRole("button", { name: "Pelanggan", exact: true }).click();
  await expect(page.getByText("Pilih kontak untuk melihat siapa itu.")).toBeVisible();
  await page.emulateMedia({ forcedColors: "active" });
  await expect(page.getByRole("button", { name: /Keadaan saya/ })).toBeVisible();
});

test("every word comes from a message", async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("sapa.language", "en-XA"));
  await be(page, "Agen 1");
  await expect(page.getByText(/^\[Nô çàll/)).toBeVisible();
  const plain = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? "";
      const inside = node.parentElement?.closest("kbd, noscript, .mono, [aria-hidden=true], .brand, .account-name");
      if (/[A-Za-z]{3}/.test(text) && !inside && !text.includes("[")) found.push(text);
    }
    return found;
  });
  expect(plain).toEqual([]);
});

test("with the telephone of the browser: answered, muted, over a reload", async ({ page, context, request }) => {
  const document = (await (await request.get("/api/v1/openapi.json")).json()) as { paths: Record<string, unknown> };
  test.skip(!("/api/v1/me/phone" in document.paths), "this server has no telephones in browsers");
  await context.grantPermissions(["microphone"]);
  await be(page, "Agen 1");
  await page.getByRole("button", { name: /Telepon (tidak )?terhubung/ }).click();
  await page.getByRole("button", { name: "Pakai telepon di peramban" }).click();
  await expect(page.getByRole("button", { name: "Pakai telepon meja" })).toBeVisible();
  await accessible(page, "telephone");
  await page.keyboard.press("Escape");
  await customer.call("081355556666", "5001");
  await expect(call(page).getByText("+62 813-5555-6666", { exact: true })).toBeVisible();
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Bicara")).toBeVisible();
  const heard = async () => (await customer.phones())["081355556666"]?.heard ?? 0;
  await expect.poll(heard).toBeGreaterThan(50);
  await expect(page.getByRole("button", { name: /Sambungan (baik|sedang)/ })).toBeVisible();
  await page.keyboard.press("F8");
  await expect(call(page).getByRole("button", { name: /^Bisukan/ })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("F8");
  await page.reload();
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await expect(page.getByRole("button", { name: /Sambungan (baik|sedang)/ })).toBeVisible();
  const before = await heard();
  await expect.poll(heard).toBeGreaterThan(before + 50);
  await page.keyboard.press("Control+Alt+E");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await page.keyboard.press("1");
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
});
