/** The loudspeaker: queued sound, and the truth about what was heard of it. */

import { RATE } from "./pcm.js";
import type { Cut, PlayerCommand, PlayerReport } from "./worklets/player.js";
import playerWorklet from "./worklets/player.ts?worker&url";

export interface SpeakerHooks {
  /** The first sample of `item` sounds at `at`, in ms of `performance.now()`. */
  readonly started: (item: string, at: number) => void;
  /** `played` samples of `item` have sounded in all. `level` is the loudness of late, 0 to 1. */
  readonly progress: (item: string, played: number, level: number) => void;
  /** All that was queued has sounded. */
  readonly drained: (item: string, played: number) => void;
}

/** An audio thread that does not answer within this time is not running, and then nothing sounds either. */
const FLUSH_DEADLINE_MS = 250;

export class Speaker {
  private waiting: ((cuts: readonly Cut[]) => void)[] = [];

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly hooks: SpeakerHooks,
  ) {
    node.port.onmessage = ({ data }: MessageEvent<PlayerReport>) => this.take(data);
    node.connect(context.destination);
  }

  static async open(context: AudioContext, hooks: SpeakerHooks): Promise<Speaker> {
    await context.audioWorklet.addModule(playerWorklet);
    const node = new AudioWorkletNode(context, "vivavoce-player", { numberOfInputs: 0, outputChannelCount: [1] });
    return new Speaker(context, node, hooks);
  }

  push(item: string, samples: Float32Array<ArrayBuffer>): void {
    this.command({ kind: "push", item, samples }, [samples.buffer]);
  }

  /** Plays at `gain` from now on; 0 pauses at the sample, and 1 goes on from it. */
  volume(gain: number): void {
    this.command({ kind: "volume", gain });
  }

  /** Silence at once. Resolves with the items that lost sound, and how much of each was heard. */
  flush(): Promise<readonly Cut[]> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => resolve([]), FLUSH_DEADLINE_MS);
      this.waiting.push((cuts) => {
        clearTimeout(deadline);
        resolve(cuts);
      });
      this.command({ kind: "flush" });
    });
  }

  private command(command: PlayerCommand, transfer: Transferable[] = []): void {
    this.node.port.postMessage(command, transfer);
  }

  private take(report: PlayerReport): void {
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
  private flushed(cuts: readonly Cut[]): void {
    const waiting = this.waiting;
    this.waiting = [];
    waiting.forEach((answer) => answer(cuts));
  }

  /** Samples handed to the device are heard only after its latency. */
  private heard(played: number): number {
    return Math.max(0, Math.round(played - this.latency() * RATE));
  }

  private heardAt(frame: number): number {
    const ahead = frame / this.context.sampleRate - this.context.currentTime;
    return performance.now() + (ahead + this.latency()) * 1000;
  }

  /** In seconds. Safari before 18 does not tell its output latency. */
  private latency(): number {
    return this.context.outputLatency || this.context.baseLatency || 0;
  }
}
