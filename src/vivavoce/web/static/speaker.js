/** The loudspeaker: queued sound, and the truth about what was heard of it. */
import { RATE } from "./pcm.js";
/** An audio thread that does not answer within this time is not running, and then nothing sounds either. */
const FLUSH_DEADLINE_MS = 250;
export class Speaker {
    context;
    node;
    hooks;
    waiting = [];
    constructor(context, node, hooks) {
        this.context = context;
        this.node = node;
        this.hooks = hooks;
        node.port.onmessage = ({ data }) => this.take(data);
        node.connect(context.destination);
    }
    static async open(context, hooks) {
        await context.audioWorklet.addModule(new URL("worklets/player.js", import.meta.url));
        const node = new AudioWorkletNode(context, "vivavoce-player", { numberOfInputs: 0, outputChannelCount: [1] });
        return new Speaker(context, node, hooks);
    }
    push(item, samples) {
        this.command({ kind: "push", item, samples }, [samples.buffer]);
    }
    /** Plays at `gain` from now on; 0 pauses at the sample, and 1 goes on from it. */
    volume(gain) {
        this.command({ kind: "volume", gain });
    }
    /** Silence at once. Resolves with the items that lost sound, and how much of each was heard. */
    flush() {
        return new Promise((resolve) => {
            const deadline = setTimeout(() => resolve([]), FLUSH_DEADLINE_MS);
            this.waiting.push((cuts) => {
                clearTimeout(deadline);
                resolve(cuts);
            });
            this.command({ kind: "flush" });
        });
    }
    command(command, transfer = []) {
        this.node.port.postMessage(command, transfer);
    }
    take(report) {
        switch (report.kind) {
            case "started":
                return this.hooks.started(report.item, this.heardAt(report.frame));
            case "progress":
                return this.hooks.progress(report.item, this.heard(report.played), report.level);
            case "drained":
                return this.hooks.drained(report.item, report.played);
            case "flushed":
                return this.flushed(report.cuts.map(({ item, played }) => ({ item, played: this.heard(played) })));
        }
    }
    /** Flushes that meet in one block of sound share its answer. */
    flushed(cuts) {
        const waiting = this.waiting;
        this.waiting = [];
        waiting.forEach((answer) => answer(cuts));
    }
    /** Samples handed to the device are heard only after its latency. */
    heard(played) {
        return Math.max(0, Math.round(played - this.latency() * RATE));
    }
    heardAt(frame) {
        const ahead = frame / this.context.sampleRate - this.context.currentTime;
        return performance.now() + (ahead + this.latency()) * 1000;
    }
    /** In seconds. Safari before 18 does not tell its output latency. */
    latency() {
        return this.context.outputLatency || this.context.baseLatency || 0;
    }
}
