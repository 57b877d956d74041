import { defineConfig } from "@playwright/test";

/** Debian's Chromium; nothing is fetched. One after the other: they share a centre. */
export default defineConfig({
  testDir: "e2e",
  outputDir: process.env["SAPA_OUT"] ?? "../build/browser",
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env["SAPA_URL"] ?? "http://127.0.0.1:8080",
    viewport: { width: 1366, height: 768 },
    trace: "off",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--allow-loopback-in-peer-connection",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
      ],
    },
  },
});
