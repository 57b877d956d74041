// What the server says is wrong, in the words of the page. What is not known here is shown as it came.
import { Problem } from "./call";
import { useWords, type Messages } from "./i18n";

const problemWords = {
  id: {
    offline: "server tidak dapat dihubungi",
    right: "Anda tidak berhak menelepon nomor seperti ini",
    hours: "di luar jam yang diizinkan",
    listed: "nomor ini tidak boleh dihubungi (daftar jangan hubungi)",
    client: "Anda tidak melayani klien ini",
    busy: "masih ada panggilan lain",
    target: "tidak ada, atau sedang tidak di tempat",
    out: "masuk dulu sebagai siap atau tidak siap",
    denied: "Anda tidak berhak melakukan ini",
    tasks: "tugas Anda sudah empat puluh; selesaikan dulu sebagian",
    coached: "sudah tiga puluh catatan menunggu agen ini",
    erased: "data orang ini sudah dihapus; tidak ada lagi yang disimpan",
    lines: "terlalu banyak pesan sekaligus; tunggu sebentar",
    team: "Anda tidak masuk tim mana pun",
    gone: "sudah tidak ada",
    state: "keadaannya sudah berubah; lihat lagi",
    many: "terlalu sering; tunggu sebentar",
    trouble: "server sedang terganggu; coba lagi",
    other: "{text}",
  },
  en: {
    offline: "the server cannot be reached",
    right: "you have no right to call this kind of number",
    hours: "outside the allowed hours",
    listed: "this number must not be called (do-not-contact list)",
    client: "you do not serve this client",
    busy: "there is another call in hand",
    target: "there is no such target, or nobody is there",
    out: "you are logged out: be ready or not ready first",
    denied: "you have no right to do this",
    tasks: "you have forty tasks; do some of them first",
    coached: "thirty notes already wait for this agent",
    erased: "this person was erased; nothing more is kept",
    lines: "too many messages at once; wait a moment",
    team: "you are in no team",
    gone: "it is not there any more",
    state: "its state has changed; look again",
    many: "too often; wait a moment",
    trouble: "the server is in trouble; try again",
    other: "{text}",
  },
} satisfies Messages<string>;

type Key = keyof (typeof problemWords)["id"];

const said: [RegExp, Key][] = [
  [/no right to call this kind/, "right"],
  [/outside allowed hours/, "hours"],
  [/do-not-contact/, "listed"],
  [/not granted this client/, "client"],
  [/another call in hand/, "busy"],
  [/no such target|nobody there/, "target"],
  [/not logged in/, "out"],
  [/first some have to be done/, "tasks"],
  [/first some have to be heard/, "coached"],
  [/person was erased/, "erased"],
  [/lines in \d+ seconds/, "lines"],
  [/is in no team/, "team"],
];

export function keyOfProblem(problem: Pick<Problem, "status" | "message">): Key {
  for (const [pattern, key] of said) if (pattern.test(problem.message)) return key;
  if (problem.status === 0) return "offline";
  if (problem.status === 403) return "denied";
  if (problem.status === 404) return "gone";
  if (problem.status === 409 || problem.status === 412) return "state";
  if (problem.status === 429) return "many";
  if (problem.status >= 500) return "trouble";
  return "other";
}

export function useProblems(): (error: unknown) => string {
  const words = useWords(problemWords);
  return (error) => (error instanceof Problem ? words(keyOfProblem(error), { text: error.message }) : String(error));
}

export { problemWords };
