import { accessible, assert, base, fits, open, run, say, shot, silent, tones, until } from "../../lib/browser.mjs";
import { openRelay, throughRelay } from "../../lib/relay.mjs";

const CUSTOMER = 400, AGENT = 1000, AGAIN = 1400;
const all = [CUSTOMER, AGENT, AGAIN];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const relay = await openRelay(Number(new URL(base).port));
await run(async () => {
  const viaRelay = async (page) => {
    await page.exposeFunction("relayPort", (port) => relay.udp(port));
    await page.addInitScript(throughRelay);
  };
  // a headset with the keys that such have: pressed by the test
  const withHeadset = (page) =>
    page.addInitScript(() => {
      const device = Object.assign(new EventTarget(), {
        opened: false,
        open: async () => undefined,
        sendReport: async (id, data) => void (window.lamps = data[0]),
        collections: [
          {
            usagePage: 0x0b,
            inputReports: [{ reportId: 1, items: [{ usages: [0x0b0020, 0x0b002f], reportSize: 1, reportCount: 2 }] }],
            outputReports: [{ reportId: 2, items: [{ usages: [0x080017, 0x080009, 0x080018], reportSize: 1, reportCount: 3 }] }],
          },
        ],
      });
      window.press = (bits) => device.dispatchEvent(Object.assign(new Event("inputreport"), { reportId: 1, data: new DataView(Uint8Array.of(bits).buffer) }));
      Object.defineProperty(navigator, "hid", { value: { getDevices: async () => [device], requestDevice: async () => [device], addEventListener: () => undefined } });
    });

  const desk = await open("/desk", {
    at: relay.base,
    user: "agent1",
    microphone: [AGENT, AGAIN],
    before: async (page) => {
      await viaRelay(page);
      await withHeadset(page);
    },
  });
  const mine = desk.getByRole("button", { name: /Telepon terhubung|Telepon di tab lain|Sambungan|Telepon terputus/ });
  await desk.getByRole("button", { name: /Telepon terhubung/ }).waitFor();

  // ---- one hears oneself, by way of the server; what the line was like is kept ----
  await mine.click();
  await desk.getByRole("button", { name: "Uji suara" }).click();
  await desk.getByText(/^Bicaralah: Anda mendengar/).waitFor();
  await tones(desk, "who speaks", [AGENT], all);
  await accessible(desk, "echo test");
  await fits(desk, "echo test");
  await shot(desk, "phone-echo");
  await desk.getByRole("button", { name: "Akhiri uji suara" }).click();
  await desk.getByRole("button", { name: "Uji suara" }).waitFor();
  await desk.keyboard.press("Escape");
  say("one has heard oneself");
  const chief = await open("/lead", { user: "dewi" });
  const checks = async () => (await (await chief.api("/api/v1/network")).json()).items;
  await until("two checks are kept", async () => {
    const kinds = (await checks()).map((one) => one.kind);
    return kinds.includes("login") && kinds.includes("test");
  });

  // ---- a call; picked up by the headset ----
  await desk.keyboard.press("F9");
  await desk.getByRole("button", { name: /Keadaan saya:\s*Siap/ }).waitFor();
  const customer = await open("/call", { microphone: CUSTOMER });
  await customer.getByRole("button", { name: /^Telepon/ }).click();
  const bar = desk.getByRole("region", { name: "Panggilan" });
  await until("the headset rings", () => desk.evaluate(() => window.lamps === 4));
  await desk.evaluate(() => window.press(1));
  await bar.getByText("Bicara").waitFor();
  await tones(desk, "the agent", [CUSTOMER], all);
  await tones(customer, "the customer", [AGENT], all);
  await desk.evaluate(() => window.press(3));
  await until("muted", async () => (await bar.getByRole("button", { name: /^Bisukan/ }).getAttribute("aria-pressed")) === "true");
  await silent(customer, "an agent who is muted");
  await desk.evaluate(() => (window.press(1), window.press(3)));
  await tones(customer, "the customer again", [AGENT], all);
  say("picked up and muted by the headset");

  // ---- a line that loses packets: said at the desk, and an alert for who leads ----
  await desk.getByRole("button", { name: /Sambungan baik · 4,\d · \d+ md · 0/ }).waitFor();
  relay.lose(20);
  await desk.getByRole("button", { name: /Sambungan buruk · \d,\d · \d+ md · [123]\d/ }).waitFor();
  await shot(desk, "phone-bad-line");
  const alert = chief.getByRole("region", { name: /^Perlu perhatian/ }).getByRole("button", { name: /^[^:]*: Agen 1: sambungan buruk, mutu \d,\d, batas 3,6/ }).first();
  await alert.waitFor({ timeout: 20_000 });
  await shot(chief, "phone-alert");
  relay.lose(0);
  await until("the alert is over", async () => (await alert.count()) === 0, 30_000);
  await desk.getByRole("button", { name: /Sambungan baik/ }).waitFor();
  say("a bad line was said, and is over");

  // ---- no network for ten seconds ----
  relay.cut();
  await desk.getByText(/^Sambungan ke server terputus sejak/).waitFor({ timeout: 15_000 });
  await desk.getByRole("button", { name: /Telepon terputus; menyambung lagi/ }).waitFor();
  await bar.getByText("Bicara").waitFor(); // nobody has hung up
  await shot(desk, "phone-lost");
  await wait(8000);
  relay.mend();
  const mended = Date.now();
  await tones(desk, "the agent", [CUSTOMER], all);
  await tones(customer, "the customer", [AGENT], all);
  await desk.getByText(/^Sambungan ke server terputus sejak/).waitFor({ state: "detached" });
  await desk.getByRole("button", { name: /Sambungan (baik|sedang)/ }).waitFor();
  say(`ten seconds without a network; right again ${((Date.now() - mended) / 1000).toFixed(1)} s later`);
  assert(Date.now() - mended < 6000, "it took too long");

  // ---- a second tab: one telephone, and it can be moved with the call ----
  const second = await desk.context().newPage();
  await viaRelay(second);
  second.setDefaultTimeout(10_000);
  await second.goto(relay.base + "/desk");
  await second.getByRole("button", { name: /Telepon di tab lain/ }).waitFor();
  await second.getByRole("region", { name: "Panggilan" }).getByText("Bicara").waitFor();
  await tones(customer, "the customer", [AGENT], all);
  await second.getByRole("button", { name: /Telepon di tab lain/ }).click();
  await accessible(second, "telephone in another tab");
  await shot(second, "phone-elsewhere");
  await second.getByRole("button", { name: "Pindahkan ke tab ini" }).click();
  await tones(second, "the agent in the second tab", [CUSTOMER], all);
  await tones(customer, "the customer of the second tab", [AGENT], all);
  await desk.getByRole("button", { name: /Telepon di tab lain/ }).waitFor();
  await second.reload(); // who is loaded anew keeps it
  await tones(second, "the agent in the second tab, loaded anew", [CUSTOMER], all);
  await desk.getByRole("button", { name: /Telepon di tab lain/ }).waitFor();
  await second.close(); // in the middle of the call: the first tab takes it up
  await tones(desk, "the agent in the first tab", [CUSTOMER], all);
  await tones(customer, "the customer of the first tab", [AGENT], all);
  say("the telephone has moved to a second tab, and back");

  // ---- the tab sleeps ----
  const devtools = await desk.context().newCDPSession(desk);
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await wait(3000);
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await bar.getByText("Bicara").waitFor();
  await tones(desk, "the agent who was asleep", [CUSTOMER], all);
  await tones(customer, "the customer of who was asleep", [AGENT], all);
  say("the tab has slept");

  await customer.getByRole("button", { name: "Akhiri" }).click();
  await customer.getByText("Panggilan selesai.").waitFor();
  await until("what the call was like is kept", async () => (await checks()).some((one) => one.kind === "call" && one.user === "agent1" && one.codec && one.mos_x100 > 100));

  // ---- another computer: opened there before it is closed here, the telephone follows ----
  const other = await open("/desk", { user: "agent1", microphone: AGENT });
  await other.getByRole("button", { name: /Telepon terhubung/ }).waitFor(); // the one that is about to go
  assert(desk.problems.length === 0, desk.problems.join("; "));
  await desk.context().close();
  await until("the telephone is at the other computer", () =>
    other.evaluate(async () => (await navigator.locks.query()).held.some((lock) => lock.name === "sapa.phone.agent1")),
  );
  await other.getByRole("button", { name: /Telepon terhubung/ }).waitFor();
  say("the telephone has followed to another computer");
  for (const page of [other, chief, customer]) assert(page.problems.length === 0, page.problems.join("; "));
});
relay.close();
