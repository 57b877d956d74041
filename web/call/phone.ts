// One call of a guest: SIP over the server's WebSocket, sound by WebRTC. Loaded when somebody has pressed the button.
import JsSIP from "jssip";
import { call } from "../shared/call";

interface Guest {
  uri: string;
  user: string;
  password: string;
  realm: string;
  websocket: string;
  target: string | null;
  ice_servers: RTCIceServer[];
}

export type Next = "connecting" | "ringing" | "on" | "ended";

/** Resolves when the call is on its way; `told` hears what becomes of it. */
export async function dial(number: string, told: (next: Next, trouble: boolean) => void) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  const stopSound = () => stream.getTracks().forEach((track) => track.stop());
  let guest: Guest;

  told("connecting", false);
  try {
    guest = await call<Guest>("POST", "/api/v1/web-calls", { body: { number } });
  } catch (error) {
    stopSound();
    throw error;
  }
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${guest.websocket}`)],
    uri: guest.uri,
    authorization_user: guest.user,
    password: guest.password,
    realm: guest.realm,
    register: false,
    session_timers: false,
  });
  const sound = new Audio();
  let over = false;
  const end = (trouble: boolean) => {
    if (over) return;
    over = true;
    stopSound();
    sound.srcObject = null;
    void context.close();
    ua.stop();
    told("ended", trouble);
  };

  sound.autoplay = true;
  ua.start();
  const session = ua.call(guest.target ?? `sip:${number}@${guest.realm}`, { mediaStream: stream, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: guest.ice_servers } });
  session.connection?.addEventListener("track", (event) => {
    sound.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    void sound.play().catch(() => undefined);
  });
  session.on("progress", () => told("ringing", false));
  session.on("confirmed", () => told("on", false));
  session.on("failed", (event: { originator: string; cause: string }) => end(event.originator !== "local"));
  session.on("ended", () => end(false));
  window.addEventListener("pagehide", () => session.isEnded() || session.terminate());
  return {
    end: () => {
      if (!session.isEnded()) session.terminate();
      end(false);
    },
    mute: (on: boolean) => (on ? session.mute({ audio: true }) : session.unmute({ audio: true })),
    key: (key: string) => session.sendDTMF(key, { transportType: "RFC2833" as never }),
    /** 0 to 1, of the microphone. */
    level: () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
      return power === 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(power) / 5));
    },
  };
}
