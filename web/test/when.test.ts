// What people write about time.
import { describe, expect, it } from "vitest";
import { whenOf } from "../desk/when";

const now = new Date(2026, 10, 22, 14, 30); // a Sunday
const say = (text: string) => {
  const found = whenOf(text, now);
  return found && [`${found.due.getMonth() + 1}-${found.due.getDate()} ${found.due.getHours()}:${String(found.due.getMinutes()).padStart(2, "0")}`, found.text];
};

describe("when", () => {
  it.each([
    ["telepon balik besok 10.00", "11-23 10:00", "telepon balik"],
    ["Telepon balik besok pukul 10", "11-23 10:00", "Telepon balik"],
    ["besok sore jam 3 sore telepon Bu Ani", "11-23 15:00", "sore telepon Bu Ani"],
    ["cek retur 16:45", "11-22 16:45", "cek retur"],
    ["cek retur 9.15", "11-23 9:15", "cek retur"],
    ["Senin kirim formulir", "11-23 9:00", "kirim formulir"],
    ["minggu 10.00 cek", "11-29 10:00", "cek"],
    ["lusa jam 8 malam", "11-24 20:00", ""],
    ["30 menit lagi hubungi gudang", "11-22 15:00", "hubungi gudang"],
    ["call back in 2 hours", "11-22 16:30", "call back"],
    ["call back tomorrow at 4 pm", "11-23 16:00", "call back"],
    ["on Friday 09:30 send the form", "11-27 9:30", "send the form"],
  ])("%s", (text, due, left) => expect(say(text)).toEqual([due, left]));
  it.each(["kirim 3 formulir", "pesanan 4711", "", "hari ini 9.00", "besok 25.00", "versi 1.2.3", "0811 1234 5678"])("none: %s", (text) => expect(say(text)).toBe(null));
});
