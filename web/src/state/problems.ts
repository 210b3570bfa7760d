/** The one trouble that is shown, and what it was about. */

import { signal } from "@preact/signals";

import type { Problem, ProblemKind } from "../voice/remedies.js";

export interface Shown extends Problem {
  /** What the person wanted, to be done again; null where there is nothing to try. */
  readonly again: (() => void) | null;
}

export const problem = signal<Shown | null>(null);
export const keyWanted = signal(false);

/** What the person last asked for, to be done again with a new key or when the server is back. */
let lastWish: (() => void) | null = null;

export function wishing(wish: () => void): void {
  lastWish = wish;
}

export function wishAgain(): void {
  clearProblem();
  lastWish?.();
}

const RETRIED: ReadonlySet<ProblemKind> = new Set(["unreachable", "refused", "microphone-denied", "microphone-missing", "microphone-busy", "microphone-lost"]);

export function report(found: Problem): void {
  problem.value = { ...found, again: RETRIED.has(found.kind) && lastWish !== null ? wishAgain : null };
  if (found.kind === "key" || found.kind === "key-unsendable") keyWanted.value = true;
}

export function clearProblem(...kinds: readonly ProblemKind[]): void {
  const shown = problem.value;
  if (shown !== null && (kinds.length === 0 || kinds.includes(shown.kind))) problem.value = null;
}
