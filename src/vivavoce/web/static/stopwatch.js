/** Voice-to-voice time: from the user's last voiced sample to the first sample of the answer that is heard. */
import { milliseconds } from "./pcm.js";
/** Frames kept: a minute of 20 ms. A turn that ended longer ago has no time worth showing. */
const KEPT_FRAMES = 3_000;
/**
 * The input's sample clock, as the server counts it: the samples that were sent, not those that were
 * captured, so a dropped frame does not shift it.
 */
export class InputClock {
    frames = [];
    sent = 0;
    record(samples, capturedAt) {
        this.frames.push({ start: this.sent, end: this.sent + samples, capturedAt });
        this.sent += samples;
        if (this.frames.length > 2 * KEPT_FRAMES)
            this.frames = this.frames.slice(-KEPT_FRAMES);
    }
    /** When the sample at `ms` of the server's clock was captured, or null if it is not known (any more). */
    capturedAt(ms) {
        const frame = this.frames.find(({ end }) => milliseconds(end) >= ms);
        if (frame === undefined || milliseconds(frame.start) > ms)
            return null;
        return frame.capturedAt - (milliseconds(frame.end) - ms);
    }
    reset() {
        this.frames = [];
        this.sent = 0;
    }
}
/** One question, one answer: armed when the user is done, read when the answer begins to sound. */
export class Stopwatch {
    since = null;
    arm(at) {
        this.since = at;
    }
    disarm() {
        this.since = null;
    }
    /** The time since the user was done; null for an answer to nothing, such as a second item of one reply. */
    read(at) {
        if (this.since === null)
            return null;
        const elapsed = Math.max(0, at - this.since);
        this.since = null;
        return elapsed;
    }
}
