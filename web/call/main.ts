// The customers' page: a button that calls. What is loaded before it is pressed is this file and nothing else (5 kB at
// most); the telephone itself comes with the click, and the words for its troubles with it.
import "./call.css";
import type { Call } from "./phone";

type Phase = "idle" | "asking" | "connecting" | "ringing" | "on" | "ended";
interface Place {
  number: string;
  client: string;
  name: string;
  greeting: Record<"id" | "en", string> | null;
  colour: string;
  colour_dark: string;
  language: "id" | "en";
}

const texts = {
  id: ["Hubungi kami", "Dari peramban ini: tanpa akun, cukup mikrofon.", "Telepon {}", "Akhiri", "Bisukan", "Izinkan mikrofon…", "Menghubungkan…", "Berdering…", "Tersambung", "Panggilan selesai.", "Telepon lagi", "Tidak ada nomor telepon.", "Server tidak dapat dihubungi. Muat ulang halaman.", "Tombol angka", "Suara Anda", "English", "Pilih yang lain"],
  en: ["Contact us", "From this browser: no account, just a microphone.", "Call {}", "Hang up", "Mute", "Allow the microphone…", "Connecting…", "Ringing…", "Connected", "The call is over.", "Call again", "No number to call.", "The server cannot be reached. Reload the page.", "Number keys", "Your voice", "Bahasa Indonesia", "Choose another"],
};
let language: "id" | "en" = localStorage["sapa.language"] === "en" ? "en" : "id";
const say = (n: number, value = "") => texts[language][n]!.replace("{}", value);

let places: Place[] | null = null;
let chosen: Place | null = null;
let phase: Phase = "idle";
/** What went wrong, in the words of either language. */
type Words = ((language: "id" | "en") => string) | null;
let problem: Words = null;
/** Where the call stands, in the words of either language. */
let note: Words = null;
let call: Call | null = null;

const root = document.getElementById("call")!;

function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string>, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text: string, kind: string, press: () => void): HTMLElement {
  const element = make("button", { class: `btn ${kind}` }, text);
  element.onclick = press;
  return element;
}

/** The client's colours: the server has seen to it that words on them are legible. */
function paint({ style }: HTMLElement, place: Place | null): void {
  style.setProperty("--colour", place?.colour ?? "");
  style.setProperty("--dark", place?.colour_dark ?? "");
}

const title = make("h1", {});
const other = button("", "plain", () => {
  language = language === "id" ? "en" : "id";
  localStorage["sapa.language"] = language;
  draw();
});
const status = make("p", { role: "status", tabindex: "-1" });
const rest = make("div", {});
root.append(make("header", {}, title, other), status, rest);

async function begin(place: Place): Promise<void> {
  chosen = place;
  problem = null;
  to("asking");
  try {
    const { dial } = await import("./phone");
    call = await dial(place.number, (next, trouble, said = null) => {
      problem = trouble;
      note = said;
      if (phase === next) state();
      to(next);
    });
  } catch {
    failed(); // the telephone did not come
    to("ended");
  }
}

function failed(): void {
  problem = (of) => texts[of][12]!;
}

function to(next: Phase): void {
  if (phase === next) return;
  phase = next;
  if (next === "ended") call = null;
  draw();
}

function state(): void {
  status.dataset["phase"] = problem ? "problem" : phase;
  status.textContent = (problem ?? note)?.(language) ?? (phase === "idle" ? (chosen?.greeting?.[language] || say(places?.length === 0 ? 11 : 1)) : say({ asking: 5, connecting: 6, ringing: 7, on: 8, ended: 9 }[phase]));
}

function draw(): void {
  const inCall = !/idle|ended/.test(phase);
  const parts: Node[] = [];

  document.documentElement.lang = language;
  document.title = title.textContent = chosen ? chosen.name : say(0);
  other.textContent = say(15);
  other.lang = language === "id" ? "en" : "id";
  state();
  if (phase === "on") {
    const mute = button(say(4), "", () => press(!call?.muted));
    const press = (on: boolean) => {
      call?.mute(on);
      mute.setAttribute("aria-pressed", String(on));
    };
    press(call?.muted ?? false);
    parts.push(
      make("p", { class: "clock" }),
      make("label", {}, say(14), make("meter", {})),
      mute,
      make("div", { role: "group", "aria-label": say(13), class: "keys" }, ...[..."123456789*0#"].map((key) => button(key, "", () => call?.key(key)))),
    );
  }
  if (inCall) parts.push(button(say(3), "bad", () => (call ? call.end() : location.reload())));
  for (const place of inCall ? [] : phase === "ended" && chosen ? [chosen] : (places ?? [])) {
    const one = button(phase === "ended" ? say(10) : say(2, place.name), "good", () => void begin(place));
    paint(one, place);
    parts.push(one);
  }
  if (phase === "ended" && places && places.length > 1)
    parts.push(
      button(say(16), "plain", () => {
        chosen = problem = null;
        to("idle");
      }),
    );
  paint(root, chosen);
  const lost = rest.contains(document.activeElement);
  rest.replaceChildren(...parts);
  if (lost) status.focus(); // what was pressed is gone
  tick();
}

function tick(): void {
  const clock = root.querySelector(".clock"), meter = root.querySelector("meter");
  if (!clock || !meter) return;
  const s = Math.floor((Date.now() - (call?.since || Date.now())) / 1000);
  clock.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  meter.value = call && !call.muted ? call.level() : 0;
}

setInterval(tick, 100);
addEventListener("keydown", (event) => {
  if (phase === "on" && /^[\d*#]$/.test(event.key)) call?.key(event.key);
});
draw();
fetch("/api/v1/web-calls")
  .then((reply) => reply.json())
  .then((found: { items: Place[] }) => {
    const wanted = location.pathname.slice(6) || location.hash.slice(1);
    places = found.items.filter((place) => !wanted || place.number === wanted || place.client === wanted);
    if (wanted && places.length === 1) {
      chosen = places[0]!;
      language = localStorage["sapa.language"] ?? chosen.language;
    }
  })
  .catch(failed)
  .finally(() => {
    draw();
    const place = places?.find((one) => one.number === sessionStorage["call"]); // loaded anew in a call
    if (place) void begin(place);
  });
