// The telephone in the browser: SIP over the page's own server, sound by WebRTC (JsSIP).
//
// A call outlives the page: the tab remembers the names of its dialog, and the next page of the same tab takes the
// dialog's place (INVITE with Replaces, RFC 3891). It outlives the network: the WebSocket comes back by itself, ICE is
// begun anew. Hold, transfer and the rest are the server's business; here one rings, answers, mutes and hears.
import type { UA } from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import { api } from "./api.gen";
import { call as ask, randomText, Problem } from "./call";
import { Headset } from "./headset";
import { Line, browserName, checkLine, type Quality } from "./line";
import { OneTab } from "./onetab";
import { Store } from "./store";

export interface Credentials {
  uri: string;
  user: string;
  password: string;
  realm: string;
  expires: string;
  websocket: string;
  target: string | null;
  ice_servers: { urls: string[]; username?: string; credential?: string }[];
}

export type PhoneState = "off" | "starting" | "ready" | "gone" | "none" | "no-microphone" | "insecure" | "elsewhere";

export interface Phone {
  state: PhoneState;
  ringing: boolean;
  talking: boolean;
  muted: boolean;
  /** One speaks and hears oneself by way of the server. */
  echo: boolean;
  quality: Quality | null;
  microphones: { id: string; name: string }[];
  speakers: { id: string; name: string }[];
  microphone: string;
  speaker: string;
}

const nothing: Phone = { state: "off", ringing: false, talking: false, muted: false, echo: false, quality: null, microphones: [], speakers: [], microphone: "", speaker: "" };
const DIALOG = "sapa.dialog";
const INSTANCE = "sapa.instance";
const CHOICE = "sapa.phone";
/** A dialog is not taken up again when it was left longer ago: the server has let it go. */
const LEFT_MS = 60_000;
const STATS_MS = 3000;
const OWN_MS = 30_000;
const ECHO = "*echo";
/** So long another tab may take to take a call up. */
const HAND_MS = 8000;

const uuid = (hex: string) => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;

function instance(): string {
  let id = sessionStorage.getItem(INSTANCE);
  if (!id) sessionStorage.setItem(INSTANCE, (id = uuid(randomText())));
  return id;
}

interface Dialog {
  call: string;
  local: string;
  remote: string;
  at: number;
}

function keptDialog(): Dialog | null {
  try {
    const dialog = JSON.parse(sessionStorage.getItem(DIALOG) ?? "null") as Dialog | null;
    return dialog && Date.now() - dialog.at < LEFT_MS ? dialog : null;
  } catch {
    return null;
  }
}

export class BrowserPhone {
  readonly shown = new Store<Phone>({ ...nothing, microphone: localStorage.getItem("sapa.microphone") ?? "", speaker: localStorage.getItem("sapa.speaker") ?? "" });
  private ua: UA | null = null;
  private session: RTCSession | null = null;
  private credentials: Credentials | null = null;
  private stream: MediaStream | null = null;
  private readonly sound = typeof Audio === "undefined" ? null : new Audio();
  private context: AudioContext | null = null;
  private meter: AnalyserNode | null = null;
  private bell: ReturnType<typeof setInterval> | null = null;
  private stats: ReturnType<typeof setInterval> | null = null;
  private line = new Line();
  private checked = false;
  private readonly headset = new Headset({
    talking: () => this.shown.get().talking,
    answer: () => this.answer(),
    hangup: () => this.hangup(),
    mute: (on) => this.mute(on),
  });
  private echo: RTCSession | null = null;
  private ownUntil = 0;
  private fresh = true;
  private handed = false;
  private tab: OneTab<Dialog> | null = null;

  /** Whose it is: tabs may be different people. */
  who = "";
  /** Told when the server is there again. */
  back: () => void = () => undefined;

  /** Was it wanted the last time, in this tab or, where that is new, in this browser? null: nobody has said. */
  static wanted(): boolean | null {
    const choice = sessionStorage.getItem(CHOICE) ?? localStorage.getItem(CHOICE);
    return choice === null ? null : choice === "browser";
  }

  private show(change: Partial<Phone>): void {
    this.shown.set({ ...this.shown.get(), ...change });
  }

  /**
   * One tab of a browser has an agent's telephone, or each would ring. `take`: from another tab, with the call that it has;
   * without it the telephone begins here as soon as the other tab is gone.
   */
  async start(remember = true, take = false): Promise<void> {
    if (this.ua || this.shown.get().state === "starting") return;
    if (remember) localStorage.setItem(CHOICE, "browser");
    sessionStorage.setItem(CHOICE, "browser"); // loaded anew, it is started again though its registration still stands
    if (!navigator.mediaDevices) {
      this.show({ state: "insecure" });
      return;
    }
    this.show({ state: "starting" });
    this.tab ??= new OneTab<Dialog>(this.place(), {
      given: () => {
        if (this.shown.get().state !== "elsewhere") {
          this.tab?.free(); // it is not wanted any more
          return;
        }
        const left = localStorage.getItem(this.place()); // by a tab that was closed in a call
        if (left) sessionStorage.setItem(DIALOG, left);
        this.show({ state: "off" });
        void this.start(false);
      },
      taken: () => this.handOver(),
      handed: (dialog) => sessionStorage.setItem(DIALOG, JSON.stringify(dialog)),
    });
    if (!(await this.tab.hold(take, keptDialog() !== null))) {
      this.show({ state: "elsewhere" });
      return;
    }
    try {
      const [credentials] = await Promise.all([ask<Credentials>("POST", "/api/v1/me/phone"), this.listenIn()]);
      this.credentials = credentials;
    } catch (error) {
      this.show({ state: error instanceof Problem ? "none" : "no-microphone" });
      return;
    }
    await this.register();
    void this.headset.begin();
    navigator.mediaDevices.addEventListener("devicechange", this.listDevices);
    window.addEventListener("online", this.mend);
    window.addEventListener("pagehide", this.stamp);
  }

  /** Where another tab has it, this one says so, and has it when that one is gone. */
  async look(): Promise<void> {
    const { held } = (await navigator.locks?.query()) ?? {};
    if (held?.some((lock) => lock.name === this.place())) await this.start(false);
  }

  private place(): string {
    return `sapa.phone.${this.who}`;
  }

  stop(): void {
    localStorage.setItem(CHOICE, "desk");
    sessionStorage.setItem(CHOICE, "desk");
    this.silence();
    this.tab?.free();
    this.show({ state: "off" });
  }

  private silence(): void {
    this.endEcho();
    this.ua?.stop();
    this.ua = null;
    this.session = null;
    if (this.stats) clearInterval(this.stats);
    this.stats = null;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    sessionStorage.removeItem(DIALOG);
    this.ring(false);
    navigator.mediaDevices?.removeEventListener("devicechange", this.listDevices);
    window.removeEventListener("online", this.mend);
    window.removeEventListener("pagehide", this.stamp);
    this.show({ ringing: false, talking: false, quality: null });
  }

  /** Another tab has taken the telephone: it takes the call up, and what was here ends with that. */
  private handOver(): Dialog | null {
    const dialog = this.dialogNow();
    this.show({ state: "elsewhere" });
    if (!dialog) {
      this.silence();
      return null;
    }
    this.handed = true;
    this.ua?.unregister();
    setTimeout(() => this.handed && this.handedOver(), HAND_MS);
    return dialog;
  }

  private handedOver(): void {
    this.handed = false;
    this.silence();
    this.show({ state: "elsewhere" });
  }

  /** The next ring within half a minute is a call that was asked for here: it is answered by itself. */
  expectOwn(): void {
    this.ownUntil = Date.now() + OWN_MS;
  }

  answer(): boolean {
    if (!this.session || !this.shown.get().ringing) return false;
    this.session.answer({ mediaStream: this.stream ?? undefined!, pcConfig: { iceServers: this.credentials?.ice_servers ?? [] } } as Parameters<RTCSession["answer"]>[0]);
    this.ring(false);
    return true;
  }

  mute(on: boolean): void {
    this.stream?.getAudioTracks().forEach((track) => (track.enabled = !on));
    this.show({ muted: on });
    this.headset.show({ ringing: this.shown.get().ringing, talking: this.shown.get().talking, muted: on });
  }

  /** By a key of the headset: as with any telephone, who hangs up leaves. */
  private hangup(): void {
    if (this.session?.isEstablished()) this.session.terminate();
  }

  /** The echo test: microphone, loudspeaker and line at once. A call that comes ends it. */
  tryEcho(): void {
    const c = this.credentials;
    if (!this.ua || !this.stream || !c || this.session || this.echo) return;
    const line = new Line();
    const session = this.ua.call(ECHO, { mediaStream: this.stream, pcConfig: { iceServers: c.ice_servers } });
    const timer = setInterval(() => {
      void session.connection?.getStats().then((report) => {
        if (this.echo === session) this.show({ quality: line.take(report) });
      });
    }, 1000);
    const over = () => {
      clearInterval(timer);
      this.tell(line, "test");
      if (this.echo !== session) return;
      this.echo = null;
      this.show({ echo: false, quality: this.session ? this.shown.get().quality : null });
    };
    this.echo = session;
    this.hear(session, () => session.terminate());
    session.on("ended", over);
    session.on("failed", over);
    this.show({ echo: true });
  }

  endEcho(): void {
    if (this.echo && !this.echo.isEnded()) this.echo.terminate();
  }

  /** Buttons of a headset on USB: the browser asks which one. */
  readonly headsets = Headset.possible;
  chooseHeadset(): Promise<boolean> {
    return this.headset.choose();
  }

  /** 0 to 1: how loud the microphone is at this moment. */
  level(): number {
    if (!this.meter) return 0;
    const samples = new Float32Array(this.meter.fftSize);
    this.meter.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.sqrt(power) * 4);
  }

  async chooseMicrophone(id: string): Promise<void> {
    localStorage.setItem("sapa.microphone", id);
    this.show({ microphone: id });
    await this.listenIn();
    const track = this.stream?.getAudioTracks()[0];
    const sender = this.session?.connection?.getSenders().find((one) => one.track?.kind === "audio");
    if (track) await sender?.replaceTrack(track);
  }

  async chooseSpeaker(id: string): Promise<void> {
    localStorage.setItem("sapa.speaker", id);
    this.show({ speaker: id });
    await (this.sound as (HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> }) | null)?.setSinkId?.(id).catch(() => undefined);
  }

  private async listenIn(): Promise<void> {
    const wanted = this.shown.get().microphone;
    const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: wanted ? { ...audio, deviceId: { exact: wanted } } : audio });
    } catch (error) {
      if (!wanted) throw error;
      stream = await navigator.mediaDevices.getUserMedia({ audio }); // that microphone was unplugged
    }
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = stream;
    stream.getAudioTracks().forEach((track) => (track.enabled = !this.shown.get().muted));
    this.context ??= new AudioContext();
    this.meter ??= this.context.createAnalyser();
    this.meter.disconnect();
    this.context.createMediaStreamSource(stream).connect(this.meter);
    await this.listDevices();
    if (this.shown.get().speaker) await this.chooseSpeaker(this.shown.get().speaker);
  }

  private readonly listDevices = async (): Promise<void> => {
    const all = await navigator.mediaDevices.enumerateDevices();
    const of = (kind: MediaDeviceKind) => all.filter((one) => one.kind === kind).map((one, i) => ({ id: one.deviceId, name: one.label || `${i + 1}` }));
    this.show({ microphones: of("audioinput"), speakers: of("audiooutput") });
  };

  private async register(): Promise<void> {
    const c = this.credentials;
    if (!c) return;
    const { default: JsSIP } = await import("jssip");
    JsSIP.debug.disable();
    const socket = new JsSIP.WebSocketInterface(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${c.websocket}`);
    const ua = new JsSIP.UA({
      sockets: [socket],
      uri: c.uri,
      authorization_user: c.user,
      password: c.password,
      realm: c.realm,
      register: true,
      register_expires: 600,
      instance_id: instance(),
      session_timers: true,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
      user_agent: `Sapa desk, ${browserName(navigator.userAgent)}`,
    });
    this.ua = ua;
    this.fresh = true;
    ua.on("registered", () => {
      if (this.ua !== ua || this.handed) return;
      this.show({ state: "ready" });
      if (!this.checked) void checkLine(this.stream?.getAudioTracks()[0]?.label ?? ""); // once a page: at the beginning of work
      this.checked = true;
      if (this.session) this.mend();
      else if (this.fresh) this.takeUp(c);
      this.fresh = false;
      this.back();
    });
    const gone = () => this.ua === ua && !this.handed && this.show({ state: "gone" });
    ua.on("disconnected", gone);
    ua.on("registrationFailed", gone);
    ua.on("newRTCSession", ({ session, originator, request }: { session: RTCSession; originator: string; request: { getHeader: (name: string) => string | undefined } }) => {
      if (originator === "remote") this.incoming(session, /^auto\b/i.test(request.getHeader("Answer-Mode") ?? ""));
    });
    ua.start();
  }

  /** The page was loaded anew in the middle of a call: its dialog is taken up again. */
  private takeUp(c: Credentials): void {
    const dialog = keptDialog();
    if (!dialog || !this.ua || !this.stream) return;
    const session = this.ua.call(c.uri, {
      mediaStream: this.stream,
      extraHeaders: [`Replaces: ${dialog.call};to-tag=${dialog.remote};from-tag=${dialog.local}`],
      pcConfig: { iceServers: c.ice_servers },
    });
    this.follow(session);
  }

  /** `asked`: it is the answer to a wish of a moment ago, and the server says so (RFC 5373). */
  private incoming(session: RTCSession, asked: boolean): void {
    if (this.session || this.handed) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.endEcho();
    this.follow(session);
    this.show({ ringing: true });
    if (asked || Date.now() < this.ownUntil) {
      this.ownUntil = 0;
      this.answer();
      return;
    }
    this.ring(true);
  }

  private hear(session: RTCSession, failed: () => void): void {
    const heard = (connection: RTCPeerConnection) => {
      connection.addEventListener("track", (event) => {
        if (!this.sound) return;
        this.sound.srcObject = new MediaStream([event.track]);
        void this.sound.play().catch(() => undefined);
      });
      connection.addEventListener("iceconnectionstatechange", () => {
        if (connection.iceConnectionState === "failed") failed();
      });
    };
    if (session.connection) heard(session.connection);
    else session.on("peerconnection", ({ peerconnection }: { peerconnection: RTCPeerConnection }) => heard(peerconnection));
  }

  private follow(session: RTCSession): void {
    this.session = session;
    this.hear(session, this.mend);
    session.on("confirmed", () => {
      this.stamp();
      this.ring(false);
      this.show({ ringing: false, talking: true });
      this.line = new Line();
      this.headset.show({ ringing: false, talking: true, muted: this.shown.get().muted });
      this.stats ??= setInterval(() => void this.measure(), STATS_MS);
    });
    const over = () => {
      if (this.session !== session) return;
      this.session = null;
      sessionStorage.removeItem(DIALOG);
      if (!this.handed) localStorage.removeItem(this.place());
      this.tell(this.line);
      if (this.handed) {
        this.handedOver();
        return;
      }
      this.ring(false);
      this.headset.show({ ringing: false, talking: false, muted: false });
      if (this.stats) clearInterval(this.stats);
      this.stats = null;
      if (this.shown.get().muted) this.mute(false); // the next call is heard
      this.show({ ringing: false, talking: false, quality: null });
    };
    session.on("ended", over);
    session.on("failed", over);
  }

  /** Kept for the next page of this tab; the time is of its leaving. */
  private readonly stamp = (): void => {
    const dialog = this.dialogNow();
    if (!dialog || this.handed) return;
    sessionStorage.setItem(DIALOG, JSON.stringify(dialog));
    localStorage.setItem(this.place(), JSON.stringify(dialog));
  };

  private dialogNow(): Dialog | null {
    const id = (this.session as unknown as { _dialog?: { id: { call_id: string; local_tag: string; remote_tag: string } } } | null)?._dialog?.id;
    return id && this.session?.isEstablished() ? { call: id.call_id, local: id.local_tag, remote: id.remote_tag, at: Date.now() } : null;
  }

  /** Another network, or none for a while: the same call over a new path. */
  private readonly mend = (): void => {
    if (!this.session?.isEstablished() || !this.ua?.isConnected()) return;
    this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } } as Parameters<RTCSession["renegotiate"]>[0]);
  };

  private async measure(): Promise<void> {
    const line = this.line;
    const connection = this.session?.connection;
    const report = await connection?.getStats();
    if (report) this.show({ quality: line.take(report, /disconnected|failed/.test(connection!.iceConnectionState)) });
    if (line.due()) this.tell(line);
  }

  /** What the line was like is kept for who looks after the network; nobody waits for it. */
  private tell(line: Line, kind: "call" | "test" = "call"): void {
    const device = this.stream?.getAudioTracks()[0]?.label ?? "";
    const body = line.result(device, kind);
    if (body) void api.network(body).catch(() => undefined);
  }

  /** Two short tones every two seconds; soft, for it is in a headset. */
  private ring(on: boolean): void {
    if (on) this.headset.show({ ringing: true, talking: false, muted: false });
    if (this.bell) clearInterval(this.bell);
    this.bell = null;
    if (!on || !this.context) return;
    const context = this.context;
    const beep = () => {
      void context.resume();
      for (const [at, hz] of [
        [0, 660],
        [0.25, 880],
      ] as const) {
        const tone = new OscillatorNode(context, { frequency: hz });
        const soft = new GainNode(context, { gain: 0.08 });
        tone.connect(soft).connect(context.destination);
        tone.start(context.currentTime + at);
        tone.stop(context.currentTime + at + 0.18);
      }
    };
    beep();
    this.bell = setInterval(beep, 2000);
  }
}

export const phone = new BrowserPhone();
