// bench/browser.mjs: the agent's real page and a customer's, in Chromium, each with a tone for a voice. How long from the
// click on "Jawab" until each hears the other, and from the moment at which the agent's page is loaded anew until they do
// again (its voice has another tone then, so nothing of before counts). BASE: the server; ROUNDS: so many calls, 7.
import { browser, open, until } from "../test/lib/browser.mjs";

const CUSTOMER = 400, AGENT = 1000, AGAIN = 1400;
const rounds = Number(process.env.BROWSER_ROUNDS ?? 7);

/** When the tone is first heard here, in ms of the machine's clock; the page's own timer looks every 5 ms. */
const heardAt = (page, hz) =>
  page.evaluate(
    (hz) =>
      new Promise((found) => {
        const bins = new Float32Array(2048);
        const timer = setInterval(() => {
          for (const one of window.heard ?? []) {
            if (one.connectionState !== "connected" || !one.ear) continue;
            one.ear.getFloatFrequencyData(bins);
            const at = Math.round((hz * one.ear.fftSize) / window.sound.sampleRate);
            if (Math.max(...bins.subarray(at - 1, at + 2)) < -45) continue;
            clearInterval(timer);
            found(performance.timeOrigin + performance.now());
            return;
          }
        }, 5);
      }),
    hz,
  );

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const answers = [], reloads = [];
try {
  const desk = await open("/desk", { user: "agent1", microphone: [AGENT, AGAIN] });
  const bar = desk.getByRole("region", { name: "Panggilan" });
  const customer = await open("/call", { microphone: CUSTOMER });
  await desk.getByRole("button", { name: /Telepon terhubung/ }).waitFor();
  await desk.keyboard.press("F9");
  await desk.getByRole("button", { name: /Keadaan saya:\s*Siap/ }).waitFor();
  for (let round = 1; round <= rounds; round++) {
    await customer.getByRole("button", { name: /^Telepon/ }).click();
    const answer = bar.getByRole("button", { name: /^Jawab/ });
    await until("it rings", () => answer.isEnabled());
    await wait(1000); // nobody is quicker, and what the ring sets off is through
    await desk.evaluate(() => addEventListener("pointerdown", () => (window.pressed = performance.timeOrigin + performance.now()), { capture: true, once: true }));
    const both = [heardAt(desk, CUSTOMER), heardAt(customer, AGENT)];
    await answer.click();
    const [there, here] = await Promise.all(both);
    const pressed = await desk.evaluate(() => window.pressed);
    if (there < pressed || here < pressed) throw new Error("heard before it was answered");
    answers.push(Math.max(there, here) - pressed);

    await bar.getByText("Bicara").waitFor();
    await wait(1000);
    const other = heardAt(customer, AGAIN);
    const left = performance.timeOrigin + performance.now();
    await desk.reload({ waitUntil: "commit" });
    const again = await Promise.all([heardAt(desk, CUSTOMER), other]);
    reloads.push(Math.max(...again) - left);
    console.log(`round ${round}: answered ${Math.round(there - pressed)} ms at the desk, ${Math.round(here - pressed)} at the customer's; loaded anew ${Math.round(again[0] - left)}, ${Math.round(again[1] - left)}`);

    await bar.getByText("Bicara").waitFor();
    await desk.keyboard.press("Control+Alt+E");
    await customer.getByText("Panggilan selesai.").waitFor();
    await bar.getByText("Tidak ada panggilan.").waitFor();
    await desk.reload(); // the first of its tones again
    await desk.getByRole("button", { name: /Telepon terhubung/ }).waitFor();
    await wait(1000);
  }
  answers.sort((a, b) => a - b);
  console.log(`"answer_to_audio_ms": ${Math.round(answers[Math.floor(answers.length / 2)])}`);
  console.log(`"reload_to_audio_ms": ${Math.round(Math.max(...reloads))}`);
} catch (error) {
  console.log(String(error?.stack ?? error));
  process.exitCode = 1;
} finally {
  await browser.close();
}
