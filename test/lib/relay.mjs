// The network between a page and the server, as a test wants it: TCP and UDP go through here, and can be cut, or lose packets.
import dgram from "node:dgram";
import net from "node:net";

/** `lose`: of a hundred UDP packets so many, evenly. */
export async function openRelay(port) {
  const sockets = new Set();
  const ways = new Map(); // server's UDP port → the relay's
  let cut = false, lose = 0, counted = 0;
  const passes = () => !cut && (lose === 0 || (counted = (counted + lose) % 100) >= lose);
  const server = net.createServer((from) => {
    if (cut) return void from.destroy();
    const to = net.connect(port, "127.0.0.1");
    for (const [a, b] of [[from, to], [to, from]]) {
      sockets.add(a);
      a.on("error", () => {});
      a.on("close", () => {
        sockets.delete(a);
        b.destroy();
      });
      a.pipe(b);
    }
  });
  const bound = (socket) => new Promise((done) => socket.bind(0, "127.0.0.1", () => done(socket)));

  /** Each sender gets a socket of its own towards the server, as by a NAT. */
  async function way(target) {
    const inner = await bound(dgram.createSocket("udp4"));
    const outer = new Map();
    inner.on("message", (packet, from) => {
      const key = `${from.address}:${from.port}`;
      let one = outer.get(key);
      if (!one) {
        one = dgram.createSocket("udp4");
        one.on("message", (back) => passes() && inner.send(back, from.port, from.address));
        outer.set(key, one);
      }
      if (passes()) one.send(packet, target, "127.0.0.1");
    });
    return { port: inner.address().port, close: () => [inner, ...outer.values()].forEach((one) => one.close()) };
  }

  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    /** Where packets to that port of the server go in. */
    async udp(target) {
      if (!ways.has(target)) ways.set(target, await way(target));
      return ways.get(target).port;
    },
    cut() {
      cut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      cut = false;
    },
    lose(percent) {
      lose = percent;
    },
    close() {
      this.cut();
      server.close();
      for (const one of ways.values()) one.close();
    },
  };
}

/** In the page: what the server says of its UDP port becomes the relay's (window.relayPort is the test's). */
export function throughRelay() {
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    async setRemoteDescription(description) {
      let sdp = description.sdp;
      const port = /^a=candidate:\S+ \d+ udp \d+ 127\.0\.0\.1 (\d+)/im.exec(sdp)?.[1];
      if (port) {
        const other = await window.relayPort(Number(port));
        sdp = sdp.replaceAll(` 127.0.0.1 ${port} `, ` 127.0.0.1 ${other} `);
      }
      return super.setRemoteDescription({ type: description.type, sdp });
    }
  };
}
