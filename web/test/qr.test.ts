// A QR code is read back as a telephone would: mask off, blocks apart, no error found, the text again.
import { describe, expect, it } from "vitest";
import { frame, masks, places, qr } from "../shared/qr";

const blocksOf: Record<number, [data: number[], check: number]> = { 3: [[44], 26], 8: [[38, 38, 39, 39], 22], 10: [[43, 43, 43, 43, 44], 26] };

function times(a: number, b: number): number {
  let product = 0;
  for (let x = a, y = b; y; y >>= 1, x = (x << 1) ^ (x & 128 ? 0x11d : 0)) if (y & 1) product ^= x;
  return product;
}

function read(code: boolean[][]): string {
  const version = (code.length - 17) / 4;
  const { fixed } = frame(version);
  const format = Array.from({ length: 15 }, (_, i) => code[i < 6 ? i : i < 8 ? i + 1 : code.length - 15 + i]![8]).reduce((sum, on, i) => sum | (on ? 1 << i : 0), 0) ^ 0x5412;
  expect(format >> 13).toBe(0); // level M
  const mask = masks[(format >> 10) & 7]!;
  const bits = [...places(fixed)].map(([row, column]) => (code[row]![column] !== mask(row, column) ? 1 : 0));
  const [lengths, check] = blocksOf[version]!;
  const total = lengths.reduce((sum, one) => sum + one + check, 0);
  const words = Array.from({ length: total }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((sum: number, bit) => sum * 2 + bit, 0));
  const blocks: number[][] = lengths.map(() => []);
  let at = 0;
  for (let i = 0; i < Math.max(...lengths); i++) lengths.forEach((length, b) => i < length && blocks[b]!.push(words[at++]!));
  for (let i = 0; i < check; i++) blocks.forEach((block) => block.push(words[at++]!));
  for (const block of blocks)
    for (let i = 0, root = 1; i < check; i++, root = times(root, 2)) expect(block.reduce((sum, word) => times(sum, root) ^ word, 0)).toBe(0);
  const data = blocks.flatMap((block, b) => block.slice(0, lengths[b])).flatMap((word) => [...word.toString(2).padStart(8, "0")].map(Number));
  const number = (from: number, count: number) => data.slice(from, from + count).reduce((sum, bit) => sum * 2 + bit, 0);
  expect(number(0, 4)).toBe(4);
  const wide = version < 10 ? 8 : 16;
  return new TextDecoder().decode(Uint8Array.from({ length: number(4, wide) }, (_, i) => number(4 + wide + i * 8, 8)));
}

describe("a QR code", () => {
  it.each(["otpauth://totp/Sapa:siti?secret=JBSWY3DPE", `otpauth://totp/Nusantara%20Contact%20Centre:siti?secret=${"A".repeat(32)}&issuer=Nusantara%20Contact&digits=6`, "é".repeat(100)])("is read: %s", (text) => {
    expect(read(qr(text))).toBe(text);
  });
  it("knows what is too long", () => expect(() => qr("x".repeat(500))).toThrow(RangeError));
  it("has the frame that the standard draws", () => {
    const rows = qr("SAPA").map((row) => row.map((on) => (on ? "#" : ".")).join(""));
    expect(rows.length).toBe(21);
    expect(rows.slice(0, 7).map((row) => row.slice(0, 8))).toEqual(["#######.", "#.....#.", "#.###.#.", "#.###.#.", "#.###.#.", "#.....#.", "#######."]);
    expect(rows[13]![8]).toBe("#"); // the module that is always dark
  });
});
