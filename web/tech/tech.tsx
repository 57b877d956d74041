// The page of technical staff: what needs attention first, then trunks, agents' devices, certificates, disk, processes.
// Nothing here is about contacts and customers: the route behind it knows nothing of them.
import { useDeferredValue, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Network, System, SystemCertificate, SystemTrunk } from "../shared/api.gen";
import { moment, now as serverNow } from "../shared/clock";
import { Frame } from "../shared/frame";
import { language, locale, useWords } from "../shared/i18n";
import { useStore } from "../shared/store";
import { Announce, Button } from "../shared/ui";
import { attentionOf, badOf, daysUntil, deviceRows, logWord, type Attention, type DeviceRow, type Section } from "./model";
import { seen } from "./source";
import { techWords, type TechWord } from "./words";

/** Devices that are drawn at once. */
const SHOWN = 60;

const useTech = () => useWords(techWords);

function useFormats() {
  const of = useStore(language);
  return useMemo(() => {
    const number = (value: number, digits: number) => new Intl.NumberFormat(locale(of), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
    const bytes = (value: number) => {
      const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
      const at = Math.min(units.length - 1, value > 0 ? Math.floor(Math.log(value) / Math.log(1000)) : 0);
      const shown = value / 1000 ** at;
      return new Intl.NumberFormat(locale(of), { style: "unit", unit: units[at]!, unitDisplay: "short", maximumFractionDigits: shown < 10 && at > 0 ? 1 : 0 }).format(shown);
    };
    const date = (time: string) => new Intl.DateTimeFormat(locale(of), { dateStyle: "medium" }).format(Date.parse(time));
    return { number, bytes, date, time: (time: string) => moment(time, of) };
  }, [of]);
}

/** A colour never stands without its word. */
function State({ kind, children }: { kind: "good" | "bad" | "warn" | ""; children: ReactNode }) {
  return <span className={`badge ${kind}`}>{children}</span>;
}

function Part({ id, title, children, aside, className }: { id: Section | "versions" | "listeners"; title: string; children: ReactNode; aside?: ReactNode; className?: string }) {
  return (
    <section className={`card part ${className ?? ""}`} id={id} tabIndex={-1} aria-labelledby={`${id}-title`}>
      <div className="row wrap part-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

function Attentions({ items }: { items: readonly Attention[] }) {
  const words = useTech();
  const go = (section: Section) => {
    const part = document.getElementById(section);
    part?.scrollIntoView({ block: "nearest" });
    part?.focus({ preventScroll: true });
  };
  return (
    <section className="tech-attention" aria-labelledby="attention-title">
      <h2 id="attention-title">{words("attention")}</h2>
      {items.length === 0 ? (
        <p className="calm">✓ {words("calm")}</p>
      ) : (
        <ul>
          {items.map((item) => (
            <li key={item.id}>
              <button type="button" className={`item ${item.bad ? "bad" : ""}`} onClick={() => go(item.section)}>
                <span aria-hidden="true">{item.bad ? "●" : "▲"}</span> {words(item.word, item.values)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A table whose cells name their column where there is no room for a head. */
function Table({ label, heads, children }: { label: string; heads: readonly string[]; children: ReactNode }) {
  return (
    <table className="tech-table" aria-label={label}>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

const kindOfTrunk = { up: "good", down: "bad", refused: "bad", unknown: "", inbound: "" } as const;

function Trunk({ trunk }: { trunk: SystemTrunk }) {
  const words = useTech();
  const formats = useFormats();
  const status = trunk.last_status === 408 ? words("noAnswer") : words("status", { status: trunk.last_status ?? 0 });
  return (
    <tr>
      <th scope="row">
        {trunk.id}
        <span className="soft small block mono">{trunk.host ?? ""}</span>
      </th>
      <td data-head={words("state")}>
        <State kind={kindOfTrunk[trunk.state]}>{words(trunk.state)}</State>
      </td>
      <td data-head={words("since")}>{trunk.since ? formats.time(trunk.since) : "–"}</td>
      <td data-head={words("roundTrip")}>{trunk.rtt_us === null ? "–" : words("milliseconds", { ms: Math.round(trunk.rtt_us / 100) / 10 })}</td>
      <td data-head={words("calls")}>{trunk.calls_max === null ? trunk.calls : words("ofMax", { n: trunk.calls, max: trunk.calls_max })}</td>
      <td data-head={words("lastFault")}>{trunk.failed ? `${status}, ${formats.time(trunk.failed)}` : words("never")}</td>
    </tr>
  );
}

const kinds: Record<Network["kind"], TechWord> = { login: "kindLogin", call: "kindCall", test: "kindTest" };

function Line({ line, system }: { line: Network; system: System }) {
  const words = useTech();
  const formats = useFormats();
  const bad = badOf(line, system.limits);
  const figure = (over: boolean, text: string) => (
    <span className={over ? "over" : ""}>
      {text}
      {over ? (
        <>
          <span aria-hidden="true"> ▲</span>
          <span className="hidden"> {words("overLimit")}</span>
        </>
      ) : null}
    </span>
  );
  return (
    <span className="line">
      <State kind={bad.any ? "bad" : "good"}>{words(bad.any ? "linePoor" : "lineGood")}</State>
      {line.mos_x100 === null ? null : figure(bad.mos, words("mos", { mos: formats.number(line.mos_x100 / 100, 1) }))}
      {figure(bad.rtt, words("rtt", { ms: line.rtt_ms }))}
      {figure(bad.loss, words("loss", { percent: formats.number(line.loss_permille / 10, 1) }))}
      <span className="soft small">{words(kinds[line.kind], { time: formats.time(line.at) })}</span>
    </span>
  );
}

const places = { office: "office", elsewhere: "elsewhere", unknown: "placeUnknown" } as const;

function Device({ row, system }: { row: DeviceRow; system: System }) {
  const words = useTech();
  const formats = useFormats();
  const { device, line } = row;
  return (
    <tr>
      <th scope="row">
        {device.name}
        <span className="soft small block">{device.extension}</span>
      </th>
      <td data-head={words("state")}>
        <State kind={device.reachable ? "good" : "bad"}>{words(device.reachable ? "answers" : "silent")}</State>
      </td>
      <td data-head={words("device")}>
        {words(device.browser ? "browser" : "phone")}
        <span className="soft small block">{[device.user_agent, line?.device].filter(Boolean).join(" · ")}</span>
      </td>
      <td data-head={words("address")}>
        <span className="mono small">{device.from}</span>
        <span className="soft small block">
          {device.transport.toUpperCase()}
          {device.behind_proxy ? `, ${words("proxy")}` : ""}
          {line?.path === "relay" ? `, ${words("relay")}` : ""}
        </span>
      </td>
      <td data-head={words("place")}>{words(places[device.place])}</td>
      <td data-head={words("since")}>{formats.time(device.since)}</td>
      <td data-head={words("network")}>{line ? <Line line={line} system={system} /> : <span className="soft">{device.browser ? words("notMeasured") : "–"}</span>}</td>
    </tr>
  );
}

function Devices({ system, lines }: { system: System; lines: ReadonlyMap<string, Network> }) {
  const words = useTech();
  const formats = useFormats();
  const [troubled, setTroubled] = useState(false);
  const [text, setText] = useState("");
  const [all, setAll] = useState(false);
  const wanted = useDeferredValue(text.trim().toLocaleLowerCase());
  const rows = useMemo(() => deviceRows(system, lines), [system, lines]);
  const found = rows.filter((row) => (!troubled || row.trouble) && (wanted === "" || row.device.name.toLocaleLowerCase().includes(wanted) || row.device.extension.startsWith(wanted)));
  const shown = all ? found : found.slice(0, SHOWN);
  const n = rows.filter((row) => row.trouble).length;
  const limits = system.limits;
  return (
    <Part
      id="devices"
      title={words("devices")}
      className="wide"
      aside={
        <>
          <span className="soft small">{words("deviceCount", { n: rows.length })}</span>
          <span className="grow" />
          <div className="choice" role="group" aria-label={words("show")}>
            <Button small pressed={!troubled} onPress={() => setTroubled(false)}>
              {words("all")}
            </Button>
            <Button small pressed={troubled} onPress={() => setTroubled(true)}>
              {words("troubled", { n })}
            </Button>
          </div>
          <label className="row small">
            <span className="soft">{words("find")}</span>
            <input className="input find" type="search" value={text} onChange={(event) => setText(event.target.value)} />
          </label>
        </>
      }
    >
      {shown.length > 0 ? (
        <Table label={words("devices")} heads={[words("agent"), words("state"), words("device"), words("address"), words("place"), words("since"), words("network")]}>
          {shown.map((row) => (
            <Device key={`${row.device.agent} ${row.device.from} ${row.device.since}`} row={row} system={system} />
          ))}
        </Table>
      ) : (
        <p className="soft">{words(wanted !== "" ? "nobodyFound" : troubled ? "noTroubled" : "noDevices")}</p>
      )}
      {found.length > shown.length ? (
        <Button small onPress={() => setAll(true)}>
          {words("more", { n: found.length - shown.length })}
        </Button>
      ) : null}
      <p className="soft small">{words("limits", { mos: formats.number(limits.mos_x100 / 100, 1), rtt: limits.rtt_ms, loss: formats.number(limits.loss_permille / 10, 0) })}</p>
    </Part>
  );
}

function Certificate({ certificate, system }: { certificate: SystemCertificate; system: System }) {
  const words = useTech();
  const formats = useFormats();
  const days = daysUntil(certificate, Date.parse(system.now));
  const kind = days === null || days < 0 ? "bad" : days < system.limits.certificate_days ? "warn" : "good";
  return (
    <li>
      <span className="row wrap">
        <strong>{certificate.use === "https" ? "HTTPS" : "SIP"}</strong>
        <State kind={kind}>{days === null ? words("unreadable", { why: certificate.problem ?? "" }) : days < 0 ? words("over") : words("days", { days })}</State>
        {certificate.until ? <span className="small">{words("until", { date: formats.date(certificate.until) })}</span> : null}
      </span>
      <span className="mono small block">{certificate.names}</span>
      <span className="soft small">{certificate.own ? words("own") : certificate.issuer ? words("issuer", { issuer: certificate.issuer }) : ""}</span>
    </li>
  );
}

function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Disk({ system }: { system: System }) {
  const words = useTech();
  const { bytes } = useFormats();
  const { disk, log, limits } = system;
  const low = disk.free_bytes !== null && disk.total_bytes !== null && (disk.free_bytes * 100) / Math.max(1, disk.total_bytes) < limits.disk_percent;
  const soon = disk.days_left !== null && disk.days_left < limits.disk_days;
  const writing = logWord(system);
  return (
    <Part id="disk" title={words("disk")}>
      {disk.free_bytes !== null && disk.total_bytes !== null ? (
        <meter aria-label={words("free")} min={0} max={disk.total_bytes} low={(disk.total_bytes * limits.disk_percent) / 100} optimum={disk.total_bytes} value={disk.free_bytes} />
      ) : null}
      <Facts
        rows={[
          [words("free"), <span className={low ? "over" : ""}>{disk.free_bytes === null ? "–" : words("freeOf", { free: bytes(disk.free_bytes), total: bytes(disk.total_bytes ?? 0) })}{low ? " ▲" : ""}</span>],
          [words("logSize"), bytes(disk.log_bytes)],
          [words("growth"), disk.day_bytes === null ? <span className="soft">{words("growthUnknown")}</span> : words("perDay", { size: bytes(disk.day_bytes) })],
          [words("daysLeft"), <span className={soon ? "over" : ""}>{disk.days_left === null || disk.days_left > 3650 ? (disk.day_bytes === null ? "–" : words("farAway")) : words("daysLeftText", { days: disk.days_left })}{soon ? " ▲" : ""}</span>],
          [words("logState"), <State kind={writing === "logGood" ? "good" : writing === "logSlow" || writing === "logLow" ? "warn" : "bad"}>{writing ? words(writing) : log.state}</State>],
        ]}
      />
      <p className="soft small">{words("slowCommits", { n: log.slow_commits, all: log.commits, ms: Math.round(log.longest_commit_us / 1000) })}</p>
    </Part>
  );
}

function Processes({ system }: { system: System }) {
  const words = useTech();
  const formats = useFormats();
  const name = (of: string) => (of === "serve" || of === "control" || of === "media" || of === "crowd" ? [...new Set([of, words(of)])].join(" · ") : of);
  const media = system.media;
  const { http, feeds, phones, sessions } = system.connections;
  return (
    <Part id="processes" title={words("processes")}>
      <Table label={words("processes")} heads={[words("process"), words("runs"), words("memory"), words("sockets")]}>
        {system.processes.map((one) => (
          <tr key={one.pid}>
            <th scope="row">{name(one.name)}</th>
            <td data-head={words("runs")}>{formats.time(one.started)}</td>
            <td data-head={words("memory")}>{formats.bytes(one.memory_bytes)}</td>
            <td data-head={words("sockets")}>{one.descriptors === null ? "–" : one.descriptors_max === null ? one.descriptors : words("ofMax", { n: one.descriptors, max: one.descriptors_max })}</td>
          </tr>
        ))}
      </Table>
      {media && media.legs !== null ? (
        <p className="small">
          {words("media")}: {words("mediaWork", { n: media.legs, recordings: media.recordings ?? 0, ms: formats.number((media.delay_p99_us ?? 0) / 1000, 1), dropped: media.packets_dropped ?? 0 })}
        </p>
      ) : null}
      <p className="small">{words("connections", { http, feeds, phones, sessions })}</p>
      <p className="soft small">{words("starts", { n: system.starts })}</p>
    </Part>
  );
}

const kindOfHook = { active: "good", failing: "bad", paused: "", gone: "bad" } as const;

function Webhooks({ system }: { system: System }) {
  const words = useTech();
  const formats = useFormats();
  return (
    <Part id="webhooks" title={words("webhooks")}>
      {system.webhooks.length === 0 ? (
        <p className="soft">{words("noWebhooks")}</p>
      ) : (
        <ul className="things">
          {system.webhooks.map((hook) => (
            <li key={hook.id}>
              <span className="row wrap">
                <strong className="mono">{hook.host}</strong>
                <State kind={kindOfHook[hook.state]}>{words(hook.state)}</State>
                <span className="small">{words("lag", { n: hook.lag })}</span>
                {hook.last_delivery ? <span className="small soft">{words("delivered", { time: formats.time(hook.last_delivery) })}</span> : null}
              </span>
              {hook.last_error ? <span className="small soft">{hook.last_error}</span> : null}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

function Whole({ system, lines }: { system: System; lines: ReadonlyMap<string, Network> }) {
  const words = useTech();
  const items = useMemo(() => attentionOf(system, lines, serverNow()), [system, lines]);
  const worst = items[0]?.bad ? words(items[0].word, items[0].values) : "";
  return (
    <div className="tech-grid">
      <Attentions items={items} />
      <Announce text={worst} />
      <Part id="trunks" title={words("trunks")} className="wide">
        {system.trunks.length === 0 ? (
          <p className="soft">{words("noTrunks")}</p>
        ) : (
          <Table label={words("trunks")} heads={[words("trunk"), words("state"), words("since"), words("roundTrip"), words("calls"), words("lastFault")]}>
            {system.trunks.map((trunk) => (
              <Trunk key={trunk.id} trunk={trunk} />
            ))}
          </Table>
        )}
      </Part>
      <Devices system={system} lines={lines} />
      <div className="tech-side">
        <Part id="certificates" title={words("certificates")}>
          {system.certificates.length === 0 ? (
            <p className="soft">{words("noCertificates")}</p>
          ) : (
            <ul className="things">
              {system.certificates.map((certificate, at) => (
                <Certificate key={at} certificate={certificate} system={system} />
              ))}
            </ul>
          )}
        </Part>
        <Disk system={system} />
        <Processes system={system} />
        <Webhooks system={system} />
        <Part id="versions" title={words("versions")}>
          <Facts
            rows={[
              [words("program"), `Sapa ${system.version}`],
              ...system.libraries.map((library) => [library.name, library.version.replace(/-+$/, "")] as const),
              [words("description"), <span className="mono">{system.centre.slice(0, 12)}</span>],
            ]}
          />
        </Part>
        <Part id="listeners" title={words("listeners")}>
          <Facts rows={system.listeners.map((one) => [one.kind.toUpperCase(), <span className="mono">{one.address}</span>] as const)} />
        </Part>
      </div>
    </div>
  );
}

export function Tech() {
  const words = useTech();
  const of = useStore(language);
  const { system, lines } = useStore(seen);

  useEffect(() => {
    document.title = `${words("title")} · Sapa`;
  }, [words]);
  const time = system ? new Intl.DateTimeFormat(locale(of), { timeStyle: "medium" }).format(Date.parse(system.now)) : "";
  return (
    <Frame here="tech" className="tech" main={system ? <Whole system={system} lines={lines} /> : <p className="soft tech-loading">{words("loading")}</p>}>
      <h1 className="tech-title cut">{system ? system.name : words("title")}</h1>
      {system ? <span className="soft small tech-time">{words("seenAt", { time })}</span> : null}
    </Frame>
  );
}
