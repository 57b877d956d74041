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

/** Where the call stands while nobody talks, as the centre knows it at the moment. */
interface Place {
  place: string;
  position: number | null;
  ewt_p50_ms: number | null;
  ewt_p90_ms: number | null;
}

/** What the next page of this tab needs to go on with the call. */
interface Kept {
  number: string;
  guest: Guest;
  dialog: { call: string; local: string; remote: string };
  place: string;
  since: number;
  at: number;
}
const KEPT = "sapa.call";
const NUMBER = "call"; // short: the script that looks for it is counted in bytes
/** Longer ago the server has let it go. */
const KEPT_MS = 12_000;
const PLACE_MS = 3000;

export interface Call {
  end: () => void;
  muted: boolean;
  mute: (on: boolean) => void;
  key: (key: string) => void;
  /** When it was answered. */
  since: number;
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
  taken: { id: "Mikrofon sedang dipakai program lain. Tutup program itu, lalu coba lagi.", en: "Another program is using the microphone. Close it, then try again." },
  often: { id: "Terlalu banyak panggilan dari alamat ini. Coba lagi {n} detik lagi.", en: "Too many calls from this address. Try again in {n} seconds." },
  gone: { id: "Nomor ini tidak dapat ditelepon dari peramban.", en: "This number cannot be called from a browser." },
  offline: { id: "Server tidak dapat dihubungi. Periksa jaringan Anda, lalu coba lagi.", en: "The server cannot be reached. Check your network, then try again." },
  busy: { id: "Semua saluran sedang sibuk. Coba lagi beberapa saat lagi.", en: "All lines are busy. Try again in a moment." },
  fault: { id: "Server sedang terganggu. Coba lagi beberapa saat lagi.", en: "The server is in trouble. Try again in a moment." },
  failed: { id: "Panggilan tidak tersambung. Coba lagi.", en: "The call was not connected. Try again." },
  lost: { id: "Panggilan terputus. Maaf; silakan telepon lagi.", en: "The call was cut off. Sorry; please call again." },
};
const trouble = (name: keyof typeof troubles, n = 0): Trouble => (language) => troubles[name][language].replace("{n}", String(n));

function ofMicrophone(error: unknown): Trouble {
  const name = (error as Error).name;
  return trouble(name === "NotFoundError" ? "none" : name === "NotReadableError" ? "taken" : "denied");
}

function ofServer(error: unknown): Trouble {
  if (!(error instanceof Problem)) return trouble("failed");
  if (error.status === 0) return trouble("offline");
  if (error.status === 404) return trouble("gone");
  if (error.status === 503) return trouble("busy");
  return error.status === 429 ? trouble("often", Number(/\d+/.exec(error.message)?.[0] ?? 10)) : trouble(error.status >= 500 ? "fault" : "failed");
}

const notes = {
  menu: { id: "Tersambung", en: "Connected" },
  next: { id: "Anda berikutnya dalam antrean", en: "You are next in line" },
  line: { id: "Anda nomor {n} dalam antrean", en: "You are number {n} in line" },
  less: { id: "kurang dari satu menit lagi", en: "less than a minute" },
  minute: { id: "kira-kira {b} menit lagi", en: "about {b} minutes" },
  range: { id: "kira-kira {a} sampai {b} menit lagi", en: "about {a} to {b} minutes" },
  unknown: { id: "lama tunggu belum dapat diperkirakan", en: "the wait cannot be told yet" },
  ringing: { id: "Agen sedang dihubungi…", en: "An agent is being called…" },
  talk: { id: "Anda terhubung dengan agen", en: "You are connected to an agent" },
  broken: { id: "Jaringan terputus, panggilan belum selesai. Menyambung lagi…", en: "The network is lost, the call is not over. Reconnecting…" },
};

/** An honest range: half wait no longer than its beginning, nine of ten no longer than its end. */
export function noteOf(found: Place): Trouble {
  const a = Math.max(1, Math.round((found.ewt_p50_ms ?? 0) / 60_000));
  const b = Math.max(a, Math.ceil((found.ewt_p90_ms ?? 0) / 60_000));
  const wait = found.ewt_p90_ms === null ? "unknown" : found.ewt_p90_ms < 60_000 ? "less" : a === b ? "minute" : "range";
  const n = found.position;
  return (language) => {
    if (found.place === "queue" && n !== null) return `${notes[n === 1 ? "next" : "line"][language].replace("{n}", String(n))}; ${notes[wait][language].replace("{a}", String(a)).replace("{b}", String(b))}.`;
    return notes[found.place === "ringing" || found.place === "talk" ? found.place : "menu"][language];
  };
}

function kept(number: string): Kept | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Kept | null;
    return found?.number === number && Date.now() - found.at < KEPT_MS ? found : null;
  } catch {
    return null;
  } finally {
    sessionStorage.removeItem(KEPT);
    sessionStorage.removeItem(NUMBER);
  }
}

/** `told` hears what becomes of the call; null when it has come to nothing. */
export async function dial(number: string, told: (next: Next, trouble: Trouble, note?: Trouble) => void): Promise<Call | null> {
  const before = kept(number);
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
    guest = before?.guest ?? (await ask<Guest>("POST", "/api/v1/web-calls", { body: { number } }));
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
  let place = before?.place ?? "";
  let shown = "";
  let broken = false;

  /** The place in line, as long as nobody talks. */
  const look = async () => {
    const [contact, proof] = place.split(" ");
    if (!contact || !session?.isEstablished()) return;
    try {
      const found = await ask<Place>("GET", `/api/v1/web-calls/${contact}`, { query: { proof } });
      const text = JSON.stringify(found);
      if (over || broken || text === shown) return;
      shown = text;
      told("on", null, noteOf(found));
    } catch {
      /* a moment without a network; what stands there is the last that is known */
    }
  };
  const looks = setInterval(() => void look(), PLACE_MS);
  const end = (why: Trouble) => {
    if (over) return;
    over = true;
    clearInterval(looks);
    stopSound();
    sound.srcObject = null;
    void context.close();
    removeEventListener("pagehide", keep);
    removeEventListener("beforeunload", guard);
    removeEventListener("online", mend);
    removeEventListener("online", listen);
    removeEventListener("offline", listen);
    ua.stop();
    told("ended", why);
  };
  /** Loaded anew, the page goes on with the call; the server waits a few seconds for it, and then hangs up. */
  const keep = () => {
    const id = (session as unknown as { _dialog?: { id: { call_id: string; local_tag: string; remote_tag: string } } } | null)?._dialog?.id;
    if (!id || !session?.isEstablished()) {
      leave();
      return;
    }
    const dialog = { call: id.call_id, local: id.local_tag, remote: id.remote_tag };
    sessionStorage.setItem(KEPT, JSON.stringify({ number, guest, dialog, place, since: call.since, at: Date.now() } satisfies Kept));
    sessionStorage.setItem(NUMBER, number);
    session.sendInfo("application/sapa-leaving", "");
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
  /** Whoever hears nothing is told why, and that it is not over; then where the call stands. */
  const listen = () => {
    const lost = !navigator.onLine || !ua.isConnected() || /disconnected|failed/.test(session?.connection?.iceConnectionState ?? "");
    if (over || lost === broken || !session?.isEstablished()) return;
    broken = lost;
    shown = "";
    told("on", null, lost ? (language) => notes.broken[language] : null);
    if (!lost) void look();
  };
  const follow = (connection: RTCPeerConnection) => {
    connection.addEventListener("track", (event) => {
      sound.srcObject = new MediaStream([event.track]);
      void sound.play().catch(() => undefined);
    });
    connection.addEventListener("iceconnectionstatechange", () => {
      if (connection.iceConnectionState === "failed") mend();
      listen();
    });
  };
  const begin = () => {
    const replaces = before ? { extraHeaders: [`Replaces: ${before.dialog.call};to-tag=${before.dialog.remote};from-tag=${before.dialog.local}`] } : {};
    const one = ua.call(guest.target ?? `sip:${number}@${guest.realm}`, { ...replaces, mediaStream: stream, pcConfig: { iceServers: guest.ice_servers } });
    let gather: ReturnType<typeof setTimeout> | null = null;

    session = one;
    if (one.connection) follow(one.connection);
    else one.on("peerconnection", (event: { peerconnection: RTCPeerConnection }) => follow(event.peerconnection));
    one.on("icecandidate", (event: { ready: () => void }) => (gather ??= setTimeout(() => event.ready(), GATHER_MS)));
    one.on("progress", () => told("ringing", null));
    one.on("accepted", ({ response }: { response: { getHeader: (name: string) => string | undefined } | null }) => (place = response?.getHeader("Sapa-Place") ?? place));
    one.on("confirmed", () => {
      call.since ||= Date.now();
      told("on", null);
      void look();
    });
    one.on("failed", (event: { originator: string; message: unknown }) => {
      const status = (event.message as { status_code?: number } | null)?.status_code ?? 0;
      end(event.originator === "local" && over ? null : trouble(before ? "lost" : [480, 486, 503, 600].includes(status) ? "busy" : status === 404 ? "gone" : "failed"));
    });
    one.on("ended", (event: { cause: string }) => end(event.cause === "Terminated" ? null : trouble("lost")));
  };

  const patience = setTimeout(() => session ?? end(trouble("offline")), CONNECT_MS);
  ua.on("connected", () => {
    clearTimeout(patience);
    if (session) mend();
    else if (!over) begin();
    listen();
  });
  ua.on("disconnected", listen);
  addEventListener("pagehide", keep);
  addEventListener("beforeunload", guard);
  addEventListener("online", mend);
  addEventListener("online", listen);
  addEventListener("offline", listen);

  const call: Call = {
    end: leave,
    since: before?.since ?? 0,
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
  ua.start();
  return call;
}
