// The customers' page: a button that calls. What is loaded before it is pressed is this file and nothing else (5 kB at
// most); the telephone itself comes with the click.
import "./call.css";

type Phase = "idle" | "asking" | "connecting" | "ringing" | "on" | "ended";
interface Place {
  number: string;
  client: string;
  name: string;
}

const texts = {
  id: ["Hubungi kami", "Telepon dari peramban, tanpa akun, cukup mikrofon.", "Telepon {}", "Akhiri", "Bisukan", "Bunyikan", "Izinkan mikrofon…", "Menghubungkan…", "Berdering…", "Tersambung", "Panggilan selesai.", "Telepon lagi", "Panggilan sedang tidak tersedia.", "Izinkan mikrofon di peramban, lalu coba lagi.", "Panggilan tidak tersambung.", "Tombol angka", "Suara Anda", "English"],
  en: ["Contact us", "Call from your browser, no account needed, just a microphone.", "Call {}", "Hang up", "Mute", "Unmute", "Allow the microphone…", "Connecting…", "Ringing…", "Connected", "The call is over.", "Call again", "Calls are not available now.", "Allow the microphone in the browser, then try again.", "The call was not connected.", "Number keys", "Your voice", "Bahasa Indonesia"],
};
let language: "id" | "en" = localStorage["sapa.language"] === "en" ? "en" : "id";
const say = (n: number, value = "") => texts[language][n]!.replace("{}", value);

let places: Place[] | null = null;
let failed = false;
let chosen: Place | null = null;
let phase: Phase = "idle";
let problem = 0;
let muted = false;
let since = 0;
let phone: { end(): void; mute(on: boolean): void; key(key: string): void; level(): number } | null = null;

const root = document.getElementById("call")!;

function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string>, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text: string, kind: string, press: () => void, more: Record<string, string> = {}): HTMLElement {
  const element = make("button", { class: `btn ${kind}`, ...more }, text);
  element.addEventListener("click", press);
  return element;
}

/** A colour of its own for each client, out of its name; the words on it stay legible. */
const hue = (client: string) => String([...client].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7));

async function begin(place: Place): Promise<void> {
  chosen = place;
  problem = 0;
  to("asking");
  try {
    const { dial } = await import("./phone");
    phone = await dial(place.number, (next, trouble) => {
      if (next === "on") since = Date.now();
      if (next === "ended") phone = null;
      problem = trouble ? 14 : 0;
      to(next);
    });
  } catch (error) {
    problem = (error as Error).name === "Problem" ? 12 : 13;
    to("ended");
  }
}

function to(next: Phase): void {
  phase = next;
  if (next !== "on") muted = false;
  draw();
}

/** What is new is read out where the focus is: the state, or the button for the language. */
function draw(asked = false): void {
  const status = { idle: "", asking: say(6), connecting: say(7), ringing: say(8), on: say(9), ended: problem ? say(problem) : say(10) }[phase];
  const parts: (Node | string)[] = [];
  const other = button(say(17), "plain", () => {
    language = language === "id" ? "en" : "id";
    localStorage["sapa.language"] = language;
    draw(true);
  }, { lang: language === "id" ? "en" : "id" });

  document.documentElement.lang = language;
  document.title = say(0);
  parts.push(make("header", {}, make("h1", {}, chosen ? chosen.name : say(0)), other));
  parts.push(make("p", { role: "status", tabindex: "-1", class: "status", "data-phase": phase }, failed ? say(12) : status || say(1)));
  if (phase === "idle" || phase === "ended") {
    for (const place of phase === "ended" && chosen ? [chosen] : (places ?? [])) {
      const one = button(phase === "ended" ? say(11) : say(2, place.name), "good", () => void begin(place));
      one.style.setProperty("--hue", hue(place.client));
      parts.push(one);
    }
  } else {
    if (phase === "on") {
      parts.push(make("p", { class: "clock" }, ""));
      parts.push(make("meter", { "aria-label": say(16) }));
      const mute = button(say(4), "", () => {
        phone?.mute((muted = !muted));
        mute.textContent = say(muted ? 5 : 4);
      });
      parts.push(mute);
      parts.push(make("div", { role: "group", "aria-label": say(15), class: "keys" }, ...[..."123456789*0#"].map((key) => button(key, "key", () => phone?.key(key)))));
    }
    parts.push(button(say(3), "bad", () => (phone ? phone.end() : to("ended"))));
  }
  root.style.setProperty("--hue", chosen ? hue(chosen.client) : "190");
  root.replaceChildren(...parts);
  root.querySelector<HTMLElement>(asked ? ".plain" : ".status")!.focus();
  tick();
}

function tick(): void {
  const clock = root.querySelector(".clock"), meter = root.querySelector("meter");
  if (!clock || !meter) return;
  const s = Math.floor((Date.now() - since) / 1000);
  clock.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  meter.value = muted ? 0 : (phone?.level() ?? 0);
}

setInterval(tick, 100);
draw();
fetch("/api/v1/web-calls")
  .then((reply) => reply.json())
  .then((found: { items: Place[] }) => {
    const wanted = location.hash.slice(1);
    places = found.items.filter((place) => !wanted || place.number === wanted || place.client === wanted);
    if (wanted && places.length === 1) chosen = places[0]!;
    failed = places.length === 0;
  })
  .catch(() => (failed = true))
  .finally(() => draw());
