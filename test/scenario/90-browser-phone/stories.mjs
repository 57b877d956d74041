import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { openBrowser, openRelay, Phone, post, until } from '../../web/phone.mjs';

const base = process.argv[2];
const sip = process.env.BASE;
const run = promisify(execFile);
const token = (agent) => fs.readFileSync(`${agent}.token.txt`, 'utf8').trim();
const baresip = (port, ...words) => run(`${process.env.SAPA_SOURCE_DIR}/test/lib/baresip`, [port, ...words]);
const began = Date.now();
const say = (text) => console.log(`   ${((Date.now() - began) / 1000).toFixed(1)} s: ${text}`);
const figures = {};

const browser = await openBrowser();
const relay = await openRelay(Number(new URL(base).port));

// ---- two agents in their browsers ----

const agents = [
    { key: 'agent1', library: 'jssip', hz: 1000, instance: '8f1fa16a-1165-4a96-8341-785b1ef24f12' },
    { key: 'agent2', library: 'sipjs', hz: 1200, instance: '8f1fa16a-1165-4a96-8341-785b1ef24f13' },
];
for (const agent of agents) {
    agent.token = token(agent.key);
    agent.phone = await Phone.open(browser, relay.base);
    const credentials = await post(base, '/api/v1/me/phone', agent.token);
    await agent.phone.start({ library: agent.library, credentials, instance: agent.instance, register: true, hz: agent.hz });
    await until(5, async () => (await agent.phone.state()).registered > 0, `${agent.library} registers`);
    await post(base, `/api/v1/agents/${agent.key}/state`, agent.token, { state: 'ready' });
}
say('both are registered and ready');

const ringing = async () => {
    for (const agent of agents) if (!agent.hears && (await agent.phone.state()).ringing > 0) return agent;
    return null;
};
for (const [number, hz] of [[1, 400], [2, 520]]) {
    await baresip(process.env[`CUSTOMER${number}`], 'dial', `sip:5001@127.0.0.1:${sip}`);
    const agent = await until(10, ringing, 'a browser rings');
    agent.hears = hz;
    fs.writeFileSync(`heard${number}.txt`, String(agent.hz));
    const answered = Date.now();
    await agent.phone.do('answer');
    await agent.phone.hears(hz);
    figures[`${agent.library} answer_to_audio_ms`] = Date.now() - answered;
}
say('both talk and hear their customers');

for (const agent of agents) {
    await agent.phone.do('hold', true);
    await agent.phone.hears(0).catch((e) => { throw new Error(`${agent.library} held: ${e.message}`); });
    await agent.phone.do('hold', false);
    await agent.phone.hears(agent.hears).catch((e) => { throw new Error(`${agent.library} resumed: ${e.message}`); });
}
say('held and resumed');

// The page is loaded anew in the middle of a sentence: its next one names the dialog that it had.
for (const agent of agents) {
    const dialog = await agent.phone.do('dialog');
    const reloaded = Date.now();
    await agent.phone.reload();
    await until(5, async () => (await agent.phone.state()).registered > 0, `${agent.library} registers again`);
    await agent.phone.do('call', `sip:${agent.key}@sapa.test`, [`Replaces: ${dialog.call};to-tag=${dialog.remote};from-tag=${dialog.local}`]);
    await agent.phone.hears(agent.hears).catch((e) => { throw new Error(`${agent.library} reloaded: ${e.message}`); });
    figures[`${agent.library} reload_to_audio_ms`] = Date.now() - reloaded;
}
say('loaded anew, and talking');

// Ten seconds without a connection. What is said goes on; then they come back by themselves, and ICE begins anew.
const before = await Promise.all(agents.map((agent) => agent.phone.state()));
relay.cut();
await new Promise((done) => setTimeout(done, 10000));
for (const agent of agents) await agent.phone.hears(agent.hears);
relay.mend();
for (const [i, agent] of agents.entries()) {
    await until(10, async () => (await agent.phone.state()).registered > before[i].registered, `${agent.library} comes back`);
    await agent.phone.do('restart');
    await agent.phone.hears(agent.hears);
}
say('ten seconds without a connection, and talking');

// Control dies. The next one takes the calls over, and the browsers come to it by themselves.
const alive = await Promise.all(agents.map((agent) => agent.phone.state()));
const { stdout: control } = await run('pgrep', ['-P', process.env.CENTRE, '-f', '^sapa-control ']);
process.kill(Number(control), 'SIGKILL');
for (const [i, agent] of agents.entries()) {
    await until(15, async () => (await agent.phone.state()).registered > alive[i].registered, `${agent.library} finds the next control`);
    await agent.phone.hears(agent.hears);
    await agent.phone.do('hold', true);
    await agent.phone.hears(0);
    await agent.phone.do('hold', false);
    await agent.phone.hears(agent.hears).catch((e) => { throw new Error(`${agent.library} after a restart: ${e.message}`); });
}
say('control was killed, and they talk');

for (const agent of agents) {
    await agent.phone.do('hangup');
    await until(5, async () => (await agent.phone.state()).ended > 0, `${agent.library} hangs up`);
    await post(base, `/api/v1/agents/${agent.key}/state`, agent.token, { state: 'not_ready', reason: '1' });
}
say('hung up');

// ---- guests in browsers, a desk phone ----

await post(base, '/api/v1/agents/agent3/state', token('agent3'), { state: 'ready' });
for (const [library, hz] of [['jssip', 600], ['sipjs', 700]]) {
    const guest = await Phone.open(browser, base);
    const credentials = await post(base, '/api/v1/web-calls', null, { number: '5001' });
    await guest.start({ library, credentials, instance: `8f1fa16a-1165-4a96-8341-785b1ef24f${hz === 600 ? 14 : 15}`, register: false, hz });
    await until(5, () => guest.do('call', credentials.target).then(() => true, () => false), 'the guest can call');
    await guest.hears(800, 10);
    await new Promise((done) => setTimeout(done, 1500));
    await guest.do('hangup');
    await until(5, async () => (await guest.state()).ended > 0, 'the guest hangs up');
    await guest.close();
}
say('guests of both have talked to the desk phone');

for (const agent of agents) await agent.phone.close();
relay.close();
await browser.close();
for (const [name, ms] of Object.entries(figures)) {
    console.log(`   ${name}: ${ms}`);
    if (name.endsWith('reload_to_audio_ms') && ms > 4000) throw new Error(`${name} is ${ms}`);
}
