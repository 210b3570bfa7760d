/** How the assistant behaves in a conversation, as the person likes it; kept in this browser. */

import { isRecord } from "../wire/items.js";

/** The contract's "medium" is its "auto". */
export const EAGERNESS = ["auto", "low", "high"] as const;

export interface Manners {
  /** How soon a pause is taken for the end: "low" waits longest. */
  readonly eagerness: (typeof EAGERNESS)[number];
  /** A word such as "Well," at once when the answer takes longer. */
  readonly openers: boolean;
  /** "Mm-hm" while somebody speaks for long. */
  readonly listeningSignals: boolean;
  /** After half a minute without a word it asks whether one is still there. */
  readonly idlePrompts: boolean;
  /** What is said to somebody else is not answered. */
  readonly ignoreSideTalk: boolean;
}

export const DEFAULT_MANNERS: Manners = {
  eagerness: "auto",
  openers: true,
  listeningSignals: false,
  idlePrompts: false,
  ignoreSideTalk: false,
};

/** The default of whatever is missing or is nothing that we wrote. */
export function readManners(value: unknown): Manners {
  const kept = isRecord(value) ? value : {};
  const eagerness = EAGERNESS.find((name) => name === kept["eagerness"]) ?? DEFAULT_MANNERS.eagerness;
  const flag = (name: Exclude<keyof Manners, "eagerness">): boolean => {
    const value = kept[name];
    return typeof value === "boolean" ? value : DEFAULT_MANNERS[name];
  };
  return {
    eagerness,
    openers: flag("openers"),
    listeningSignals: flag("listeningSignals"),
    idlePrompts: flag("idlePrompts"),
    ignoreSideTalk: flag("ignoreSideTalk"),
  };
}
