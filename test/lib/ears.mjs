// What a page of a test speaks and hears with; these functions run in the page, so they stand on their own.

/**
 * Before anything else of the page. `given`: true leaves the microphone as it is; a number makes it a tone of so many Hz, a list
 * another one each time the page is loaded. Connections are kept in window.heard, with an ear each where there is a tone.
 */
export function voiceAndEars(given) {
  if (window.origin === "null" || location.protocol === "about:") return; // before there is a page: no storage, no microphone
  let hz = given;
  if (Array.isArray(given)) {
    const load = Number(sessionStorage.getItem("test.load") ?? 0);
    sessionStorage.setItem("test.load", String(load + 1));
    hz = given[load % given.length];
  }
  const Real = window.RTCPeerConnection;
  window.heard = []; // connections, for hears(), with an ear each
  window.RTCPeerConnection = class extends Real {
    constructor(...all) {
      super(...all);
      window.heard.push(this);
      if (typeof hz !== "number") return;
      this.addEventListener("track", ({ track }) => {
        const sound = (window.sound ??= new AudioContext());
        this.ear = new AnalyserNode(sound, { fftSize: 4096, smoothingTimeConstant: 0 });
        sound.createMediaStreamSource(new MediaStream([track])).connect(this.ear);
      });
    }
  };
  const devices = navigator.mediaDevices;
  if (typeof hz === "number" && devices) {
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      window.device ??= await real(wanted); // held open: Firefox tells its addresses to who listens alone
      const sound = (window.sound ??= new AudioContext());
      const out = sound.createMediaStreamDestination();
      const tone = new OscillatorNode(sound, { frequency: hz });
      tone.connect(new GainNode(sound, { gain: 0.3 })).connect(out);
      tone.start();
      return out.stream;
    };
  }
}

/** Of the tones, those that the page hears at this moment. */
export function tonesHeard(all) {
  const loud = new Set();
  for (const one of window.heard) {
    if (one.connectionState !== "connected" || !one.ear) continue;
    const bins = new Float32Array(one.ear.frequencyBinCount);
    one.ear.getFloatFrequencyData(bins);
    for (const hz of all) {
      const at = Math.round((hz * one.ear.fftSize) / window.sound.sampleRate);
      if (Math.max(...bins.subarray(at - 1, at + 2)) > -55) loud.add(hz);
    }
  }
  return [...loud].sort((a, b) => a - b);
}
