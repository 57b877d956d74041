// Skills, queues and teams by hand: what is asked for, what was there before, and how that is asked for again.
import type { Agent, AgentChange, ChangesBody, ChangeResult } from "../shared/api.gen";

/** "" leaves it alone; "described" is as the description has it. */
export type SkillWish = "" | "described" | `${number}`;
export type QueueWish = "" | "described" | "yes" | "no";

export type TeamWish = "" | "described" | `to ${string}`;

export interface Wish {
  skills: Record<string, SkillWish>;
  queues: Record<string, QueueWish>;
  /** In which they work meanwhile. */
  team: TeamWish;
  /** Null: for good. */
  until: Date | null;
}

export const noWish: Omit<Wish, "until"> = { skills: {}, queues: {}, team: "" };

export const isEmpty = (wish: Omit<Wish, "until">): boolean => [...Object.values(wish.skills), ...Object.values(wish.queues), wish.team].every((one) => one === "");

type Parts = Required<Pick<ChangesBody, "skills" | "queues">> & Pick<ChangesBody, "team">;

const isNothing = (parts: Parts): boolean => parts.skills.length + parts.queues.length === 0 && parts.team === undefined;

const bodyOf = (agents: string[], parts: Parts, until: string | null): ChangesBody => ({
  agents,
  ...(parts.skills.length ? { skills: parts.skills } : {}),
  ...(parts.queues.length ? { queues: parts.queues } : {}),
  ...(parts.team !== undefined ? { team: parts.team } : {}),
  ...(until ? { until } : {}),
});

/** What has an end and what has none are two requests. */
export function bodies(wish: Wish, agents: string[]): ChangesBody[] {
  const made: Parts = { skills: [], queues: [] };
  const described: Parts = { skills: [], queues: [] };

  for (const [skill, level] of Object.entries(wish.skills)) {
    if (level === "described") described.skills.push({ skill });
    else if (level !== "") made.skills.push({ skill, level: Number(level) });
  }
  for (const [queue, serves] of Object.entries(wish.queues)) {
    if (serves === "described") described.queues.push({ queue });
    else if (serves !== "") made.queues.push({ queue, serves: serves === "yes" });
  }
  if (wish.team === "described") described.team = null;
  else if (wish.team !== "") made.team = wish.team.slice(3);
  return [
    ...(isNothing(made) ? [] : [bodyOf(agents, made, wish.until?.toISOString() ?? null)]),
    ...(isNothing(described) ? [] : [bodyOf(agents, described, null)]),
  ];
}

const changeOf = (agent: Agent | undefined, key: { skill?: string; queue?: string }): AgentChange | undefined =>
  agent?.changes.find((one) => (key.skill ? one.skill === key.skill : key.queue ? one.queue === key.queue : one.team !== null));

/** Brings back what these agents had of what the wish touches; those who had the same are asked for together. */
export function undoOf(wish: Wish, agents: (Agent | undefined)[], at: number): ChangesBody[] {
  const groups = new Map<string, ChangesBody>();
  const add = (agent: Agent, parts: Parts, until: string | null) => {
    const key = JSON.stringify([parts, until]);
    const group = groups.get(key);
    if (group) group.agents.push(agent.id);
    else groups.set(key, bodyOf([agent.id], parts, until));
  };
  const touchedSkills = Object.keys(wish.skills).filter((one) => wish.skills[one] !== "");
  const touchedQueues = Object.keys(wish.queues).filter((one) => wish.queues[one] !== "");

  for (const agent of agents) {
    if (!agent) continue;
    const byEnd = new Map<string, Parts>();
    const partsOf = (end: string) => {
      let parts = byEnd.get(end);
      if (!parts) byEnd.set(end, (parts = { skills: [], queues: [] }));
      return parts;
    };
    const endOf = (was: AgentChange | undefined) => (was?.until && Date.parse(was.until) > at ? was.until : "");
    const held = (was: AgentChange | undefined) => was && (was.until === null || Date.parse(was.until) > at);
    for (const skill of touchedSkills) {
      const was = changeOf(agent, { skill });
      partsOf(endOf(was)).skills.push(held(was) && was?.level != null ? { skill, level: was.level } : { skill });
    }
    for (const queue of touchedQueues) {
      const was = changeOf(agent, { queue });
      partsOf(endOf(was)).queues.push(held(was) && was?.serves != null ? { queue, serves: was.serves } : { queue });
    }
    if (wish.team !== "") {
      const was = changeOf(agent, {});
      partsOf(endOf(was)).team = held(was) ? (was?.team ?? null) : null;
    }
    for (const [end, parts] of byEnd) add(agent, parts, end || null);
  }
  return [...groups.values()];
}

/** Of several answers about the same agents: done where all are. */
export function joined(answers: ChangeResult[][]): ChangeResult[] {
  const all = new Map<string, ChangeResult>();

  for (const one of answers.flat()) if (all.get(one.agent)?.done !== false) all.set(one.agent, one);
  return [...all.values()];
}
