// What runs in the browser: one telephone, by JsSIP or by SIP.js, that sends a tone and says which one it hears.
// Bundled by esbuild; the driver (phone.mjs) calls window.phone.
import JsSIP from 'jssip';
import { Inviter, Registerer, SessionState, UserAgent, Web } from 'sip.js';

const context = new AudioContext();

function tone(hz) {
    const oscillator = new OscillatorNode(context, { frequency: hz });
    const out = context.createMediaStreamDestination();
    oscillator.connect(new GainNode(context, { gain: 0.5 })).connect(out);
    oscillator.start();
    return out.stream;
}

// Audio of a peer reaches Web Audio only while an element plays it.
class Ear {
    constructor() {
        this.analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
        this.element = document.createElement('audio');
        this.element.muted = true;
        document.body.append(this.element);
    }
    listen(stream) {
        this.source?.disconnect();
        this.element.srcObject = stream;
        void this.element.play();
        this.source = context.createMediaStreamSource(stream);
        this.source.connect(this.analyser);
    }
    heard() { // the loudest frequency, 0: silence
        const bins = new Float32Array(this.analyser.frequencyBinCount);
        this.analyser.getFloatFrequencyData(bins);
        let best = 2;
        for (let i = 2; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
        return bins[best] < -60 ? 0 : Math.round((best * context.sampleRate) / this.analyser.fftSize);
    }
}

class ByJsSIP {
    constructor(options) {
        this.options = options;
        const { credentials: c, url, instance, register } = options;
        this.ua = new JsSIP.UA({
            sockets: [new JsSIP.WebSocketInterface(url)], uri: c.uri, authorization_user: c.user, password: c.password, realm: c.realm,
            register, register_expires: 600, instance_id: instance, session_timers: false, // a refresh that meets a gap would end the call in the page
            connection_recovery_min_interval: 1, connection_recovery_max_interval: 1,
        });
        this.ua.on('registered', () => { options.state.registered++; });
        this.ua.on('disconnected', () => { options.state.disconnected++; });
        this.ua.on('newRTCSession', ({ session, originator }) => {
            if (originator === 'remote') { this.session = session; options.state.ringing++; this.follow(session); }
        });
        this.ua.start();
    }
    follow(session) {
        const track = (pc) => pc.addEventListener('track', (e) => this.options.ear.listen(new MediaStream([e.track])));
        if (session.connection) track(session.connection);
        else session.on('peerconnection', ({ peerconnection }) => track(peerconnection));
        session.on('confirmed', () => { this.options.state.up++; });
        session.on('ended', () => { this.options.state.ended++; });
        session.on('failed', (e) => { this.options.state.failed = e.cause ?? 'failed'; });
    }
    call(target, headers) {
        this.session = this.ua.call(target, { mediaStream: this.options.stream, extraHeaders: headers, pcConfig: this.options.peer });
        this.follow(this.session);
    }
    answer() { this.session.answer({ mediaStream: this.options.stream, pcConfig: this.options.peer }); }
    hold(on) { return new Promise((done) => (on ? this.session.hold({}, done) : this.session.unhold({}, done))); }
    restart() { return new Promise((done) => this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, done)); }
    hangup() { this.session.terminate(); }
    dialog() { const d = this.session._dialog.id; return { call: d.call_id, local: d.local_tag, remote: d.remote_tag }; }
    connection() { return this.session.connection; }
}

class BySIPjs {
    constructor(options) {
        this.options = options;
        const { credentials: c, url, instance, register, state } = options;
        this.ua = new UserAgent({
            uri: UserAgent.makeURI(c.uri), transportOptions: { server: url, connectionTimeout: 3 }, authorizationUsername: c.user,
            authorizationPassword: c.password, instanceId: instance, logLevel: 'warn',
            sessionDescriptionHandlerFactory: Web.defaultSessionDescriptionHandlerFactory(async () => options.stream),
            sessionDescriptionHandlerFactoryOptions: { iceGatheringTimeout: 500, peerConnectionConfiguration: options.peer },
            delegate: {
                onInvite: (session) => { this.session = session; state.ringing++; this.follow(session); },
                onConnect: () => { if (register) void this.registerer.register({ requestDelegate: { onAccept: () => { state.registered++; } } }); },
                onDisconnect: (error) => { state.disconnected++; if (error) this.again(); },
            },
        });
        this.registerer = new Registerer(this.ua, { instanceId: instance, regId: 1, expires: 600 });
        void this.ua.start();
    }
    again() { setTimeout(() => this.ua.reconnect().catch(() => this.again()), 1000); }
    follow(session) {
        session.stateChange.addListener((s) => {
            if (s === SessionState.Established) {
                this.options.state.up++;
                this.options.ear.listen(session.sessionDescriptionHandler.remoteMediaStream);
            } else if (s === SessionState.Terminated) this.options.state.ended++;
        });
    }
    call(target, headers) {
        this.session = new Inviter(this.ua, UserAgent.makeURI(target), { extraHeaders: headers });
        this.follow(this.session);
        void this.session.invite({ requestDelegate: { onReject: (r) => { this.options.state.failed = String(r.message.statusCode); } } });
    }
    answer() { void this.session.accept(); }
    reinvite(options) {
        return new Promise((done, fail) => this.session.invite({
            sessionDescriptionHandlerOptions: options, requestDelegate: { onAccept: () => done(), onReject: () => fail(new Error('rejected')) },
        }));
    }
    hold(on) { return this.reinvite({ hold: on }); }
    restart() { return this.reinvite({ hold: false, offerOptions: { iceRestart: true } }); }
    hangup() {
        if (this.session.state === SessionState.Established) void this.session.bye();
        else void this.session.cancel();
    }
    dialog() { const d = this.session.dialog; return { call: d.callId, local: d.localTag, remote: d.remoteTag }; }
    connection() { return this.session.sessionDescriptionHandler?.peerConnection; }
}

const state = { registered: 0, disconnected: 0, ringing: 0, up: 0, ended: 0, failed: '' };
const ear = new Ear();
let one;

window.phone = {
    async open({ library, credentials, url, instance, register, hz, relay }) {
        await context.resume();
        const peer = { iceServers: credentials.ice_servers, iceTransportPolicy: relay ? 'relay' : 'all' };
        one = new (library === 'jssip' ? ByJsSIP : BySIPjs)({ credentials, url, instance, register, state, ear, peer, stream: tone(hz) });
    },
    state: () => ({ ...state, heard: ear.heard(), ice: one?.session ? one.connection()?.iceConnectionState : '' }),
    call: (target, headers) => one.call(target, headers ?? []),
    answer: () => one.answer(),
    hold: (on) => one.hold(on),
    restart: () => one.restart(),
    hangup: () => one.hangup(),
    dialog: () => one.dialog(),
    ear: () => ear.heard(),
    // How its audio leaves: "host", "relay" …
    async way() {
        const stats = [...(await one.connection().getStats()).values()];
        const pair = stats.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
        return stats.find((s) => s.id === pair?.localCandidateId)?.candidateType;
    },
};
