/** Threads by when they were last spoken in, as people remember them. */

import type { Conversation } from "../wire/conversations.js";

export type Group = "pinned" | "today" | "yesterday" | "week" | "older";

const GROUPS: readonly Group[] = ["pinned", "today", "yesterday", "week", "older"];
const DAY_MS = 86_400_000;

/** Without the groups that are empty; the order inside a group stays. */
export function grouped(conversations: readonly Conversation[], now: Date): readonly (readonly [Group, readonly Conversation[]])[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const groupOf = ({ pinned, updated }: Conversation): Group => {
    if (pinned) return "pinned";
    const at = updated * 1000;
    if (at >= midnight) return "today";
    if (at >= midnight - DAY_MS) return "yesterday";
    return at >= midnight - 7 * DAY_MS ? "week" : "older";
  };
  const sorted = GROUPS.map((group) => [group, conversations.filter((one) => groupOf(one) === group)] as const);
  return sorted.filter(([, found]) => found.length > 0);
}
