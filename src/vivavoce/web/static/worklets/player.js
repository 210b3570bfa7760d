/**
 * The loudspeaker's end of the audio thread: plays what is queued, knows to the sample how much of
 * which item was played, falls silent at once when told to, and can pause at a sample and go on from it. One file without imports, because not
 * every browser resolves imports in a worklet.
 */
/** 5 ms at 24 kHz: speech cut without a slope clicks. */
const FADE_SAMPLES = 120;
/** Blocks of 128 samples between two progress reports: 43 ms at 24 kHz. */
const REPORT_BLOCKS = 8;
/** Queued sound, item by item. Pulling tells which items began in the block and where. */
export class SampleQueue {
    chunks = [];
    /** Samples of the first chunk that were played. */
    offset = 0;
    counts = new Map();
    get empty() {
        return this.chunks.length === 0;
    }
    push(item, samples) {
        if (samples.length > 0)
            this.chunks.push({ item, samples });
    }
    played(item) {
        return this.counts.get(item) ?? 0;
    }
    /** Fills `out` from the queue, the rest with silence. */
    pull(out) {
        let filled = 0;
        let item = null;
        const started = [];
        for (let chunk = this.chunks[0]; chunk !== undefined && filled < out.length; chunk = this.chunks[0]) {
            const part = chunk.samples.subarray(this.offset, this.offset + out.length - filled);
            if (this.played(chunk.item) === 0)
                started.push({ item: chunk.item, at: filled });
            out.set(part, filled);
            item = chunk.item;
            filled += part.length;
            this.advance(chunk, part.length);
        }
        out.fill(0, filled);
        return { filled, item, started };
    }
    /** Forgets all that waits; tells the items that lost sound and how much of each was played. */
    flush() {
        const items = [...new Set(this.chunks.map((chunk) => chunk.item))];
        this.chunks = [];
        this.offset = 0;
        return items.map((item) => ({ item, played: this.played(item) }));
    }
    advance(chunk, samples) {
        this.counts.set(chunk.item, this.played(chunk.item) + samples);
        this.offset += samples;
        if (this.offset < chunk.samples.length)
            return;
        this.chunks.shift();
        this.offset = 0;
    }
}
class Player extends AudioWorkletProcessor {
    queue = new SampleQueue();
    flushing = false;
    playing = null;
    blocks = 0;
    level = 0;
    gain = 1;
    target = 1;
    constructor() {
        super();
        this.port.onmessage = ({ data }) => {
            if (data.kind === "push")
                this.queue.push(data.item, data.samples);
            else if (data.kind === "volume")
                this.target = data.gain;
            else
                this.flushing = true;
        };
    }
    process(_inputs, outputs) {
        const out = outputs[0]?.[0];
        if (out === undefined)
            return true;
        out.fill(0);
        const { filled, item, started } = this.queue.pull(out.subarray(0, this.audible(out.length)));
        this.shape(out);
        for (const { item: begun, at } of started)
            this.report({ kind: "started", item: begun, frame: currentFrame + at });
        if (filled > 0)
            this.note(out, item);
        if (this.flushing)
            this.finishFlush(out);
        else if (this.playing !== null && this.queue.empty)
            this.finishItem();
        return true;
    }
    /** How many of the next samples are played: on the way to a pause, those before it. */
    audible(most) {
        return this.target === 0 && !this.flushing ? Math.min(most, Math.round(this.gain * FADE_SAMPLES)) : most;
    }
    /** Moves the gain towards its target, sample by sample: a step would click. */
    shape(out) {
        if (this.gain === 1 && this.target === 1)
            return;
        for (let index = 0; index < out.length; index++) {
            const away = this.target - this.gain;
            this.gain = Math.abs(away) <= 1 / FADE_SAMPLES ? this.target : this.gain + Math.sign(away) / FADE_SAMPLES;
            out[index] = out[index] * this.gain;
        }
    }
    note(out, item) {
        this.playing = item;
        this.level = Math.max(this.level, rootMeanSquare(out));
        if (++this.blocks < REPORT_BLOCKS)
            return;
        this.report({ kind: "progress", item, played: this.queue.played(item), level: this.level });
        this.blocks = 0;
        this.level = 0;
    }
    /** This block fades out and is the last that is heard. */
    finishFlush(out) {
        for (let index = 0; index < out.length; index++) {
            out[index] = out[index] * Math.max(0, 1 - index / FADE_SAMPLES);
        }
        this.report({ kind: "flushed", cuts: this.queue.flush() });
        this.flushing = false;
        this.playing = null;
        this.gain = 1;
        this.target = 1;
    }
    finishItem() {
        const item = this.playing;
        this.playing = null;
        this.report({ kind: "drained", item, played: this.queue.played(item) });
    }
    report(report) {
        this.port.postMessage(report);
    }
}
function rootMeanSquare(block) {
    const energy = block.reduce((sum, sample) => sum + sample * sample, 0);
    return Math.sqrt(energy / block.length);
}
registerProcessor("vivavoce-player", Player);
