import fs from 'node:fs';
import { openBrowser, Phone, post, until } from '../../web/phone.mjs';

const base = process.argv[2];
const token = fs.readFileSync('agent1.token.txt', 'utf8').trim();
const browser = await openBrowser();

const agent = await Phone.open(browser, base);
const credentials = await post(base, '/api/v1/me/phone', token);
await agent.start({ library: 'jssip', credentials, instance: '8f1fa16a-1165-4a96-8341-785b1ef24f12', register: true, hz: 1000, relay: true });
await until(5, async () => (await agent.state()).registered > 0, 'registered');
await post(base, '/api/v1/agents/agent1/state', token, { state: 'ready' });

const guest = await Phone.open(browser, base);
const call = await post(base, '/api/v1/web-calls', null, { number: '5001' });
await guest.start({ library: 'sipjs', credentials: call, instance: '8f1fa16a-1165-4a96-8341-785b1ef24f13', register: false, hz: 600, relay: true });
await until(5, () => guest.do('call', call.target).then(() => true, () => false), 'the guest can call');
await until(15, async () => (await agent.state()).ringing > 0, 'rings');
await agent.do('answer');
await agent.hears(600, 10);
await guest.hears(1000, 10);
for (const phone of [agent, guest]) {
    const way = await phone.do('way');
    if (way !== 'relay') throw new Error(`its audio leaves as ${way}`);
}
await agent.do('hangup');
await until(5, async () => (await guest.state()).ended > 0, 'hung up');
await browser.close();
