/** Voice-to-voice time: from the user's last voiced sample to the first sample of the answer that is heard. */

import { milliseconds } from "./pcm.js";

/**
 * A frame this far below the turn's loudest is silence (-26 dB): weak last syllables lie above it, and a
 * room behind the browser's noise suppression lies below.
 */
const SILENCE = 0.05;
/** Frames kept: a minute of 20 ms. A turn that ended longer ago has no time worth showing. */
const KEPT_FRAMES = 3_000;

interface Sent {
  /** Samples sent before this frame, and up to its end. */
  readonly start: number;
  readonly end: number;
  /** When its last sample was captured, in ms of the page's clock. */
  readonly capturedAt: number;
  readonly level: number;
}

/**
 * The input's sample clock, as the server counts it: the samples that were sent, not those that were
 * captured, so a dropped frame does not shift it.
 */
export class InputClock {
  private frames: Sent[] = [];
  private sent = 0;

  record(samples: number, capturedAt: number, level: number): void {
    this.frames.push({ start: this.sent, end: this.sent + samples, capturedAt, level });
    this.sent += samples;
    if (this.frames.length > 2 * KEPT_FRAMES) this.frames = this.frames.slice(-KEPT_FRAMES);
  }

  /**
   * When the last voiced sample of the speech between two times of the server's clock was captured, or null
   * if that is not known (any more). Servers differ in whether `audio_end_ms` is where the voice ended or
   * where they stopped waiting for more, so silence before it is taken off by our own ears.
   */
  lastVoiced(startMs: number, endMs: number): number | null {
    const spoken = this.frames.filter(({ start, end }) => milliseconds(end) > startMs && milliseconds(start) < endMs);
    const loudest = spoken.reduce((peak, { level }) => Math.max(peak, level), 0);
    const last = spoken.findLast(({ level }) => level >= loudest * SILENCE);
    if (last === undefined) return null;
    return last.capturedAt - Math.max(0, milliseconds(last.end) - endMs);
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
