// A telephone in headless Chromium for scenarios, and what else they need: a relay whose line can be cut, requests to the API.
import { build } from 'esbuild';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const flags = ['--no-sandbox', '--disable-gpu', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
    '--allow-loopback-in-peer-connection', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns', '--no-first-run'];

let script;
export async function openBrowser() {
    const bundle = await build({ entryPoints: [path.join(here, 'page.js')], bundle: true, write: false, format: 'iife', logLevel: 'error' });
    script = bundle.outputFiles[0].text;
    return chromium.launch({ executablePath: process.env.SAPA_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags });
}

export async function until(seconds, what, say) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const got = await what();
        if (got) return got;
        if (Date.now() > end) throw new Error(`waited ${seconds} s for: ${say ?? what}`);
        await new Promise((done) => setTimeout(done, 50));
    }
}

export async function post(base, route, token, body) {
    const reply = await fetch(base + route, { method: 'POST', body: body ? JSON.stringify(body) : undefined,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : { 'content-length': '0' }) } });
    const json = await reply.json();
    if (!reply.ok) throw new Error(`${route}: ${reply.status} ${JSON.stringify(json)}`);
    return json;
}

// A way to the server that can be cut: what goes through breaks, and nobody gets through until it is mended.
export async function openRelay(port) {
    const sockets = new Set();
    let cut = false;
    const server = net.createServer((from) => {
        if (cut) { from.destroy(); return; }
        const to = net.connect(port, '127.0.0.1');
        for (const [a, b] of [[from, to], [to, from]]) {
            sockets.add(a);
            a.on('error', () => {});
            a.on('close', () => { sockets.delete(a); b.destroy(); });
            a.pipe(b);
        }
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return {
        base: `http://127.0.0.1:${server.address().port}`,
        cut() { cut = true; for (const s of sockets) s.destroy(); },
        mend() { cut = false; },
        close() { this.cut(); server.close(); },
    };
}

export class Phone {
    // A page of the server itself: its WebSocket is of the same origin.
    static async open(browser, base) {
        const phone = new Phone();
        phone.base = base;
        phone.context = await browser.newContext();
        phone.page = await phone.context.newPage();
        phone.page.on('pageerror', (error) => console.log('page:', error.message));
        if (process.env.SAPA_TEST_VERBOSE) phone.page.on('console', (m) => console.log('console:', m.text()));
        await phone.load();
        return phone;
    }
    async load() {
        await this.page.goto(`${this.base}/health`);
        await this.page.addScriptTag({ content: script });
    }
    start(options) {
        this.options = { ...options, url: `${this.base.replace(/^http/, 'ws')}/sip` };
        return this.page.evaluate((o) => window.phone.open(o), this.options);
    }
    // As F5: the page is gone in the middle of everything; the next one is the same browser.
    async reload() {
        await this.load();
        await this.page.evaluate((o) => window.phone.open(o), this.options);
    }
    do(name, ...args) { return this.page.evaluate(([n, a]) => window.phone[n](...a), [name, args]); }
    state() { return this.do('state'); }
    hears(hz, seconds = 5) {
        return until(seconds, async () => { const h = await this.do('ear'); return hz ? Math.abs(h - hz) < 30 : h === 0; }, `hears ${hz} Hz`)
            .catch(async (e) => { throw new Error(`${e.message}; it hears ${await this.do('ear')} Hz, ${JSON.stringify(await this.state())}`); });
    }
    close() { return this.context.close(); }
}
