import type { Agent } from "../shared/api.gen";

export function Supervise({ agent }: { agent: Agent }) {
  void agent;
  return null;
}
