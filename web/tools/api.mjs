// node tools/api.mjs [--check]: shared/api.gen.ts from docs/ref/openapi.json: every object a type, every operation a call.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const here = import.meta.dirname;
const document = JSON.parse(readFileSync(resolve(here, "../../docs/ref/openapi.json"), "utf8"));
const target = resolve(here, "../shared/api.gen.ts");
const out = [];

const simple = { string: "string", integer: "number", number: "number", boolean: "boolean", object: "Record<string, unknown>", null: "null" };

function typeOf(schema) {
  if (!schema || Object.keys(schema).every((key) => key === "description")) return "unknown";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const kinds = [schema.type].flat().map((kind) => {
    if (kind !== "array") return simple[kind] ?? "unknown";
    const item = typeOf(schema.items);
    return /[|&]/.test(item) ? `(${item})[]` : `${item}[]`;
  });
  return kinds.join(" | ");
}

const comment = (text, indent) => (text ? `${indent}/** ${text.replaceAll("*/", "* /")} */\n` : "");
const reserved = new Set(["switch", "class", "new", "delete", "default", "case", "function", "import", "export"]);
const safe = (name) => (reserved.has(name) ? `${name}_` : name);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

out.push("// Made by web/tools/api.mjs from docs/ref/openapi.json. Do not edit: make docs.\n");
out.push('import { call, type Asked } from "./call";\n');
for (const [name, schema] of Object.entries(document.components.schemas)) {
  out.push(`export interface ${name} {`);
  for (const [member, of] of Object.entries(schema.properties ?? {})) {
    const needed = schema.required?.includes(member);
    out.push(`${comment(of.description, "  ")}  ${member}${needed ? "" : "?"}: ${typeOf(of)};`);
  }
  out.push("}\n");
}
out.push("export const api = {");
for (const [path, item] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    const inPath = operation.parameters?.filter((p) => p.in === "path") ?? [];
    const inQuery = operation.parameters?.filter((p) => p.in === "query") ?? [];
    const body = operation.requestBody && Object.entries(operation.requestBody.content)[0];
    const [, answer] = Object.entries(operation.responses).find(([status]) => status.startsWith("2")) ?? [];
    const content = answer?.content?.["application/json"]?.schema;
    if (!content && method !== "get") continue;
    const takes = [];
    for (const p of inPath) takes.push(`${safe(p.name)}: ${typeOf(p.schema)}`);
    if (body) takes.push(`body: ${body[0] === "application/json" ? typeOf(body[1].schema) : "string"}`);
    if (inQuery.length > 0) takes.push(`query: { ${inQuery.map((p) => `${p.name}${p.required ? "" : "?"}: ${typeOf(p.schema)}`).join("; ")} } = {}`);
    takes.push("asked: Asked = {}");
    const says = [`"${method.toUpperCase()}"`, "`" + path.replace(/{([a-z]+)}/g, (_, name) => "${encodeURIComponent(" + safe(name) + ")}") + "`"];
    const more = [body ? "body" : "", inQuery.length > 0 ? "query" : ""].filter(Boolean).join(", ");
    says.push(more ? `{ ...asked, ${more} }` : "asked");
    out.push(`${comment(operation.summary, "  ")}  ${camel(operation.operationId)}: (${takes.join(", ")}) => call<${content ? typeOf(content) : "unknown"}>(${says.join(", ")}),`);
  }
}
out.push("};\n");

const text = out.join("\n");
if (process.argv[2] === "--check") {
  if (readFileSync(target, "utf8") !== text) {
    console.error("api.gen.ts is stale: run make docs");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
