// A QR code (ISO/IEC 18004) of a text: byte mode, error correction M, versions 1 to 15, the best of the eight masks.

/** By version: codewords of the symbol, correction codewords a block, blocks. Level M (table 9 of the standard). */
const versions: readonly [total: number, check: number, blocks: number][] = [
  [26, 10, 1], [44, 16, 1], [70, 26, 1], [100, 18, 2], [134, 24, 2], [172, 16, 4], [196, 18, 4], [242, 22, 4], [292, 22, 5], [346, 26, 5],
  [404, 30, 5], [466, 22, 8], [532, 22, 9], [581, 24, 9], [655, 24, 10],
];

/* ---- Reed-Solomon over GF(256), x^8 + x^4 + x^3 + x^2 + 1 ---- */

const power = new Uint8Array(510);
const logarithm = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  power[i] = power[i + 255] = x;
  logarithm[x] = i;
  x = (x << 1) ^ (x & 128 ? 0x11d : 0);
}
const times = (a: number, b: number) => (a && b ? power[logarithm[a]! + logarithm[b]!]! : 0);

function checkOf(data: readonly number[], count: number): number[] {
  let generator = [1];
  for (let i = 0; i < count; i++) {
    const next = new Array<number>(generator.length + 1).fill(0);
    generator.forEach((factor, at) => {
      next[at]! ^= factor;
      next[at + 1]! ^= times(factor, power[i]!);
    });
    generator = next;
  }
  const rest = [...data, ...new Array<number>(count).fill(0)];
  for (let i = 0; i < data.length; i++) {
    const factor = rest[i]!;
    for (let k = 0; factor && k < generator.length; k++) rest[i + k]! ^= times(generator[k]!, factor);
  }
  return rest.slice(data.length);
}

/* ---- codewords ---- */

function codewords(bytes: Uint8Array, version: number): number[] {
  const [total, check, blocks] = versions[version - 1]!;
  const room = total - check * blocks;
  const bits: number[] = [];
  const put = (value: number, count: number) => {
    for (let i = count - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data: number[] = [];
  for (let i = 0; i < bits.length; i += 8) data.push(bits.slice(i, i + 8).reduce((sum, bit) => sum * 2 + bit, 0));
  for (let fill = 0xec; data.length < room; fill ^= 0xec ^ 0x11) data.push(fill);
  // the blocks at the end are one codeword longer where they cannot all be alike
  const short = Math.floor(room / blocks);
  const parts: number[][] = [];
  for (let i = 0, at = 0; i < blocks; i++) {
    const length = short + (i >= blocks - (room % blocks) ? 1 : 0);
    parts.push(data.slice(at, at + length));
    at += length;
  }
  const checks = parts.map((part) => checkOf(part, check));
  const out: number[] = [];
  for (let i = 0; i <= short; i++) for (const part of parts) if (i < part.length) out.push(part[i]!);
  for (let i = 0; i < check; i++) for (const part of checks) out.push(part[i]!);
  return out;
}

/* ---- the symbol ---- */

export type Symbol = boolean[][];

/** Centres of the alignment patterns, in both directions (annex E). */
function centres(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = version * 4 + 10;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => last - (count - 2 - i) * step)];
}

export const masks: readonly ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/** What of a remainder is left: BCH codes of format and version. */
function remainder(value: number, shift: number, polynomial: number): number {
  let rest = value << shift;
  const degree = 31 - Math.clz32(polynomial);
  for (let bit = 31 - Math.clz32(rest); rest && bit >= degree; bit = 31 - Math.clz32(rest)) rest ^= polynomial << (bit - degree);
  return rest;
}

interface Frame {
  dark: Symbol;
  /** Belongs to the frame, not to the data. */
  fixed: Symbol;
}

export function frame(version: number): Frame {
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const set = (row: number, column: number, on: boolean) => {
    if (row < 0 || column < 0 || row >= size || column >= size) return;
    dark[row]![column] = on;
    fixed[row]![column] = true;
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [row, column] of [[3, 3], [3, size - 4], [size - 4, 3]] as const)
    for (let r = -4; r <= 4; r++)
      for (let c = -4; c <= 4; c++) {
        const ring = Math.max(Math.abs(r), Math.abs(c));
        set(row + r, column + c, ring !== 2 && ring !== 4);
      }
  const at = centres(version);
  for (const row of at)
    for (const column of at) {
      if ((row === 6 && column === 6) || (row === 6 && column === size - 7) || (row === size - 7 && column === 6)) continue;
      for (let r = -2; r <= 2; r++) for (let c = -2; c <= 2; c++) set(row + r, column + c, Math.max(Math.abs(r), Math.abs(c)) !== 1);
    }
  if (version >= 7) {
    const bits = (version << 12) | remainder(version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const on = ((bits >> i) & 1) === 1;
      set(Math.floor(i / 3), size - 11 + (i % 3), on);
      set(size - 11 + (i % 3), Math.floor(i / 3), on);
    }
  }
  format({ dark, fixed }, 0);
  return { dark, fixed };
}

/** Level M (00) and the mask, twice. */
function format({ dark, fixed }: Frame, mask: number): void {
  const size = dark.length;
  const bits = ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412;
  for (let i = 0; i < 15; i++) {
    const on = ((bits >> i) & 1) === 1;
    const put = (row: number, column: number) => {
      dark[row]![column] = on;
      fixed[row]![column] = true;
    };
    put(i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, 8);
    put(8, i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i);
  }
  dark[size - 8]![8] = true;
  fixed[size - 8]![8] = true;
}

/** Places of data, in the order in which they are filled: pairs of columns from the right, up and down. */
export function* places(fixed: Symbol): Generator<[number, number]> {
  const size = fixed.length;
  let up = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right--;
    for (let i = 0; i < size; i++) {
      const row = up ? size - 1 - i : i;
      for (const column of [right, right - 1]) if (!fixed[row]![column]) yield [row, column];
    }
    up = !up;
  }
}

/** How hard it is to read (7.8.3): runs, squares, what looks like a finder, too dark or too light. */
function penalty(dark: Symbol): number {
  const size = dark.length;
  let points = 0;
  let black = 0;
  for (let turned = 0; turned < 2; turned++)
    for (let i = 0; i < size; i++) {
      const line = Array.from({ length: size }, (_, k) => (turned ? dark[k]![i]! : dark[i]![k]!));
      let run = 1;
      for (let k = 1; k <= size; k++) {
        if (k < size && line[k] === line[k - 1]) run++;
        else {
          if (run >= 5) points += run - 2;
          run = 1;
        }
      }
      const text = line.map((on) => (on ? "1" : "0")).join("");
      for (const pattern of ["10111010000", "00001011101"]) for (let k = text.indexOf(pattern); k >= 0; k = text.indexOf(pattern, k + 1)) points += 40;
      if (!turned) black += line.filter(Boolean).length;
    }
  for (let r = 0; r + 1 < size; r++)
    for (let c = 0; c + 1 < size; c++) if (dark[r]![c] === dark[r]![c + 1] && dark[r]![c] === dark[r + 1]![c] && dark[r]![c] === dark[r + 1]![c + 1]) points += 3;
  return points + Math.floor(Math.abs((black * 100) / (size * size) - 50) / 5) * 10;
}

/** Rows of modules, true is dark, without the quiet zone of four. Throws when the text has more than 400 bytes or so. */
export function qr(text: string): Symbol {
  const bytes = new TextEncoder().encode(text);
  const version = versions.findIndex(([total, check, blocks], i) => bytes.length + (i < 9 ? 2 : 3) <= total - check * blocks) + 1;
  if (version === 0) throw new RangeError("too long for a QR code");
  const words = codewords(bytes, version);
  let best: Symbol | null = null;
  let least = Infinity;
  masks.forEach((mask, number) => {
    const { dark, fixed } = frame(version);
    let bit = 0;
    for (const [row, column] of places(fixed)) {
      const word = words[bit >> 3];
      dark[row]![column] = (word !== undefined && ((word >> (7 - (bit & 7))) & 1) === 1) !== mask(row, column);
      bit++;
    }
    format({ dark, fixed }, number);
    const points = penalty(dark);
    if (points < least) [best, least] = [dark, points];
  });
  return best!;
}
