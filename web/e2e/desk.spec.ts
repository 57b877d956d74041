// The agent's desk with a desk phone, as an agent uses it.
import { createHmac } from "node:crypto";
import { accessible, be, customer, expect, test } from "./lib";

type Page = import("@playwright/test").Page;
/** Ready, whatever the journey before has left behind. */
async function becomeReady(page: Page): Promise<void> {
  const state = page.getByRole("button", { name: /^(Keadaan saya|My state):/ });
  await expect(state).toBeVisible();
  if (!/Siap|Ready/.test(await state.innerText())) await page.keyboard.press("F9");
  await expect(page.getByRole("button", { name: /(Keadaan saya|My state):\s*(Siap|Ready)/ })).toBeVisible();
}
const call = (page: Page) => page.getByRole("region", { name: /^(Panggilan|Call)$/ });

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
    await page.getByRole("button", { name: "Pintasan papan ketik" }).click();
    await accessible(page, `keys, ${colorScheme}`);
    await page.keyboard.press("Escape");
  }
});

test("refusing needs the right to: without it no button, no key, 403; at the phone it counts as missed", async ({ page, context }) => {
  const bound = await context.newPage();
  await be(bound, "Agen 2");
  await becomeReady(bound);
  await customer.call("081277770009", "5001");
  await expect(call(bound).getByText("+62 812-7777-0009", { exact: true })).toBeVisible();
  await expect(call(bound).getByRole("button", { name: /^Jawab/ })).toBeEnabled();
  await expect(call(bound).getByRole("button", { name: /^Tolak/ })).toHaveCount(0);
  await bound.keyboard.press("Control+Alt+D");
  const asked = () => fetch("/api/v1/offers/1/refuse", { method: "POST", headers: { "Sapa-Session": sessionStorage.getItem("sapa.session") ?? "" } });
  expect(await bound.evaluate(`(${asked})().then((answer) => answer.status)`)).toBe(403);
  await expect(call(bound).getByRole("button", { name: /^Jawab/ })).toBeEnabled();
  await customer.refuse("1002");
  await expect(bound.getByRole("button", { name: /Keadaan saya:\s*(Tidak siap|Istirahat)/ })).toBeVisible();

  await be(page, "Agen 1");
  await expect(page.getByText("Telepon terhubung")).toBeVisible();
  await page.keyboard.press("F9");
  await expect(call(page).getByText("+62 812-7777-0009", { exact: true })).toBeVisible();
  await expect(call(page).getByRole("button", { name: /^Tolak/ })).toBeEnabled();
  await page.keyboard.press("Control+Alt+D");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Siap/ })).toBeVisible();
  await customer.hangup("081277770009");
  await page.keyboard.press("F9");
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Istirahat/ })).toBeVisible();
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

test("a tab's drafts are of who wrote them: there when he comes back, gone for who logs in after him", async ({ page, context }) => {
  const kept = () => page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));
  await be(page, "Agen 1");
  await expect(page.getByRole("button", { name: /Akun Agen 1/ })).toBeVisible();
  await page.evaluate(() => sessionStorage.setItem("sapa.note.17", "tagihan nasabah"));
  await context.clearCookies();
  await page.reload();
  await page.waitForURL(/\/\?to=/);
  await expect(page.getByRole("status").filter({ hasText: "Sesi Anda sudah berakhir" })).toBeVisible(); // nobody is sent away without a word
  await accessible(page, "a session is over");
  await be(page, "Agen 1");
  await expect(page.getByRole("button", { name: /Akun Agen 1/ })).toBeVisible();
  expect(await kept()).toContain("tagihan nasabah");
  await context.clearCookies();
  await page.reload();
  await page.waitForURL(/\/\?to=/);
  await be(page, "Agen 2");
  await expect(page.getByRole("button", { name: /Akun Agen 2/ })).toBeVisible();
  expect(await kept()).not.toContain("tagihan nasabah");
});

test("a call by keyboard alone: ring while typing, answer, hold, reload, hang up, wrap up", async ({ page }) => {
  await be(page, "Agen 1");
  await expect(page.getByText("Telepon terhubung")).toBeVisible();
  await page.keyboard.press("F9");
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Siap/ })).toBeVisible();

  await expect(page.getByRole("button", { name: /Keadaan saya/ })).toContainText("F9");

  // what is being typed goes on being typed when it rings
  await page.keyboard.press("Control+Alt+J");
  const search = page.getByRole("combobox");
  await expect(search).toBeFocused();
  await search.pressSequentially("age");
  await customer.call("081234567890", "5001");
  await expect(call(page).getByText("+62 812-3456-7890", { exact: true })).toBeVisible();
  await expect(page.getByRole("alert").filter({ hasText: "Panggilan masuk untuk Toko Uji: +62 812-3456-7890" })).toBeAttached();
  await search.pressSequentially("n 2");
  await expect(search).toBeFocused();
  await expect(search).toHaveValue("agen 2");
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

  // what he is to the client, said on the card
  const prospect = page.getByRole("button", { name: "Jenis pihak: Calon pelanggan" });
  await expect(page.getByRole("button", { name: "Jenis pihak: Pelanggan" })).toHaveAttribute("aria-pressed", "true");
  await prospect.focus();
  await page.keyboard.press("Space");
  await expect(prospect).toHaveAttribute("aria-pressed", "true");

  // the page comes again and knows everything
  await page.reload();
  await expect(call(page).getByText("Bicara")).toBeVisible({ timeout: 5000 });
  await expect(prospect).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("textbox", { name: /Catatan/ })).toHaveValue("Menanyakan pesanan 4711, minta cepat");

  await page.keyboard.press("Control+Alt+E");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await expect(page.getByRole("button", { name: "Ditelepon lagi" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("textbox", { name: /Catatan/ })).toHaveValue("Menanyakan pesanan 4711, minta cepat");
  await accessible(page, "wrap-up");
  // also when it is loaded anew, and the contact itself is over: its row says who it was
  await page.reload();
  await expect(page.getByRole("region", { name: "Pekerjaan" }).getByRole("button", { name: /\+62 812-3456-7890/ })).toContainText("Catatan akhir");
  await expect(page.getByRole("textbox", { name: /Catatan untuk \+62 812-3456-7890/ })).toHaveValue("Menanyakan pesanan 4711, minta cepat");
  await page.keyboard.press("Control+Alt+W");
  await expect(page.getByRole("button", { name: "Waktu ditambah" })).toBeVisible();
  await page.keyboard.press("1");
  await expect(page.getByRole("button", { name: "Selesai" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Angka saya hari ini: 1 kontak" })).toBeVisible();
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

  await call(page).getByRole("button", { name: "Consult", exact: true }).click();
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

test("who has said in the menu who he is is verified, and who has not is not, in both languages", async ({ page }) => {
  const aside = page.getByRole("complementary");
  const ring = async (from: string, key: string, shown: string) => {
    await customer.call(from, "5003");
    await expect.poll(async () => (await customer.phones())[from]?.heard ?? 0).toBeGreaterThan(20); // the menu speaks
    await customer.press(from, key);
    await expect(call(page).getByText(shown, { exact: true })).toBeVisible();
  };
  const over = async (from: string) => {
    await customer.hangup(from);
    await expect(call(page).getByText(/Tidak ada panggilan\.|No call\./)).toBeVisible();
  };
  await be(page, "Agen 1");
  await becomeReady(page);
  await ring("081277770031", "1", "+62 812-7777-0031");
  await expect(aside.getByText("✓ Terverifikasi")).toBeVisible();
  await expect(aside.getByText("Identitas diperiksa")).toHaveCount(0); // said once, at the head
  await over("081277770031");
  await ring("081277770032", "0", "+62 812-7777-0032");
  await expect(aside.getByText("Belum terverifikasi")).toBeVisible();
  await page.getByRole("button", { name: /Akun Agen 1/ }).click();
  await page.getByRole("button", { name: "English" }).click();
  await page.keyboard.press("Escape");
  await expect(aside.getByText("Not verified")).toBeVisible();
  await accessible(page, "not verified");
  await over("081277770032");
  await ring("081277770031", "1", "+62 812-7777-0031");
  await expect(aside.getByText("✓ Verified")).toBeVisible();
  await over("081277770031");
});

test("who gave up before anybody answered is known at his next ring, in words, and called from there; what the state is can be read under the pointer", async ({ page }) => {
  const from = "081277770041";
  const aside = page.getByRole("complementary");
  await be(page, "Agen 1");
  await becomeReady(page);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.getByRole("button", { name: /Keadaan saya/ }).hover();
    await accessible(page, `under the pointer, ${colorScheme}`);
  }
  await customer.call(from, "5001");
  await expect(call(page).getByText("+62 812-7777-0041", { exact: true })).toBeVisible();
  await customer.hangup(from);
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
  await customer.call(from, "5001");
  await expect(call(page).getByText("+62 812-7777-0041", { exact: true })).toBeVisible();
  await expect(aside.getByText("Terakhir menutup telepon sebelum dijawab")).toBeVisible();
  await expect(aside.getByText("ditinggalkan saat berdering")).toBeVisible();
  await expect(aside.getByRole("region", { name: "Riwayat" }).getByRole("button", { name: /^Panggil/ })).toBeVisible();
  await customer.hangup(from);
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
});

test("tasks by keyboard: written with their time, done, called from; what may not be called is said in a sentence", async ({ page }) => {
  test.setTimeout(120_000);
  await be(page, "Agen 1");
  await expect(page.getByText("Telepon terhubung")).toBeVisible();
  await page.keyboard.press("Control+Alt+G");
  await page.keyboard.type("kirim formulir retur besok 10.00");
  await expect(page.getByText(/“kirim formulir retur”, .*10[.:]00/)).toBeVisible();
  await accessible(page, "a new task");
  await page.keyboard.press("Enter");
  const task = page.getByRole("listitem").filter({ hasText: "kirim formulir retur" });
  await expect(task).toContainText("10.00");
  await page.keyboard.press("Control+Alt+P");
  await page.keyboard.type("selesaikan kirim");
  await expect(page.getByRole("option", { name: "Selesaikan: kirim formulir retur" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(task).toHaveCount(0);
  // nobody is asked whether he is sure: it comes back as it was
  await page.getByRole("button", { name: "Urungkan selesai: kirim formulir retur" }).click();
  await expect(task).toContainText("10.00");
  await expect(page.getByText("Selesai: kirim formulir retur")).toHaveCount(0);
  await task.getByRole("button", { name: /^Selesaikan/ }).click();
  await page.mouse.move(700, 700);
  await page.getByRole("heading", { name: "Pekerjaan" }).click();
  await expect(task).toHaveCount(0);

  // promised to whom is talked with: it stands in the list with a clock, and calls by one click
  await becomeReady(page);
  await customer.call("081277770001", "5001");
  await expect(call(page).getByText("+62 812-7777-0001", { exact: true })).toBeVisible();
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await page.keyboard.press("Control+Alt+Y");
  await expect(page.getByRole("textbox", { name: "Janji kepada +62 812-7777-0001" })).toHaveValue("Telepon balik ");
  await page.keyboard.type("30 menit lagi");
  await page.keyboard.press("Enter");
  const promise = page.getByRole("listitem").filter({ hasText: "Telepon balik" }).filter({ hasText: "+62 812-7777-0001 · Toko Uji" });
  await expect(promise).toContainText(/(30:00|29:5\d) lagi/);
  await page.keyboard.press("Control+Alt+E");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await page.keyboard.press("2");
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
  await promise.getByRole("button", { name: "Panggil +62 812-7777-0001" }).click();
  await expect(call(page).getByText("+62 812-7777-0001", { exact: true })).toBeVisible();
  await page.keyboard.press("F2"); // the phone rings first
  await expect.poll(async () => (await customer.phones())["carrier"]?.talks).toBe(true);
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await page.keyboard.press("Control+Alt+E");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await page.keyboard.press("1");
  await page.keyboard.press("F2");
  await promise.getByRole("button", { name: /^Selesaikan/ }).click();
  await expect(promise.getByText("Selesai", { exact: true }).first()).toBeVisible(); // its row stands as long as the pointer is over the list
  await page.mouse.move(700, 700);
  await page.getByRole("heading", { name: "Pekerjaan" }).click();
  await expect(promise).toHaveCount(0);

  await page.keyboard.press("Control+Alt+J");
  await page.getByRole("combobox").fill("0809 1234567");
  await page.keyboard.press("Enter");
  await expect(call(page).getByRole("alert").filter({ hasText: "Anda tidak berhak menelepon nomor seperti ini" })).toBeVisible();
});

test("a ticket: opened in the call by keyboard, in Pekerjaan with its time, seen by the next agent at the ring and resolved there", async ({ page, context }) => {
  test.setTimeout(120_000);
  const tickets = (on: Page) => on.getByRole("complementary").getByRole("region", { name: "Tiket terbuka" });
  const ticket = (on: Page) => tickets(on).getByRole("button", { name: /#\d+.*kartu pengganti belum tiba/ });
  const wrapUp = async (on: Page) => {
    await on.keyboard.press("Control+Alt+E");
    await expect(call(on).getByText("Catatan akhir")).toBeVisible();
    await on.keyboard.press("1");
    await on.keyboard.press("F2");
    await expect(call(on).getByText("Tidak ada panggilan.")).toBeVisible();
  };
  await be(page, "Agen 1");
  await expect(page.getByText("Telepon terhubung")).toBeVisible();
  await becomeReady(page);
  await customer.call("081277770041", "5001");
  await expect(call(page).getByText("+62 812-7777-0041", { exact: true })).toBeVisible();
  await expect(tickets(page).getByText("Tidak ada tiket terbuka.")).toBeVisible();
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await page.keyboard.press("Control+Alt+C");
  await page.keyboard.type("kartu pengganti belum tiba besok 10.00");
  await expect(tickets(page).getByText(/tenggat .*10[.:]00/)).toBeVisible();
  await accessible(page, "a new ticket");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await expect(tickets(page).getByRole("form")).toHaveCount(0);
  await page.keyboard.press("Control+Alt+C");
  await page.keyboard.type("kartu pengganti belum tiba besok 10.00");
  await page.keyboard.press("Enter");
  await expect(ticket(page)).toHaveAttribute("aria-expanded", "true");
  await expect(ticket(page)).toContainText("Agen 1");
  const row = page.getByRole("listitem").filter({ hasText: "kartu pengganti" }).filter({ hasText: "+62 812-7777-0041 · Toko Uji" });
  await expect(row).toContainText(/Tiket \d+/);
  // to write in it is not to lose the word when the call ends
  await tickets(page).getByRole("textbox", { name: /Catatan pada tiket/ }).fill("kurir sudah ");
  await customer.hangup("081277770041");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await page.keyboard.type("dihubungi");
  await tickets(page).getByRole("button", { name: /^Tulis pada tiket/ }).click();
  await expect(tickets(page).getByText("kurir sudah dihubungi")).toBeVisible();
  await page.keyboard.press("1");
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
  // from Pekerjaan to the card, when nobody calls
  await row.getByRole("button", { name: /^Lihat tiket/ }).click();
  const aside = page.getByRole("complementary");
  await expect(aside.getByText("Anda melihat tiket +62 812-7777-0041.")).toBeVisible();
  await expect(tickets(page).getByText("kurir sudah dihubungi")).toBeVisible();
  await accessible(page, "a ticket from the list");
  await page.keyboard.press("F9");
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Istirahat/ })).toBeVisible();

  // the same customer, another agent
  const other = await context.newPage();
  await be(other, "Agen 2");
  await becomeReady(other);
  await customer.call("081277770041", "5001");
  await expect(call(other).getByRole("button", { name: /^Jawab/ })).toBeEnabled();
  await expect(ticket(other)).toBeVisible(); // at the ring
  await other.keyboard.press("F2");
  await expect(call(other).getByText("Bicara")).toBeVisible();
  await ticket(other).click();
  await expect(tickets(other).getByText("kurir sudah dihubungi")).toBeVisible();
  await tickets(other).getByRole("button", { name: /^lihat kontaknya/i }).first().click();
  await expect(other.getByRole("complementary").getByRole("listitem").filter({ hasText: /Tiket \d+/ }).last()).toBeFocused();
  await accessible(other, "a ticket on the card");
  await other.emulateMedia({ colorScheme: "dark" });
  await other.setViewportSize({ width: 420, height: 720 });
  await accessible(other, "a ticket on the card, dark and narrow");
  expect(await other.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
  await other.setViewportSize({ width: 1366, height: 768 });
  await tickets(other).getByRole("textbox", { name: /Catatan pada tiket/ }).fill("sudah diterima");
  await tickets(other).getByRole("button", { name: /^Selesaikan tiket/ }).click();
  await expect(ticket(other)).toContainText("selesai");
  await expect(row.getByText("Selesai", { exact: true })).toBeVisible({ timeout: 2_000 }); // at the first agent's, too; its row stands as long as the focus is in the list
  await expect(ticket(page)).toContainText("selesai");
  await expect(tickets(page).getByText("sudah diterima")).toBeVisible();
  await tickets(other).getByRole("button", { name: /^Buka lagi tiket/ }).click();
  await expect(row.getByText("Selesai", { exact: true })).toHaveCount(0);
  await page.getByRole("heading", { name: "Pekerjaan" }).click();
  await tickets(other).getByRole("button", { name: /^Selesaikan tiket/ }).click();
  await expect(row).toHaveCount(0);
  await wrapUp(other);
  await other.close();
});

test("a conference: who is in it, a favourite, the leader asked by one key; one of them is let go", async ({ page, context, browser }) => {
  test.setTimeout(120_000);
  await be(page, "Agen 1");
  const other = await context.newPage();
  const lead = await context.newPage();
  await be(other, "Agen 2");
  await be(lead, "Dewi Lestari");
  await lead.goto("/desk");
  for (const one of [other, lead]) {
    await becomeReady(one);
    await one.keyboard.press("F9"); // there, but not for customers
    await expect(one.getByRole("button", { name: /Keadaan saya:\s*Istirahat/ })).toBeVisible();
  }
  await becomeReady(page);
  await customer.call("081277770002", "5001");
  await expect(call(page).getByText("+62 812-7777-0002", { exact: true })).toBeVisible();
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await page.keyboard.press("Control+Alt+V");
  await expect(page.getByText("1. Sapa dan tanyakan nama.")).toBeVisible();
  await accessible(page, "script");
  await page.keyboard.press("Control+Alt+V");

  // a favourite is made in the list, and has a key of its own from then on
  await page.keyboard.press("Control+Alt+A");
  await page.getByRole("combobox").fill("agen 2");
  await page.keyboard.press("Insert");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Alihkan ke Agen 2" })).toContainText("Ctrl+Alt+6");
  const elsewhere = await browser.newContext(); // another computer
  const desk = await elsewhere.newPage();
  await be(desk, "Agen 1");
  await expect(desk.getByRole("button", { name: "Alihkan ke Agen 2" })).toContainText("Ctrl+Alt+6");
  await elsewhere.close();

  await page.keyboard.press("Control+Alt+K");
  await page.getByRole("combobox").fill("agen 2");
  await page.keyboard.press("Enter");
  await expect(call(page).getByText(/Bertanya kepada Agen 2/)).toBeVisible();
  await call(other).getByRole("button", { name: /^Jawab/ }).click();
  await expect(call(page).getByRole("button", { name: /^Bertiga/ })).toBeEnabled();
  await expect(call(other).getByText("Bicara")).toBeVisible();
  await page.keyboard.press("Control+Alt+B");
  const others = page.getByRole("group", { name: "Ikut bicara:" });
  await expect(others).toContainText("Agen 2");
  await expect(other.getByRole("group", { name: "Ikut bicara:" })).toContainText("Agen 1");
  await expect(call(other).getByText("+62 812-7777-0002", { exact: true })).toBeVisible(); // with whom he talks is known to him, too
  await accessible(page, "a conference");
  await page.keyboard.press("Control+Alt+P");
  await page.keyboard.type("lepas");
  await page.keyboard.press("Enter");
  await expect(others).toHaveCount(0);
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await expect.poll(async () => (await customer.phones())["1002"]?.talks).toBe(false);
  await other.keyboard.press("1"); // he took part: he wraps up
  await other.keyboard.press("F2");
  await expect(call(other).getByText("Tidak ada panggilan.")).toBeVisible();

  await page.keyboard.press("Control+Alt+I");
  await expect(call(page).getByText(/Bertanya kepada Agen 3/)).toBeVisible();
  await call(lead).getByRole("button", { name: /^Jawab/ }).click();
  await expect(call(lead).getByText("Bicara")).toBeVisible();
  await call(page).getByRole("button", { name: /^Kembali/ }).click();
  await expect(call(page).getByText("Bicara")).toBeVisible();

  // a line to the leader, while the call goes on; what was typed before has the focus again
  await page.keyboard.press("Control+Alt+N");
  await page.keyboard.press("Control+Alt+U");
  await page.keyboard.type("Sistem toko lambat");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Terkirim")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("textbox", { name: /Catatan/ })).toBeFocused();
  const said = await lead.evaluate(async () => (await (await fetch("/api/v1/messages", { headers: { "Sapa-Session": sessionStorage.getItem("sapa.session") ?? "" } })).json()) as { items: { text: string; to: string }[] });
  expect(said.items.map((one) => [one.to, one.text])).toContainEqual(["leaders", "Sistem toko lambat"]);

  // passed on to the favourite by its key
  await becomeReady(other); // else it would wait in the queue
  await page.keyboard.press("Control+Alt+6");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await page.keyboard.press("1");
  await page.keyboard.press("F2");
  await call(other).getByRole("button", { name: /^Jawab/ }).click();
  await expect(call(other).getByText("Bicara")).toBeVisible();
  await customer.hangup("081277770002");
  await expect(call(other).getByText("Catatan akhir")).toBeVisible();
  await other.keyboard.press("1");
  await other.keyboard.press("F2");
  await expect(call(other).getByText("Tidak ada panggilan.")).toBeVisible();
  await other.keyboard.press("F9");
  await expect(other.getByRole("button", { name: /Keadaan saya:\s*Istirahat/ })).toBeVisible();
});

test("the command bar: states and breaks by a few letters; the focus comes back", async ({ page }) => {
  await be(page, "Agen 1");
  await becomeReady(page);
  await page.keyboard.press("Control+Alt+P");
  await expect(page.getByRole("combobox", { name: "Perintah" })).toBeFocused();
  await expect(page.getByRole("option").first()).toContainText("Tidak siap"); // what one key does comes first, with its key
  await expect(page.getByRole("option").first()).toContainText("F9");
  await accessible(page, "command bar");
  await page.keyboard.type("istir");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Istirahat/ })).toBeVisible();
  await page.keyboard.press("Control+Alt+P");
  await page.keyboard.type("siap men");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: /Keadaan saya:\s*Siap/ })).toBeVisible();
  await page.keyboard.press("Control+Alt+P");
  await page.keyboard.type("xyz");
  await expect(page.getByText("Tidak ada yang cocok.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("combobox", { name: "Perintah" })).toHaveCount(0);
});

/** RFC 6238, as an app has it. */
function codeOf(secret: string, step: number): string {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("password and second factor: set up with a QR code, asked for at the next login, turned off with a recovery code", async ({ page }) => {
  test.setTimeout(120_000);
  const password = "correct horse battery";
  const logIn = async (word: string) => {
    await page.goto("/");
    await page.getByText("Masuk dengan kata sandi").click();
    await page.getByLabel("Nama pengguna").fill("agent1");
    await page.getByLabel("Kata sandi").fill(word);
    await page.getByLabel("Kata sandi").press("Enter");
  };
  await logIn(password);
  await page.waitForURL(/\/desk$/);
  await page.getByRole("button", { name: /Akun Agen 1/ }).click();
  await page.getByRole("link", { name: "Kata sandi dan faktor kedua" }).click();
  await page.waitForURL(/\/account$/);
  await page.getByRole("button", { name: "Buat faktor kedua" }).click();
  await page.getByLabel("Kata sandi sekarang").first().fill("wrong horse battery");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "kata sandinya salah" })).toBeVisible();
  await page.getByLabel("Kata sandi sekarang").first().fill(password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("img", { name: /Kode QR/ })).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await accessible(page, `second factor, ${colorScheme}`);
  }
  const secret = (await page.locator(".secret").innerText()).replace(/\s/g, "");
  const recovery = (await page.locator(".recovery li").allInnerTexts()).map((one) => one.replace(/\s/g, ""));
  expect(recovery.length).toBe(10);
  const step = Math.floor(Date.now() / 30_000);
  await page.getByLabel("Kode dari aplikasi").fill(codeOf(secret, step));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Faktor kedua sudah menyala.")).toBeVisible();

  await logIn(password);
  await expect(page.getByLabel("Kode dari aplikasi autentikator")).toBeFocused();
  await accessible(page, "login with a code");
  await page.keyboard.type("000000");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("Kodenya salah");
  await page.getByLabel("Kode dari aplikasi autentikator").fill(codeOf(secret, Math.max(step + 1, Math.floor(Date.now() / 30_000))));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/desk$/);

  await page.goto("/account");
  await page.getByRole("button", { name: "Matikan faktor kedua" }).click();
  await page.getByLabel("Kata sandi sekarang").first().fill(password);
  await page.getByLabel("Kode dari aplikasi, atau kode pemulihan").fill(recovery[0]!.toLowerCase());
  await page.keyboard.press("Enter");
  await expect(page.getByText("Faktor kedua sudah dimatikan.")).toBeVisible();

  const part = page.getByRole("region", { name: "Kata sandi" });
  await part.getByLabel("Kata sandi sekarang").fill(password);
  await part.getByLabel("Kata sandi baru", { exact: true }).fill("kuda baterai benar");
  await part.getByLabel("Kata sandi baru, sekali lagi").fill("kuda baterai bena");
  await page.keyboard.press("Enter");
  await expect(part.getByRole("alert")).toContainText("Kedua kata sandi baru tidak sama.");
  await part.getByLabel("Kata sandi baru, sekali lagi").fill("kuda baterai benar");
  await page.keyboard.press("Enter");
  await expect(part.getByText("Kata sandi sudah diganti.")).toBeVisible();
  await page.setViewportSize({ width: 420, height: 720 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
  await logIn("kuda baterai benar");
  await page.waitForURL(/\/desk$/);
});

test("beside another application, 420 px wide; and forced colours", async ({ page }) => {
  await page.setViewportSize({ width: 420, height: 720 });
  await be(page, "Agen 1");
  await expect(page.getByRole("button", { name: /Keadaan saya/ })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
  await accessible(page, "narrow");
  for (const key of ["F9", "F2", "F4", "F8", "Ctrl+Alt+E", "Ctrl+Alt+H", "Ctrl+Alt+P"]) await expect(page.locator("kbd").getByText(key, { exact: true })).toBeVisible(); // keys stand on the buttons
  for (const menu of [/Angka saya hari ini/, /Telepon (tidak )?terhubung/, /Keadaan saya/, "Pintasan papan ketik", /^Akun/]) {
    await page.getByRole("banner").getByRole("button", { name: menu }).click();
    const box = await page.locator(".menu > .panel").boundingBox();
    expect([Math.min(0, box!.x), Math.max(420, box!.x + box!.width), Math.max(720, box!.y + box!.height)], String(menu)).toEqual([0, 420, 720]);
    await page.keyboard.press("Escape");
  }
  await page.getByRole("button", { name: /Angka saya hari ini/ }).click();
  await page.getByText("Arti angka-angka ini").click(); // no figure without its definition
  await expect(page.getByText("Rata-rata bicara, tahan dan catatan akhir untuk setiap bagian agen.")).toBeVisible();
  await accessible(page, "own figures");
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 683, height: 384 }); // 200 % on a small screen: nothing lies over anything
  const [bar, panes] = await Promise.all([call(page).boundingBox(), page.getByRole("group", { name: "Panel" }).boundingBox()]);
  expect(bar!.y + bar!.height).toBeLessThanOrEqual(panes!.y);
  const controls = await call(page).getByRole("button", { name: /^Akhiri/ }).boundingBox();
  expect(controls!.y + controls!.height).toBeLessThanOrEqual(panes!.y);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(683);
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
  // what comes after the call stands in the strip, too, and pushes nothing out of the page
  await page.keyboard.press("F9");
  await expect(page.getByText("lalu istirahat")).toBeVisible();
  expect(await page.getByRole("banner").evaluate((strip) => [strip.scrollWidth - strip.clientWidth, strip.clientHeight < 60])).toEqual([0, true]);
  await page.keyboard.press("F9");
  await expect(page.getByText("lalu istirahat")).toHaveCount(0);
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

  // a queue whose calls the telephone answers by itself: said before it happens, and nothing is typed away
  await becomeReady(page);
  await page.keyboard.press("Control+Alt+J");
  await page.getByRole("combobox").pressSequentially("ag");
  await customer.call("081355557777", "5002");
  await expect(call(page).getByText("Dijawab otomatis", { exact: true })).toBeVisible();
  await expect(page.getByRole("alert").filter({ hasText: "Panggilan untuk Toko Uji dijawab otomatis: +62 813-5555-7777" })).toBeAttached();
  await expect(call(page).getByText("Bicara")).toBeVisible();
  await expect(call(page).getByText("Dijawab otomatis", { exact: true })).toHaveCount(0);
  await expect.poll(async () => (await customer.phones())["081355557777"]?.heard ?? 0).toBeGreaterThan(50);
  await page.keyboard.press("Control+Alt+E");
  await expect(call(page).getByText("Catatan akhir")).toBeVisible();
  await page.keyboard.press("1");
  await page.keyboard.press("F2");
  await expect(call(page).getByText("Tidak ada panggilan.")).toBeVisible();
});
