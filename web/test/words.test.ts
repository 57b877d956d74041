// Words: whole in both languages, the same values in both, well-formed; the pseudo-language shows what stands in no message.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type MessageFormatElement } from "@formatjs/icu-messageformat-parser";
import { describe, expect, it } from "vitest";
import { format, pseudo } from "../shared/i18n";

const root = join(import.meta.dirname, "..");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /(^|\/)(words|problem|phonemenu|player|figures|target|targets|marks|coach|coaching|shift)\.tsx?$/.test(name) && !name.includes("node_modules"));

function values(elements: MessageFormatElement[], into = new Set<string>()): Set<string> {
  for (const one of elements) {
    if (one.type !== 0 && one.type !== 7 && one.type !== 8) into.add((one as { value: string }).value);
    if ("options" in one) for (const option of Object.values(one.options)) values(option.value, into);
  }
  return into;
}

describe("every message", async () => {
  const modules = await Promise.all(files.map(async (name) => [name, (await import(join(root, name))) as Record<string, unknown>] as const));
  const tables = modules.flatMap(([name, module]) => Object.entries(module).filter(([key]) => key.endsWith("Words")).map(([key, table]) => [`${name} ${key}`, table as { id: Record<string, string>; en: Record<string, string> }] as const));

  it("is found", () => expect(tables.length).toBeGreaterThan(3));
  it.each(tables)("%s", (_, table) => {
    expect(Object.keys(table.en).sort()).toEqual(Object.keys(table.id).sort());
    for (const key of Object.keys(table.id)) {
      const id = table.id[key]!;
      const en = table.en[key]!;
      expect(id.trim(), key).not.toBe("");
      expect(en.trim(), key).not.toBe("");
      expect([...values(parse(id))].sort(), key).toEqual([...values(parse(en))].sort());
      parse(pseudo(en));
    }
  });
});

describe("format", () => {
  it("counts and fills in", () => {
    expect(format("en", "{count, plural, one {# call} other {# calls}}", { count: 1 })).toBe("1 call");
    expect(format("id", "{n, number}", { n: 1234567 })).toBe("1.234.567");
    expect(format("en-XA", "Hold {who}", { who: "Siti" })).toMatch(/^\[Hôld Siti~+\]$/);
  });

  it("no page writes words of its own", () => {
    const pages = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tsx") && !name.includes("node_modules"));
    for (const name of pages) {
      const text = readFileSync(join(root, name), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      const found = [...text.matchAll(/>\s*([A-Z][a-z]{3,}[^<>{}=;()]*)\s*<\//g)].map((match) => match[1]).filter((word) => !["Sapa", "Enter"].includes(word!.trim()));
      expect(found, name).toEqual([]);
    }
  });
});
