// What technical staff is shown, computed from the state alone: what needs attention, worst first, and how each line is.
import type { Network, System, SystemCertificate, SystemDevice, SystemLimits } from "../shared/api.gen";
import type { TechWord } from "./words";

/** The newest check of each person's line. */
export class Lines {
  private readonly of = new Map<string, Network>();

  add(items: readonly Network[]): void {
    for (const item of items) {
      const before = this.of.get(item.user);
      if (!before || Date.parse(item.at) >= Date.parse(before.at)) this.of.set(item.user, item);
    }
  }

  forget(before: number): void {
    for (const [user, item] of this.of) if (Date.parse(item.at) < before) this.of.delete(user);
  }

  newest(): ReadonlyMap<string, Network> {
    return new Map(this.of);
  }
}

/** Which figures of a check are beyond their limits. */
export function badOf(line: Network, limits: SystemLimits): { rtt: boolean; loss: boolean; mos: boolean; any: boolean } {
  const rtt = line.rtt_ms > limits.rtt_ms;
  const loss = line.loss_permille > limits.loss_permille;
  const mos = line.mos_x100 !== null && line.mos_x100 < limits.mos_x100;
  return { rtt, loss, mos, any: rtt || loss || mos };
}

const DAY_MS = 86_400_000;
/** Of what a process may have open. */
const DESCRIPTORS_SHARE = 0.8;
/** Records of the log: a webhook so far behind has a target that does not keep up. */
const LAG_LIMIT = 10_000;

export const daysUntil = (certificate: SystemCertificate, now: number): number | null => (certificate.until === null ? null : Math.floor((Date.parse(certificate.until) - now) / DAY_MS));

export type Section = "trunks" | "devices" | "certificates" | "disk" | "processes" | "webhooks";
export type AttentionWord =
  | "notReady"
  | "voiceAway"
  | "mediaAway"
  | "mediaRestarted"
  | "alarmQuality"
  | "alarmSlow"
  | "alarmFull"
  | "alarmFailed"
  | "alarmDrops"
  | "alarmOther"
  | "trunkDown"
  | "trunkRefused"
  | "trunkPart"
  | "certificateOver"
  | "certificateSoon"
  | "certificateBad"
  | "diskDays"
  | "diskFree"
  | "deviceMissing"
  | "deviceSilent"
  | "lineBad"
  | "descriptors"
  | "otherProgram"
  | "hookFailing"
  | "hookGone"
  | "hookBehind";

export interface Attention {
  id: string;
  word: AttentionWord;
  values: Record<string, string | number>;
  bad: boolean;
  section: Section;
}

const alarms: Record<string, [AttentionWord, boolean, Section] | null> = {
  "line quality": ["alarmQuality", false, "devices"],
  "the log is slow": ["alarmSlow", false, "disk"],
  "the disk is full": ["alarmFull", true, "disk"],
  "the log cannot be written": ["alarmFailed", true, "disk"],
  "the media process is gone": null, // the process itself says it
  "trunk down": null, // the trunk does
  "calls lost by the system": ["alarmDrops", true, "processes"],
};

const logStates = {
  good: "logGood",
  "disk nearly full": "logLow",
  "disk full": "logFull",
  "disk refuses": "logFailed",
  "another process has taken over": "logFenced",
} as const satisfies Record<string, TechWord>;

/** How the log is written; null: a state that this page does not know. "good" beside the alarm that it is slow would be two truths. */
export function logWord(system: Pick<System, "log" | "alarms">): (typeof logStates)[keyof typeof logStates] | "logSlow" | null {
  const word = logStates[system.log.state as keyof typeof logStates] ?? null;
  return word === "logGood" && system.alarms.includes("the log is slow") ? "logSlow" : word;
}

export function attentionOf(system: System, lines: ReadonlyMap<string, Network>, now: number): Attention[] {
  const found: Attention[] = [];
  const say = (word: AttentionWord, bad: boolean, section: Section, of = "", values: Attention["values"] = {}) => found.push({ id: `${word} ${of}`, word, values, bad, section });
  const names = new Map([...system.devices, ...system.without_device].map((one) => [one.agent, one.name]));

  if (!system.ready) say("notReady", true, "processes");
  if (!system.media) say("voiceAway", true, "processes");
  else if (!system.media.up) say("mediaAway", true, "processes");
  else if (system.media.restarts > 0) say("mediaRestarted", false, "processes", "", { n: system.media.restarts });
  for (const alarm of system.alarms) {
    const known = alarms[alarm];
    if (known) say(known[0], known[1], known[2]);
    else if (known === undefined) say("alarmOther", true, "processes", alarm, { what: alarm });
  }
  for (const trunk of system.trunks) {
    if (trunk.state === "down") say("trunkDown", true, "trunks", trunk.id, { id: trunk.id });
    else if (trunk.state === "refused") say("trunkRefused", true, "trunks", trunk.id, { id: trunk.id, status: trunk.last_status ?? 0 });
    else if (trunk.addresses_down > 0) say("trunkPart", false, "trunks", trunk.id, { id: trunk.id, n: trunk.addresses_down, all: trunk.addresses });
  }
  for (const certificate of system.certificates) {
    const days = daysUntil(certificate, now);
    const of = { use: certificate.use === "https" ? "HTTPS" : "SIP" };
    if (days === null) say("certificateBad", true, "certificates", of.use, of);
    else if (days < 0) say("certificateOver", true, "certificates", of.use, of);
    else if (days < system.limits.certificate_days) say("certificateSoon", false, "certificates", of.use, { ...of, days });
  }
  const { free_bytes: free, total_bytes: total, days_left: left } = system.disk;
  if (left !== null && left < system.limits.disk_days) say("diskDays", left < 2, "disk", "", { days: left });
  else if (free !== null && total !== null && total > 0 && (free * 100) / total < system.limits.disk_percent) say("diskFree", free * 50 < total, "disk", "", { percent: Math.floor((free * 100) / total) });
  for (const { agent, name } of system.without_device) say("deviceMissing", true, "devices", agent, { name });
  for (const device of silentOf(system)) say("deviceSilent", false, "devices", `${device.agent} ${device.from}`, { name: device.name });
  for (const [user, line] of lines) if (badOf(line, system.limits).any) say("lineBad", false, "devices", user, { name: names.get(user) ?? user });
  for (const process of system.processes) {
    if (process.descriptors !== null && process.descriptors_max !== null && process.descriptors > process.descriptors_max * DESCRIPTORS_SHARE)
      say("descriptors", true, "processes", process.name, { name: process.name, n: process.descriptors, max: process.descriptors_max });
    if (process.other_program && /^(serve|control|media)$/.test(process.name)) say("otherProgram", false, "processes", process.name, { name: process.name });
  }
  for (const hook of system.webhooks) {
    if (hook.state === "failing") say("hookFailing", false, "webhooks", hook.id, { host: hook.host });
    else if (hook.state === "gone") say("hookGone", true, "webhooks", hook.id, { host: hook.host });
    else if (hook.state === "active" && hook.lag > LAG_LIMIT) say("hookBehind", false, "webhooks", hook.id, { host: hook.host, n: hook.lag });
  }
  return [...found.filter((one) => one.bad), ...found.filter((one) => !one.bad)];
}

/** Registered, and yet silent; one of several that answers is enough. */
function silentOf(system: System): SystemDevice[] {
  const good = new Set(system.devices.filter((device) => device.reachable).map((device) => device.agent));
  return system.devices.filter((device) => !device.reachable && !good.has(device.agent));
}

export interface DeviceRow {
  device: SystemDevice;
  line: Network | null;
  trouble: boolean;
}

/** By name, always: nobody moves because something happens to somebody else. */
export function deviceRows(system: System, lines: ReadonlyMap<string, Network>): DeviceRow[] {
  return system.devices
    .map((device) => {
      const line = device.browser ? (lines.get(device.agent) ?? null) : null;
      return { device, line, trouble: !device.reachable || (line !== null && badOf(line, system.limits).any) };
    })
    .sort((a, b) => (a.device.name < b.device.name ? -1 : a.device.name > b.device.name ? 1 : a.device.from < b.device.from ? -1 : a.device.from > b.device.from ? 1 : 0));
}

