// One call of a guest: SIP over the server's WebSocket, sound by WebRTC. Loaded when somebody has pressed the button.
import JsSIP from "jssip";
import { call as ask, Problem } from "../shared/call";

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
export type Trouble = ((language: "id" | "en") => string) | null;

export interface Call {
  end: () => void;
  muted: boolean;
  mute: (on: boolean) => void;
  key: (key: string) => void;
  /** 0 to 1: how loud the microphone is at this moment. */
  level: () => number;
}

const CONNECT_MS = 10_000;
/** Candidates of ours that come later than this are not waited for: the server is reached from the first ones. */
const GATHER_MS = 500;

const troubles = {
  insecure: { id: "Mikrofon hanya dapat dipakai lewat https.", en: "A microphone can be used over https only." },
  denied: { id: "Izinkan mikrofon di peramban, lalu coba lagi.", en: "Allow the microphone in the browser, then try again." },
  none: { id: "Tidak ada mikrofon. Sambungkan satu, lalu coba lagi.", en: "There is no microphone. Connect one, then try again." },
  often: { id: "Terlalu banyak panggilan dari alamat ini. Coba lagi {n} detik lagi.", en: "Too many calls from this address. Try again in {n} seconds." },
  gone: { id: "Nomor ini tidak dapat ditelepon dari peramban.", en: "This number cannot be called from a browser." },
  offline: { id: "Server tidak dapat dihubungi. Periksa jaringan Anda, lalu coba lagi.", en: "The server cannot be reached. Check your network, then try again." },
  busy: { id: "Semua saluran sedang sibuk. Coba lagi beberapa saat lagi.", en: "All lines are busy. Try again in a moment." },
  failed: { id: "Panggilan tidak tersambung. Coba lagi.", en: "The call was not connected. Try again." },
  lost: { id: "Panggilan terputus. Maaf; silakan telepon lagi.", en: "The call was cut off. Sorry; please call again." },
};
const trouble = (name: keyof typeof troubles, n = 0): Trouble => (language) => troubles[name][language].replace("{n}", String(n));

function ofMicrophone(error: unknown): Trouble {
  const name = (error as Error).name;
  return trouble(name === "NotFoundError" || name === "NotReadableError" ? "none" : "denied");
}

function ofServer(error: unknown): Trouble {
  if (!(error instanceof Problem)) return trouble("failed");
  if (error.status === 0) return trouble("offline");
  if (error.status === 404) return trouble("gone");
  return error.status === 429 ? trouble("often", Number(/\d+/.exec(error.message)?.[0] ?? 10)) : trouble("busy");
}

/** `told` hears what becomes of the call; null when it has come to nothing. */
export async function dial(number: string, told: (next: Next, trouble: Trouble) => void): Promise<Call | null> {
  let stream: MediaStream;
  let guest: Guest;

  if (!navigator.mediaDevices) {
    told("ended", trouble("insecure"));
    return null;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch (error) {
    told("ended", ofMicrophone(error));
    return null;
  }
  const stopSound = () => stream.getTracks().forEach((track) => track.stop());
  told("connecting", null);
  try {
    guest = await ask<Guest>("POST", "/api/v1/web-calls", { body: { number } });
  } catch (error) {
    stopSound();
    told("ended", ofServer(error));
    return null;
  }

  JsSIP.debug.disable();
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array((analyser.fftSize = 512));
  context.createMediaStreamSource(stream).connect(analyser);
  const sound = new Audio();
  sound.autoplay = true;
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${guest.websocket}`)],
    uri: guest.uri,
    authorization_user: guest.user,
    password: guest.password,
    realm: guest.realm,
    register: false,
    session_timers: true,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 5,
    user_agent: "Sapa call page",
  });
  type Session = ReturnType<typeof ua.call>;
  let session: Session | null = null;
  let over = false;

  const end = (why: Trouble) => {
    if (over) return;
    over = true;
    stopSound();
    sound.srcObject = null;
    void context.close();
    removeEventListener("pagehide", leave);
    removeEventListener("beforeunload", guard);
    removeEventListener("online", mend);
    ua.stop();
    told("ended", why);
  };
  /** Leaving the page hangs up: whether one means it, the browser asks. */
  const guard = (event: Event) => event.preventDefault();
  const leave = () => {
    if (session && !session.isEnded()) session.terminate();
    end(null);
  };
  /** Another network, or none for a while: the same call over a new path. */
  const mend = () => {
    if (session?.isEstablished() && ua.isConnected()) session.renegotiate({ rtcOfferConstraints: { iceRestart: true } } as Parameters<Session["renegotiate"]>[0]);
  };
  const follow = (connection: RTCPeerConnection) => {
    connection.addEventListener("track", (event) => {
      sound.srcObject = new MediaStream([event.track]);
      void sound.play().catch(() => undefined);
    });
    connection.addEventListener("iceconnectionstatechange", () => connection.iceConnectionState === "failed" && mend());
  };
  const place = () => {
    const one = ua.call(guest.target ?? `sip:${number}@${guest.realm}`, { mediaStream: stream, pcConfig: { iceServers: guest.ice_servers } });
    let gather: ReturnType<typeof setTimeout> | null = null;

    session = one;
    if (one.connection) follow(one.connection);
    else one.on("peerconnection", (event: { peerconnection: RTCPeerConnection }) => follow(event.peerconnection));
    one.on("icecandidate", (event: { ready: () => void }) => (gather ??= setTimeout(() => event.ready(), GATHER_MS)));
    one.on("progress", () => told("ringing", null));
    one.on("confirmed", () => told("on", null));
    one.on("failed", (event: { originator: string; message: unknown }) => {
      const status = (event.message as { status_code?: number } | null)?.status_code ?? 0;
      end(event.originator === "local" && over ? null : trouble([480, 486, 503, 600].includes(status) ? "busy" : status === 404 ? "gone" : "failed"));
    });
    one.on("ended", (event: { cause: string }) => end(event.cause === "Terminated" ? null : trouble("lost")));
  };

  const patience = setTimeout(() => session ?? end(trouble("offline")), CONNECT_MS);
  ua.on("connected", () => {
    clearTimeout(patience);
    if (session) mend();
    else if (!over) place();
  });
  addEventListener("pagehide", leave);
  addEventListener("beforeunload", guard);
  addEventListener("online", mend);
  ua.start();

  const call: Call = {
    end: leave,
    muted: false,
    mute: (on) => {
      call.muted = on;
      stream.getAudioTracks().forEach((track) => (track.enabled = !on));
    },
    key: (key) => session?.isEstablished() && session.sendDTMF(key, { transportType: "RFC2833" as never }),
    level: () => {
      analyser.getFloatTimeDomainData(samples);
      return Math.min(1, Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length) * 4);
    },
  };
  return call;
}
