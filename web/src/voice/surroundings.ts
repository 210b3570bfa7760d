/** What a talk needs of the world, and whom it tells what happens. */

import type { Message } from "../thread/turns.js";
import type { LineWorld } from "../wire/line.js";
import type { Voice } from "./playback.js";
import type { Problem } from "./remedies.js";

/** The world outside, so that a test can stand in for it. */
export interface Surroundings extends LineWorld {
  now(): number;
  newId(): string;
  readonly voice: Voice;
}

export interface TalkHooks {
  /** Thread, line or counters changed. */
  readonly changed: () => void;
  readonly problem: (problem: Problem) => void;
  readonly recovered: () => void;
  /** A response has ended, and with it a turn. */
  readonly turned: () => void;
  /** Something was written that nobody waited for. */
  readonly unasked: (message: Message) => void;
  /** The server did not take what was typed. */
  readonly refused: (text: string) => void;
}
