// Figures that pages show: where each stands in a Standing, how it is written, what it means. Values come from the server alone.
import type { FigureValues, Standing } from "./api.gen";
import { clock } from "./clock";
import { locale, type Language, type Messages } from "./i18n";

export const periods = ["now", "today", "recent"] as const;
export type Period = (typeof periods)[number];

export const nowFigures = ["waiting", "oldest", "callbacks_waiting", "ringing", "talking", "agents_ready", "agents_busy", "agents_not_ready"] as const;
export const countedFigures = [
  "service_level_1",
  "answered",
  "offered",
  "abandoned",
  "answer_rate",
  "abandon_rate_short",
  "asa",
  "aht",
  "wait_max_ms",
  "handled",
  "transfers",
  "callback",
  "overflowed",
  "wrapup_mean",
  "occupancy",
] as const satisfies readonly (keyof FigureValues)[];
export type NowFigure = (typeof nowFigures)[number];
export type CountedFigure = (typeof countedFigures)[number];
export type FigureKey = NowFigure | CountedFigure;

export const isNow = (figure: string): figure is NowFigure => (nowFigures as readonly string[]).includes(figure);
export const isCounted = (figure: string): figure is CountedFigure => (countedFigures as readonly string[]).includes(figure);

export type Unit = "count" | "time" | "ratio";
const ratios: readonly string[] = ["service_level_1", "answer_rate", "abandon_rate_short", "occupancy"];
const times: readonly string[] = ["oldest", "asa", "aht", "wait_max_ms", "wrapup_mean"];
export const unitOf = (figure: string): Unit => (ratios.includes(figure) ? "ratio" : times.includes(figure) ? "time" : "count");

/** Null: there is none, which is not the same as zero. Times in milliseconds; `at`: the server's clock. */
export function valueOf(standing: Standing | undefined, figure: string, period: string, at: number): number | null {
  if (!standing) return null;
  if (period === "now") {
    if (!isNow(figure)) return null;
    if (figure === "oldest") return standing.oldest ? Math.max(0, at - Date.parse(standing.oldest)) : 0;
    return standing[figure];
  }
  return isCounted(figure) ? (period === "today" ? standing.today : standing.recent)[figure] : null;
}

const numbers = new Map<string, Intl.NumberFormat>();

function numberFormat(of: Language, style: "decimal" | "percent"): Intl.NumberFormat {
  const key = locale(of) + style;
  let found = numbers.get(key);
  if (!found) numbers.set(key, (found = new Intl.NumberFormat(locale(of), { style, maximumFractionDigits: 0 })));
  return found;
}

export const count = (of: Language, value: number): string => numberFormat(of, "decimal").format(value);
export const percent = (of: Language, share: number): string => numberFormat(of, "percent").format(share);

export function show(of: Language, figure: string, value: number | null): string {
  if (value === null) return "–";
  const unit = unitOf(figure);
  return unit === "ratio" ? percent(of, value) : unit === "time" ? clock(value) : count(of, value);
}

export type Level = "none" | "good" | "warn" | "bad";

/** Against limits: with `bad` below `warn` low values are the bad ones. */
export function levelOf(value: number | null, warn: number | null, bad: number | null): Level {
  if (value === null || warn === null) return "none";
  const low = bad !== null && bad < warn;
  const beyond = (limit: number) => (low ? value <= limit : value >= limit);
  return bad !== null && beyond(bad) ? "bad" : beyond(warn) ? "warn" : "good";
}

/** How a queue's service level stands to its target: ten points below it is bad. */
export function levelOfService(share: number | null, target: number | null): Level {
  if (share === null || target === null) return "none";
  const points = share * 100;
  return points >= target ? "good" : points >= target - 10 ? "warn" : "bad";
}

export const figureWords = {
  id: {
    waiting: "Menunggu",
    oldest: "Tunggu terlama",
    callbacks_waiting: "Telepon balik menunggu",
    ringing: "Berdering",
    talking: "Bicara",
    agents_ready: "Agen siap",
    agents_busy: "Agen melayani",
    agents_not_ready: "Agen tidak siap",
    service_level_1: "Tingkat layanan",
    answered: "Terjawab",
    offered: "Masuk",
    abandoned: "Ditinggalkan",
    answer_rate: "Tingkat terjawab",
    abandon_rate_short: "Tingkat ditinggalkan",
    asa: "Rata-rata tunggu",
    aht: "AHT",
    wait_max_ms: "Tunggu terpanjang",
    handled: "Ditangani",
    transfers: "Alihan",
    callback: "Telepon balik",
    overflowed: "Luapan keluar",
    wrapup_mean: "Rata-rata ACW",
    occupancy: "Okupansi",
    now: "sekarang",
    today: "hari ini",
    recent: "30 menit terakhir",
    all: "Seluruh pusat",
    good: "Baik",
    warn: "Perhatian",
    bad: "Kritis",
    none: "Belum ada nilai",
  },
  en: {
    waiting: "Waiting",
    oldest: "Longest wait",
    callbacks_waiting: "Callbacks waiting",
    ringing: "Ringing",
    talking: "Talking",
    agents_ready: "Agents ready",
    agents_busy: "Agents busy",
    agents_not_ready: "Agents not ready",
    service_level_1: "Service level",
    answered: "Answered",
    offered: "Offered",
    abandoned: "Abandoned",
    answer_rate: "Answer rate",
    abandon_rate_short: "Abandon rate",
    asa: "Average wait",
    aht: "AHT",
    wait_max_ms: "Longest wait so far",
    handled: "Handled",
    transfers: "Transfers",
    callback: "Callbacks",
    overflowed: "Overflowed out",
    wrapup_mean: "Average wrap-up",
    occupancy: "Occupancy",
    now: "now",
    today: "today",
    recent: "last 30 minutes",
    all: "Whole centre",
    good: "Good",
    warn: "Attention",
    bad: "Critical",
    none: "No value yet",
  },
} satisfies Messages<string>;

/** What each figure means, in a sentence. Formula and edge cases come with the dictionary of the server. */
export const meaningWords = {
  id: {
    waiting: "Pelanggan yang saat ini menunggu di antrean, telepon balik tidak dihitung.",
    oldest: "Sudah berapa lama pelanggan yang paling lama menunggu ada di antrean.",
    callbacks_waiting: "Pelanggan yang minta ditelepon balik dan masih menempati gilirannya.",
    ringing: "Kontak yang saat ini berdering pada seorang agen.",
    talking: "Percakapan yang sedang berlangsung, termasuk yang ditahan.",
    agents_ready: "Agen yang siap dan bebas menerima kontak ini; setiap agen dihitung satu kali.",
    agents_busy: "Agen yang berdering, berbicara, menahan atau mengisi catatan akhir.",
    agents_not_ready: "Agen yang masuk kerja tetapi tidak siap.",
    service_level_1: "Bagian dari mereka yang menginginkan agen dan dilayani, atau pergi, dalam batas waktu antrean. Yang pergi di menu tidak dihitung.",
    answered: "Kontak yang masuk antrean pada masa itu dan berbicara dengan seorang agen.",
    offered: "Kontak yang masuk ke antrean pada masa itu.",
    abandoned: "Kontak yang masuk pada masa itu dan menutup telepon sebelum dijawab.",
    answer_rate: "Bagian dari yang masuk yang dijawab agen; yang masih menunggu tidak dihitung.",
    abandon_rate_short: "Bagian yang menutup telepon; yang pergi lebih cepat dari batas singkat tidak dihitung.",
    asa: "Rata-rata dari masuk antrean sampai berbicara, termasuk waktu berdering.",
    aht: "Rata-rata bicara, tahan dan catatan akhir untuk setiap bagian agen.",
    wait_max_ms: "Waktu tunggu terpanjang dari yang sudah meninggalkan antrean.",
    handled: "Bagian agen dalam kontak pelanggan; dua agen dalam satu percakapan adalah dua bagian.",
    transfers: "Kontak yang diteruskan oleh agen.",
    callback: "Kontak yang menjadi telepon balik.",
    overflowed: "Kontak yang keluar karena aturan luapan: waktu, panjang atau perkiraan tunggu.",
    wrapup_mean: "Rata-rata waktu catatan akhir untuk setiap bagian agen.",
    occupancy: "Bagian dari waktu siap dan melayani yang dipakai untuk kontak. Hanya agen dan tim yang mempunyainya.",
  },
  en: {
    waiting: "Customers who wait in the queue now, callbacks apart.",
    oldest: "How long the customer who waits longest has been in the queue.",
    callbacks_waiting: "Customers who asked to be called back and keep their place in the line.",
    ringing: "Contacts that ring at an agent now.",
    talking: "Conversations that go on now, those on hold included.",
    agents_ready: "Agents who are ready and free to take such a contact, each counted once.",
    agents_busy: "Agents who ring, talk, hold or wrap up.",
    agents_not_ready: "Agents who are logged in and not ready.",
    service_level_1: "Share of those who wanted an agent and were served, or left, within the limit of the queue. Who left in the menu is not counted.",
    answered: "Contacts that joined the queue in that time and talked with an agent.",
    offered: "Contacts that joined the queue in that time.",
    abandoned: "Contacts that joined in that time and hung up before an answer.",
    answer_rate: "Share of what came in that an agent answered; who still waits is not counted.",
    abandon_rate_short: "Share of those who hung up; those sooner than the short limit are left out.",
    asa: "Average from joining the queue to talking, ringing included.",
    aht: "Average of talk, hold and wrap-up for each agent's part.",
    wait_max_ms: "The longest wait of those who have left the queue.",
    handled: "Agents' parts in contacts with customers; two agents in one conversation are two parts.",
    transfers: "Contacts that an agent passed on.",
    callback: "Contacts that became a callback.",
    overflowed: "Contacts that left by an overflow rule: wait, length or expected wait.",
    wrapup_mean: "Average wrap-up for each agent's part.",
    occupancy: "Share of the time ready or at work that went into contacts. Agents and teams alone have it.",
  },
} satisfies Messages<FigureKey>;
