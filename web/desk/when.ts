// When? Out of what people write: "telepon balik besok 10.00", "in 30 minutes", "Senin pukul 9". In the time of this computer.
export interface When {
  due: Date;
  /** What is left when the time is taken out. */
  text: string;
}

const days: Record<string, number> = {
  minggu: 0, ahad: 0, sunday: 0, sun: 0, senin: 1, monday: 1, mon: 1, selasa: 2, tuesday: 2, tue: 2, rabu: 3, wednesday: 3, wed: 3,
  kamis: 4, thursday: 4, thu: 4, jumat: 5, "jum'at": 5, friday: 5, fri: 5, sabtu: 6, saturday: 6, sat: 6,
};
const dayNames = Object.keys(days).join("|");
/** Where a day is named and no time: when people begin to be at hand. */
const MORNING = 9;

const soon = /\b(?:(?:in|dalam)\s+(\d{1,3})\s*(menit|mnt|minutes?|min|jam|hours?)|(\d{1,3})\s*(menit|mnt|minutes?|min|jam|hours?)\s+lagi)\b/i;
const dayWord = new RegExp(`\\b(hari ini|today|besok|tomorrow|lusa|nanti|(?:hari\\s+|on\\s+|next\\s+)?(?:${dayNames}))(?=[\\s,.]|$)`, "i");
const clockTime = /\b(?:jam|pukul|pkl\.?|at)\s+(\d{1,2})(?:[.:](\d{2}))?(?:\s*(pagi|siang|sore|malam|am|pm))?(?![\d.:])|\b(\d{1,2})[.:](\d{2})(?:\s*(pagi|siang|sore|malam|am|pm))?(?![\d.:])/i;

function hourOf(hour: number, part: string | undefined): number {
  const late = part === "pm" || part === "sore" || part === "malam" || (part === "siang" && hour < 10);
  if (late && hour < 12) return hour + 12;
  return part === "am" && hour === 12 ? 0 : hour;
}

/** Null: no time is named, or none that is to come. */
export function whenOf(text: string, now: Date): When | null {
  const left = (...parts: (string | undefined)[]) => parts.reduce<string>((rest, part) => (part ? rest.replace(part, " ") : rest), text).replace(/\s+/g, " ").replace(/[\s,.-]+$/, "").trim();
  const span = soon.exec(text);
  if (span) {
    const count = Number(span[1] ?? span[3]);
    const unit = (span[2] ?? span[4])!.toLowerCase();
    return count > 0 ? { due: new Date(now.getTime() + count * (/^(jam|h)/.test(unit) ? 3_600_000 : 60_000)), text: left(span[0]) } : null;
  }
  const day = dayWord.exec(text);
  const time = clockTime.exec(text);
  if (!day && !time) return null;
  const hour = time ? hourOf(Number(time[1] ?? time[4]), (time[3] ?? time[6])?.toLowerCase()) : MORNING;
  const minute = Number(time?.[2] ?? time?.[5] ?? 0);
  if (hour > 23 || minute > 59) return null;
  const due = new Date(now);
  due.setHours(hour, minute, 0, 0);
  const named = day?.[1]?.toLowerCase() ?? "";
  if (named === "besok" || named === "tomorrow") due.setDate(due.getDate() + 1);
  else if (named === "lusa") due.setDate(due.getDate() + 2);
  else if (!["", "hari ini", "today", "nanti"].includes(named)) {
    const wanted = days[named.split(/\s+/).at(-1)!]!;
    const ahead = (wanted - due.getDay() + 7) % 7;
    due.setDate(due.getDate() + (ahead === 0 && due <= now ? 7 : ahead));
  } else if (named === "" && due <= now) {
    due.setDate(due.getDate() + 1); // "10.00" in the afternoon is tomorrow's
  }
  return due > now ? { due, text: left(day?.[0], time?.[0]) } : null;
}
