// What a supervisor is shown, computed from the live state alone: agents in a fixed order, and what needs attention, worst first.
import type { Agent, Alert, Assignment, Contact, Directory, Standing } from "../shared/api.gen";
import type { Live } from "../shared/feed";
import { levelOfService } from "../shared/figures";
import { goalOf } from "../shared/target";

export type Doing = "offline" | "notReady" | "ready" | "offered" | "talking" | "held" | "wrapup";

const states: Record<string, Doing> = { talking: "talking", "on hold": "held", offered: "offered", "wrap-up": "wrapup" };
const order: Doing[] = ["talking", "held", "offered", "wrapup"];

export interface AgentRow {
  agent: Agent;
  doing: Doing;
  /** In this state since; null: not known. */
  since: number | null;
  /** What is in hand, of it the part that `doing` comes from. */
  part: Assignment | null;
}

/** What an agent does: the contact in hand counts more than the presence. */
export function rowOf(agent: Agent): AgentRow {
  for (const doing of order) {
    const part = agent.assignments.find((one) => states[one.state] === doing);
    if (part) return { agent, doing, since: Date.parse(part.since), part };
  }
  const doing: Doing = agent.presence === "ready" ? "ready" : agent.presence === "offline" ? "offline" : "notReady";
  return { agent, doing, since: agent.since ? Date.parse(agent.since) : null, part: null };
}

/** By their own teams, then as the description has them: nobody moves because his state changes, or because he is lent. */
export function agentRows(live: Live, directory: Directory | null, team: string): AgentRow[] {
  const place = new Map(directory?.agents.map((agent, at) => [agent.id, at]) ?? []);
  const teams = new Map(directory?.teams.map((id, at) => [id, at]) ?? []);
  const of = (agent: Agent) => (agent.own_team === null ? teams.size : (teams.get(agent.own_team) ?? teams.size));

  return [...live.agents.values()]
    .filter((agent) => team === "" || agent.team === team)
    .sort((a, b) => of(a) - of(b) || (place.get(a.id) ?? 1e9) - (place.get(b.id) ?? 1e9) || (a.id < b.id ? -1 : 1))
    .map(rowOf);
}

/** Who stands in line, the one who waits longest first; who rings has a place in it until somebody answers. A call to a colleague that rings waits in no queue. */
export function waitingOf(live: Live): Contact[] {
  return [...live.contacts.values()]
    .filter((contact) => contact.queue !== null && (contact.place === "queue" || contact.place === "ringing"))
    .sort((a, b) => Date.parse(a.arrived) - Date.parse(b.arrived) || (a.id < b.id ? -1 : 1));
}

export function queueRows(live: Live, directory: Directory | null): Standing[] {
  const place = new Map(directory?.queues.map((queue, at) => [queue.id, at]) ?? []);

  return [...live.standings.values()]
    .filter((standing) => standing.scope === "queue")
    .sort((a, b) => (place.get(a.key ?? "") ?? 1e9) - (place.get(b.key ?? "") ?? 1e9) || (a.id < b.id ? -1 : 1));
}

export const limits = {
  /** Waiting so many times the queue's limit. */
  waitTimes: 3,
  /** Fewer contacts than this in half an hour say nothing of the service level. */
  decided: 5,
  talkMs: 600_000,
  talkTimes: 3,
  heldMs: 120_000,
  notReadyMs: 1_800_000,
  wrapupLateMs: 0,
};

export type Kind = "help" | "alert" | "noAgents" | "wait" | "level" | "phone" | "held" | "talk" | "wrapup" | "notReady";

export interface Item {
  id: string;
  kind: Kind;
  level: "bad" | "warn";
  since: number | null;
  agent?: string;
  queue?: string;
  contact?: string;
  /** Of the description's limits; whoever has seen it says so. */
  alert?: Alert;
  /** For the sentence. */
  values: Record<string, number | string>;
}

const kinds: Kind[] = ["help", "alert", "noAgents", "wait", "level", "phone", "held", "talk", "wrapup", "notReady"];

function ofQueue(queue: Standing, at: number): Item[] {
  const key = queue.key ?? "";
  const wait = queue.oldest ? at - Date.parse(queue.oldest) : 0;
  const items: Item[] = [];
  const agents = queue.agents_ready + queue.agents_busy;

  if (queue.waiting > 0 && agents === 0)
    items.push({ id: `noAgents:${key}`, kind: "noAgents", level: "bad", since: queue.oldest ? Date.parse(queue.oldest) : null, queue: key, values: { waiting: queue.waiting } });
  else if (queue.level_ms !== null && queue.level_ms > 0 && wait > queue.level_ms * limits.waitTimes)
    items.push({ id: `wait:${key}`, kind: "wait", level: wait > queue.level_ms * limits.waitTimes * 2 ? "bad" : "warn", since: Date.parse(queue.oldest!), queue: key, values: { waiting: queue.waiting, limit: queue.level_ms } });
  const share = queue.recent.service_level_1;
  const target = goalOf(queue, "service_level_1")?.target ?? null;
  const level = levelOfService(share, target === null ? null : target * 100);
  if ((queue.recent.answered ?? 0) + (queue.recent.abandoned ?? 0) >= limits.decided && (level === "warn" || level === "bad"))
    items.push({ id: `level:${key}`, kind: "level", level, since: null, queue: key, values: { share: share ?? 0, target: target ?? 0 } });
  return items;
}

function ofAgent(row: AgentRow, live: Live, at: number): Item[] {
  const { agent, doing, since, part } = row;
  const age = since === null ? 0 : at - since;
  const one = (kind: Kind, level: Item["level"], values: Item["values"] = {}): Item[] => [
    { id: `${kind}:${agent.id}`, kind, level, since, agent: agent.id, ...(part?.contact ? { contact: part.contact } : {}), ...(part?.queue ? { queue: part.queue } : {}), values },
  ];

  const help = agent.help;
  if (help?.state === "raised") return [{ ...one("help", "bad")[0]!, since: Date.parse(help.since) }];
  if (agent.presence === "ready" && !agent.phone) return one("phone", "bad");
  if (doing === "held" && age > limits.heldMs) return one("held", age > limits.heldMs * 2 ? "bad" : "warn");
  if (doing === "talking") {
    const usual = live.standings.get(`queue:${part?.queue ?? ""}`)?.today.aht ?? null;
    const limit = usual === null ? limits.talkMs : Math.max(limits.talkMs / 2, usual * limits.talkTimes);
    return age > limit ? one("talk", "warn") : [];
  }
  if (doing === "wrapup" && part?.due && at > Date.parse(part.due) + limits.wrapupLateMs) return one("wrapup", "warn");
  if (doing === "notReady" && age > limits.notReadyMs) return one("notReady", "warn", { reason: agent.reason ?? "" });
  return [];
}

/** What an alert makes superfluous: this page's own judgement of the same thing. */
const covers: Record<Alert["kind"], Kind[]> = { waiting: ["wait"], "longest wait": ["wait"], "service level": ["level"], abandoned: [], "not ready": ["notReady"], talk: ["talk"], line: [] };

/** Those of the agents and queues that are shown; what somebody has seen to is a warning still. */
function ofAlerts(alerts: readonly Alert[], rows: AgentRow[], queues: Standing[]): Item[] {
  return alerts
    .filter((alert) => (alert.agent !== null ? rows.some((row) => row.agent.id === alert.agent) : queues.some((queue) => queue.key === alert.queue)))
    .map((alert) => ({
      id: `alert:${alert.kind}:${alert.agent ?? alert.queue}`,
      kind: "alert",
      level: alert.state === "seen" ? "warn" : "bad",
      since: Date.parse(alert.since),
      alert,
      ...(alert.agent !== null ? { agent: alert.agent } : {}),
      ...(alert.queue !== null ? { queue: alert.queue } : {}),
      values: {},
    }));
}

/** Worst first; then by kind, then the oldest; the same things in the same order, so that rows do not jump. */
export function attention(live: Live, rows: AgentRow[], queues: Standing[], at: number): Item[] {
  const alerts = ofAlerts(live.alerts, rows, queues);
  const covered = new Set(alerts.flatMap((item) => covers[item.alert!.kind].map((kind) => `${kind}:${item.agent ?? item.queue}`)));
  const items = [...alerts, ...[...queues.flatMap((queue) => ofQueue(queue, at)), ...rows.flatMap((row) => ofAgent(row, live, at))].filter((item) => !covered.has(item.id))];

  return items.sort(
    (a, b) =>
      Number(b.level === "bad") - Number(a.level === "bad") ||
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
      (a.since ?? 0) - (b.since ?? 0) ||
      (a.id < b.id ? -1 : 1),
  );
}

/** "15.00": a full or half hour at least half an hour ahead, as a time of this browser's day. */
export function untilChoices(at: number): Date[] {
  const first = new Date(at + 30 * 60_000);
  first.setMinutes(first.getMinutes() < 30 ? 30 : 60, 0, 0);
  return Array.from({ length: 8 }, (_, i) => new Date(first.getTime() + i * 30 * 60_000));
}
