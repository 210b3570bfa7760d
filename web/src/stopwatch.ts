/** Voice-to-voice time: from the user's last voiced sample to the first sample of the answer that is heard. */

import { milliseconds } from "./pcm.js";

/** Frames kept: a minute of 20 ms. A turn that ended longer ago has no time worth showing. */
const KEPT_FRAMES = 3_000;

interface Sent {
  /** Samples sent before this frame, and up to its end. */
  readonly start: number;
  readonly end: number;
  /** When its last sample was captured, in ms of the page's clock. */
  readonly capturedAt: number;
}

/**
 * The input's sample clock, as the server counts it: the samples that were sent, not those that were
 * captured, so a dropped frame does not shift it.
 */
export class InputClock {
  private frames: Sent[] = [];
  private sent = 0;

  record(samples: number, capturedAt: number): void {
    this.frames.push({ start: this.sent, end: this.sent + samples, capturedAt });
    this.sent += samples;
    if (this.frames.length > 2 * KEPT_FRAMES) this.frames = this.frames.slice(-KEPT_FRAMES);
  }

  /** When the sample at `ms` of the server's clock was captured, or null if it is not known (any more). */
  capturedAt(ms: number): number | null {
    const frame = this.frames.find(({ end }) => milliseconds(end) >= ms);
    if (frame === undefined || milliseconds(frame.start) > ms) return null;
    return frame.capturedAt - (milliseconds(frame.end) - ms);
  }

  reset(): void {
    this.frames = [];
    this.sent = 0;
  }
}

/** One question, one answer: armed when the user is done, read when the answer begins to sound. */
export class Stopwatch {
  private since: number | null = null;

  arm(at: number | null): void {
    this.since = at;
  }

  disarm(): void {
    this.since = null;
  }

  /** The time since the user was done; null for an answer to nothing, such as a second item of one reply. */
  read(at: number): number | null {
    if (this.since === null) return null;
    const elapsed = Math.max(0, at - this.since);
    this.since = null;
    return elapsed;
  }
}
