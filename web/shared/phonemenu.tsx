// My telephone: the one on the desk, or this browser with microphone, loudspeaker, level, quality of the line.
import { useEffect, useRef, useState } from "react";
import { language, locale, useWords, type Messages } from "./i18n";
import { hurry, useLive } from "./live";
import { BrowserPhone, phone } from "./phone";
import { useStore } from "./store";
import { Button, Menu } from "./ui";

export const phoneWords = {
  id: {
    menu: "Telepon saya",
    connected: "Telepon terhubung",
    not: "Telepon tidak terhubung",
    starting: "Menyambungkan telepon…",
    gone: "Telepon terputus; menyambung lagi…",
    elsewhere: "Telepon di tab lain",
    elsewhereHelp: "Telepon Anda dipakai di tab lain peramban ini. Hanya satu tab yang berdering.",
    here: "Pindahkan ke tab ini",
    browser: "Telepon di peramban",
    desk: "Telepon meja",
    use: "Pakai telepon di peramban",
    stop: "Pakai telepon meja",
    none: "Server ini tidak melayani telepon di peramban.",
    noMicrophone: "Mikrofon tidak dapat dipakai. Izinkan di peramban, lalu coba lagi.",
    insecure: "Mikrofon hanya dapat dipakai lewat https, atau di komputer server sendiri.",
    help: "Anda tidak ditawari panggilan sampai telepon terhubung.",
    microphone: "Mikrofon",
    speaker: "Pengeras suara",
    usual: "bawaan sistem",
    level: "Suara mikrofon",
    quality: "Mutu {mos, number, ::.0} · {rtt} md · hilang {loss, number, ::percent .0}",
    brief: "{mos, number, ::.0} · {rtt} md · {loss, number, ::percent .0}",
    qualityHelp: "Mutu: 1 buruk sampai 4,5 sangat baik. Waktu pulang-pergi, dan berapa yang hilang, dalam tiga detik terakhir.",
    good: "baik",
    fair: "sedang",
    poor: "buruk",
    line: "Sambungan {how}",
    echo: "Uji suara",
    echoOn: "Bicaralah: Anda mendengar suara sendiri lewat server. Panggilan masuk mengakhirinya.",
    echoEnd: "Akhiri uji suara",
    headset: "Tombol headset…",
    headsetOn: "Tombol headset dipakai: angkat, tutup, bisukan.",
    headsetNone: "Tidak ada headset yang dipilih.",
  },
  en: {
    menu: "My phone",
    connected: "Phone connected",
    not: "Phone not connected",
    starting: "Connecting the phone…",
    gone: "Phone lost; connecting again…",
    elsewhere: "Phone in another tab",
    elsewhereHelp: "Your phone is in use in another tab of this browser. Only one tab rings.",
    here: "Move it to this tab",
    browser: "Phone in the browser",
    desk: "Desk phone",
    use: "Use the phone in the browser",
    stop: "Use the desk phone",
    none: "This server has no phones in browsers.",
    noMicrophone: "The microphone cannot be used. Allow it in the browser, then try again.",
    insecure: "A microphone can be used over https only, or on the server's own computer.",
    help: "You are offered no calls until a phone is connected.",
    microphone: "Microphone",
    speaker: "Loudspeaker",
    usual: "as the system has it",
    level: "Level of the microphone",
    quality: "Quality {mos, number, ::.0} · {rtt} ms · lost {loss, number, ::percent .0}",
    brief: "{mos, number, ::.0} · {rtt} ms · {loss, number, ::percent .0}",
    qualityHelp: "Quality: 1 is bad, 4.5 very good. The round trip, and how much was lost, within the last three seconds.",
    good: "good",
    fair: "fair",
    poor: "poor",
    line: "Line {how}",
    echo: "Test the sound",
    echoOn: "Speak: you hear yourself by way of the server. A call that comes in ends it.",
    echoEnd: "End the test",
    headset: "Headset buttons…",
    headsetOn: "Headset buttons are in use: pick up, hang up, mute.",
    headsetNone: "No headset was chosen.",
  },
} satisfies Messages<string>;

const YOUNG_MS = 60_000;

function Level() {
  const say = useWords(phoneWords);
  const bar = useRef<HTMLMeterElement>(null);

  useEffect(() => {
    const timer = setInterval(() => {
      if (bar.current) bar.current.value = phone.level();
    }, 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <label className="field">
      <span>{say("level")}</span>
      <meter ref={bar} min={0} max={1} low={0.05} className="level" />
    </label>
  );
}

/** One hears oneself; headsets with buttons are chosen here. */
function Tests() {
  const say = useWords(phoneWords);
  const now = useStore(phone.shown);
  const [headset, setHeadset] = useState<boolean | null>(null);

  return (
    <>
      <p role="status" className="small">
        {now.echo ? say("echoOn") : ""}
      </p>
      <Button small disabled={!now.echo && (now.state !== "ready" || now.talking || now.ringing)} pressed={now.echo} onPress={() => (now.echo ? phone.endEcho() : phone.tryEcho())}>
        {say(now.echo ? "echoEnd" : "echo")}
      </Button>
      {phone.headsets ? (
        <>
          <Button small onPress={() => void phone.chooseHeadset().then(setHeadset)}>
            {say("headset")}
          </Button>
          {headset === null ? null : <p className="small">{say(headset ? "headsetOn" : "headsetNone")}</p>}
        </>
      ) : null}
    </>
  );
}

export function PhoneMenu() {
  const say = useWords(phoneWords);
  const of = useStore(language);
  const there = useLive((page) => page.live.agents.get(page.me?.agent ?? "")?.phone);
  const now = useStore(phone.shown);
  const [asked, setAsked] = useState(false);

  // by itself: as the last time, or where there is no other telephone
  phone.who = useLive((page) => page.me?.agent ?? "");
  useEffect(() => {
    phone.back = hurry;
    if (there === undefined || now.state !== "off") return;
    const wanted = BrowserPhone.wanted();
    const none = wanted === null && !there;
    // one that goes while this page is young was that of a page just closed, perhaps on another computer
    if (asked ? none && performance.now() < YOUNG_MS : wanted || none) void phone.start(false);
    else if (wanted === null && !asked) void phone.look();
    setAsked(true);
  }, [asked, there, now.state]);

  if (there === undefined) return null;
  const how = now.quality && now.state === "ready" ? (now.quality.mos >= 3.8 ? "good" : now.quality.mos >= 3.1 ? "fair" : "poor") : null;
  const text = how
    ? say("line", { how: say(how) })
    : now.state === "starting" || now.state === "gone" || (now.state === "elsewhere" && there)
      ? say(now.state)
      : say(there ? "connected" : "not");
  const tone = how ? (how === "good" ? "good" : how === "fair" ? "warn" : "bad") : now.state === "starting" ? "warn" : there && now.state !== "gone" ? "good" : "bad";
  const figures = (how: "quality" | "brief") => (now.quality ? say(how, { mos: now.quality.mos, rtt: new Intl.NumberFormat(locale(of)).format(now.quality.rtt_ms), loss: now.quality.loss }) : "");
  const trouble = now.state === "none" ? "none" : now.state === "no-microphone" ? "noMicrophone" : now.state === "insecure" ? "insecure" : null;
  const on = now.state === "ready" || now.state === "gone" || now.state === "starting";

  return (
    <Menu
      named
      label={say("menu")}
      className={`badge phone-state ${tone}`}
      button={
        <>
          <span aria-hidden="true">{tone === "good" ? "☎" : tone === "warn" ? "…" : "✕"}</span> {text}
          {how ? <span className="line-figures small"> · {figures("brief")}</span> : null}
        </>
      }
    >
      {() => (
        <div className="phone-menu">
          <p>
            <strong>{say(on || now.state === "elsewhere" ? "browser" : "desk")}</strong>
          </p>
          {now.quality ? (
            <p className="small soft">
              {figures("quality")}
              <br />
              {say("qualityHelp")}
            </p>
          ) : null}
          {there ? null : <p className="small">{say("help")}</p>}
          {trouble ? <p className="notice bad small">{say(trouble)}</p> : null}
          {now.state === "elsewhere" ? (
            <>
              <p className="small">{say("elsewhereHelp")}</p>
              <Button small kind="primary" onPress={() => void phone.start(true, true)}>
                {say("here")}
              </Button>
            </>
          ) : on ? (
            <>
              {(
                [
                  ["microphone", now.microphones, now.microphone, (id: string) => void phone.chooseMicrophone(id)],
                  ["speaker", now.speakers, now.speaker, (id: string) => void phone.chooseSpeaker(id)],
                ] as const
              ).map(([name, all, chosen, choose]) => (
                <label className="field" key={name}>
                  <span>{say(name)}</span>
                  <select className="input" value={chosen} onChange={(event) => choose(event.target.value)}>
                    <option value="">{say("usual")}</option>
                    {all.map((one) => (
                      <option key={one.id} value={one.id}>
                        {one.name}
                      </option>
                    ))}
                  </select>
                </label>
              ))}
              <Level />
              <Tests />
              <Button small onPress={() => phone.stop()}>
                {say("stop")}
              </Button>
            </>
          ) : (
            <Button small kind="primary" onPress={() => void phone.start()}>
              {say("use")}
            </Button>
          )}
        </div>
      )}
    </Menu>
  );
}
