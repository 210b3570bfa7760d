/** Voice-to-voice time: from the user's last voiced sample to the first sample of the answer that is heard. */

import { milliseconds } from "./pcm.js";

/**
 * A frame this far below the turn's loudest is silence (-26 dB): weak last syllables lie above it, and a
 * room behind the browser's noise suppression lies below.
 */
const SILENCE = 0.05;
/** Frames kept: a minute of 20 ms. A turn that ended longer ago has no time worth showing. */
const KEPT_FRAMES = 3_000;

/** A server has noticed speech that long after it began, the way of the network included. */
const NOTICED_WITHIN_MS = 1_000;

export interface Heard {
  readonly pcm: Int16Array;
  readonly capturedAt: number;
  readonly level: number;
}

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

  get nowMs(): number {
    return milliseconds(this.sent);
  }

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

/** One question, one answer: armed when the user is done, read when the answer begins to be heard or read. */
export class TurnTimer {
  private readonly clock = new InputClock();
  private since: number | null = null;
  private startMs = 0;

  record(frame: Heard): void {
    this.clock.record(frame.pcm.length, frame.capturedAt, frame.level);
  }

  /** `startMs`: on the clock of the samples sent; null over WebRTC, whose server counts on a clock of its own. */
  speechStarted(startMs: number | null): void {
    this.since = null;
    this.startMs = startMs ?? Math.max(0, this.clock.nowMs - NOTICED_WITHIN_MS);
  }

  /** When the user's last voiced sample was captured. */
  speechStopped(endMs: number | null): number | null {
    return this.clock.lastVoiced(this.startMs, endMs ?? Infinity);
  }

  /** Null: nothing is waited for. */
  arm(at: number | null): void {
    this.since = at;
  }

  /** The time since the user was done; null for an answer to nothing, such as a second item of one reply. */
  read(at: number): number | null {
    if (this.since === null) return null;
    const elapsed = Math.max(0, at - this.since);
    this.since = null;
    return elapsed;
  }

  reset(): void {
    this.clock.reset();
  }
}
