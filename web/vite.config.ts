// Each folder with an index.html is a page; the first page of all is index.html itself. Out comes build/web.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = import.meta.dirname;
const pages = readdirSync(here).filter((name) => name !== "node_modules" && existsSync(join(here, name, "index.html")));
const out = resolve(here, process.env["SAPA_WEB_OUT"] ?? "../build/web");

/** FILE.gz beside each file that is smaller so: the server compresses nothing while somebody waits. */
function compressed(): Plugin {
  return {
    name: "sapa-compressed",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const plain = readFileSync(path);
        const small = gzipSync(plain, { level: 9 });
        if (plain.length > 512 && small.length < plain.length * 0.9) writeFileSync(path + ".gz", small);
      }
    },
  };
}

export default defineConfig({
  root: here,
  plugins: [react(), compressed()],
  define: { __SAPA_PAGES__: JSON.stringify(pages) },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false, resolveDependencies: (_, needed, { hostType }) => (hostType === "html" ? needed : []) }, // a list in each script would weigh more than it saves
    rollupOptions: { input: { first: join(here, "index.html"), ...Object.fromEntries(pages.map((page) => [page, join(here, page, "index.html")])) } },
  },
  server: {
    proxy: { "/api": { target: process.env["SAPA_API"] ?? "http://127.0.0.1:8080", ws: true } },
  },
});
