// A recording: both sides of it drawn and heard apart, any speed, jumps. It is fetched when it is wanted: each listening is audited.
import { useEffect, useRef, useState } from "react";
import type { CoachNote } from "./api.gen";
import { address, session } from "./call";
import { clock } from "./clock";
import { useWords, type Messages } from "./i18n";
import { markId, MarkRow, Marks, useMarks } from "./marks";
import { Button } from "./ui";
import "./player.css";

export const playerWords = {
  id: {
    listen: "Dengarkan rekaman, {length}",
    listenFrom: "Dengarkan dari {at}",
    loading: "Memuat rekaman…",
    failed: "Rekaman tidak dapat dibuka.",
    play: "Putar",
    stop: "Jeda",
    back: "Mundur 5 detik",
    on: "Maju 15 detik",
    speed: "Kecepatan",
    place: "Tempat di rekaman",
    both: "Keduanya",
    customer: "Pelanggan",
    agent: "Agen",
    side: "Siapa yang terdengar",
    cut: "terpotong",
  },
  en: {
    listen: "Listen to the recording, {length}",
    listenFrom: "Listen from {at}",
    loading: "Loading the recording…",
    failed: "The recording cannot be opened.",
    play: "Play",
    stop: "Pause",
    back: "Back 5 seconds",
    on: "On 15 seconds",
    speed: "Speed",
    place: "Place in the recording",
    both: "Both",
    customer: "Customer",
    agent: "Agent",
    side: "Who is heard",
    cut: "cut short",
  },
} satisfies Messages<string>;

const DRAWN_MAX = 40 << 20; // bytes: what is longer is played, not drawn
const COLUMNS = 300;

/** The loudest of each column, 0 to 1. */
export function peaksOf(samples: Float32Array, columns: number): number[] {
  const each = Math.max(1, Math.ceil(samples.length / columns));
  const peaks: number[] = [];
  for (let from = 0; from < samples.length; from += each) {
    let most = 0;
    for (let i = from; i < Math.min(samples.length, from + each); i++) most = Math.max(most, Math.abs(samples[i] ?? 0));
    peaks.push(most);
  }
  return peaks;
}

interface Sound {
  url: string;
  peaks: number[][];
}

async function load(path: string): Promise<Sound> {
  const id = session.id();
  const reply = await fetch(path, id ? { headers: { "Sapa-Session": id } } : {});
  if (!reply.ok) throw new Error(String(reply.status));
  if (Number(reply.headers.get("content-length")) > DRAWN_MAX) {
    await reply.body?.cancel();
    return { url: address(path), peaks: [] };
  }
  const bytes = await reply.arrayBuffer();
  const url = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
  try {
    const context = new OfflineAudioContext(1, 1, 8000);
    const sound = await context.decodeAudioData(bytes.slice(0));
    return { url, peaks: Array.from({ length: sound.numberOfChannels }, (_, channel) => peaksOf(sound.getChannelData(channel), COLUMNS)) };
  } catch {
    return { url, peaks: [] };
  }
}

type Side = "both" | "customer" | "agent";

function Playing({ sound, recording, note, onClose }: { sound: Sound; recording: string; note: CoachNote | undefined; onClose: () => void }) {
  const say = useWords(playerWords);
  const audio = useRef<HTMLAudioElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const gains = useRef<GainNode[]>([]);
  const context = useRef<AudioContext | null>(null);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [side, setSide] = useState<Side>("both");
  const [given] = useState(note && [note]);
  const { marks, again } = useMarks(recording, given);
  const [chosen, setChosen] = useState<string | null>(note ? markId(note) : null);
  const choose = (one: CoachNote) => {
    setChosen(markId(one));
    setAt(one.at_ms / 1000); // what is written next is about this moment
    if (audio.current) audio.current.currentTime = one.at_ms / 1000;
  };

  useEffect(
    () => () => {
      void context.current?.close();
      if (sound.url.startsWith("blob:")) URL.revokeObjectURL(sound.url);
    },
    [sound],
  );
  useEffect(() => {
    const to = canvas.current;
    const pen = to?.getContext("2d");
    if (!to || !pen) return;
    const style = getComputedStyle(to);
    const half = to.height / Math.max(1, sound.peaks.length);
    pen.clearRect(0, 0, to.width, to.height);
    sound.peaks.forEach((peaks, channel) => {
      const wide = to.width / COLUMNS;
      peaks.forEach((peak, column) => {
        const tall = Math.max(1, peak * (half - 2));
        const heard = length > 0 && column / peaks.length < at / length;
        pen.fillStyle = heard ? style.color : style.outlineColor; // colours as they are shown: a token says both themes
        pen.globalAlpha = side === "both" || (side === "customer") === (channel === 0) ? 1 : 0.3;
        pen.fillRect(column * wide, channel * half + (half - tall) / 2, Math.max(1, wide - 1), tall);
      });
    });
  }, [sound, at, length, side]);

  /* Channels apart: left is the customer, right the agent; either may be silent. */
  const wire = () => {
    if (context.current || !audio.current || sound.peaks.length !== 2) return;
    const graph = new AudioContext();
    const split = graph.createChannelSplitter(2);
    const merge = graph.createChannelMerger(2);
    graph.createMediaElementSource(audio.current).connect(split);
    gains.current = [0, 1].map((channel) => {
      const gain = graph.createGain();
      split.connect(gain, channel);
      gain.connect(merge, 0, 0);
      gain.connect(merge, 0, 1); // one ear is enough to hear both
      return gain;
    });
    merge.connect(graph.destination);
    context.current = graph;
  };
  const hear = (who: Side) => {
    setSide(who);
    wire();
    gains.current.forEach((gain, channel) => {
      gain.gain.value = who === "both" || (who === "customer") === (channel === 0) ? 1 : 0;
    });
  };
  const toggle = () => {
    wire();
    void context.current?.resume();
    if (playing) audio.current?.pause();
    else void audio.current?.play();
  };
  const jump = (by: number) => {
    if (audio.current) audio.current.currentTime = Math.min(length, Math.max(0, audio.current.currentTime + by));
  };
  const pace = (to: number) => {
    setSpeed(to);
    if (audio.current) audio.current.playbackRate = to;
  };

  return (
    <div className="player">
      <audio
        ref={audio}
        src={sound.url}
        preload="metadata"
        onLoadedMetadata={(event) => {
          setLength(event.currentTarget.duration);
          if (!note) return;
          event.currentTarget.currentTime = note.at_ms / 1000; // from its moment on, as the button said
          event.currentTarget.play().catch(() => undefined); // where that wants a further press, the button is there
        }}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
      />
      <MarkRow marks={marks.items} ms={length * 1000} chosen={chosen} choose={choose} />
      {sound.peaks.length > 0 ? (
        <div className="wave">
          <canvas
            ref={canvas}
            width={600}
            height={80}
            aria-hidden="true"
            onClick={(event) => {
              const box = event.currentTarget.getBoundingClientRect();
              if (audio.current) audio.current.currentTime = ((event.clientX - box.left) / box.width) * length;
            }}
          />
        </div>
      ) : null}
      <input
        type="range"
        className="seek"
        aria-label={say("place")}
        aria-valuetext={`${clock(at * 1000)} / ${clock(length * 1000)}`}
        min={0}
        max={length || 1}
        step={1}
        value={at}
        onChange={(event) => {
          if (audio.current) audio.current.currentTime = Number(event.target.value);
        }}
      />
      <div className="row wrap">
        <Button small kind="primary" onPress={toggle}>
          {say(playing ? "stop" : "play")}
        </Button>
        <Button small label={say("back")} onPress={() => jump(-5)}>
          −5
        </Button>
        <Button small label={say("on")} onPress={() => jump(15)}>
          +15
        </Button>
        <span className="mono small">
          {clock(at * 1000)} / {clock(length * 1000)}
        </span>
        <select className="input small-select" aria-label={say("speed")} value={speed} onChange={(event) => pace(Number(event.target.value))}>
          {[0.75, 1, 1.25, 1.5, 2].map((one) => (
            <option key={one} value={one}>
              {one}×
            </option>
          ))}
        </select>
        {sound.peaks.length === 2 ? (
          <select className="input small-select" aria-label={say("side")} value={side} onChange={(event) => hear(event.target.value as Side)}>
            {(["both", "customer", "agent"] as const).map((one) => (
              <option key={one} value={one}>
                {say(one)}
              </option>
            ))}
          </select>
        ) : null}
        <Button small kind="plain" onPress={onClose}>
          ✕
        </Button>
      </div>
      {note ? null : <Marks recording={recording} marks={marks} again={again} at={at * 1000} chosen={chosen} choose={choose} pause={() => audio.current?.pause()} />}
    </div>
  );
}

/** `note`: heard by way of a coaching note, from its moment on. */
export function Player({ recording, ms, complete = true, note }: { recording: string; ms: number; complete?: boolean; note?: CoachNote }) {
  const say = useWords(playerWords);
  const [sound, setSound] = useState<Sound | null>(null);
  const [state, setState] = useState<"" | "loading" | "failed">("");

  if (sound) return <Playing sound={sound} recording={recording} note={note} onClose={() => setSound(null)} />;
  return (
    <span className="row">
      <Button
        small
        disabled={state === "loading"}
        onPress={() => {
          setState("loading");
          load(note ? `/api/v1/agents/${note.agent}/coaching/${note.id}/audio` : `/api/v1/recordings/${recording}/audio`)
            .then((loaded) => {
              setSound(loaded);
              setState("");
            })
            .catch(() => setState("failed"));
        }}
      >
        <span aria-hidden="true">▶</span> {state === "loading" ? say("loading") : note ? say("listenFrom", { at: clock(note.at_ms) }) : say("listen", { length: clock(ms) })}
      </Button>
      {complete ? null : <span className="badge warn">{say("cut")}</span>}
      <span role="status" className={state === "failed" ? "small" : "hidden"}>
        {state === "failed" ? say("failed") : ""}
      </span>
    </span>
  );
}
