/**
 * The loudspeaker's end of the audio thread: plays what is queued, knows to the sample how much of
 * which item was played, falls silent at once when told to, and can pause at a sample and go on from it. One file without imports, because not
 * every browser resolves imports in a worklet.
 */

declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** 5 ms at 24 kHz: speech cut without a slope clicks. */
const FADE_SAMPLES = 120;
/** Blocks of 128 samples between two progress reports: 43 ms at 24 kHz. */
const REPORT_BLOCKS = 8;

export interface Cut {
  readonly item: string;
  /** Samples of this item that were played in all. */
  readonly played: number;
}

export type PlayerCommand =
  | { readonly kind: "push"; readonly item: string; readonly samples: Float32Array }
  /** Play at `gain` from now on; 0 pauses, and a later gain goes on from the sample that was reached. */
  | { readonly kind: "volume"; readonly gain: number }
  | { readonly kind: "flush" };

export type PlayerReport =
  /** The first sample of `item` was played at the context's frame `frame`. */
  | { readonly kind: "started"; readonly item: string; readonly frame: number }
  | { readonly kind: "progress"; readonly item: string; readonly played: number; readonly level: number }
  /** All that was queued has been played. */
  | { readonly kind: "drained"; readonly item: string; readonly played: number }
  /** The answer to "flush": the items that lost sound. */
  | { readonly kind: "flushed"; readonly cuts: readonly Cut[] };

interface Chunk {
  readonly item: string;
  readonly samples: Float32Array;
}

/** Queued sound, item by item. Pulling tells which items began in the block and where. */
export class SampleQueue {
  private chunks: Chunk[] = [];
  /** Samples of the first chunk that were played. */
  private offset = 0;
  private readonly counts = new Map<string, number>();

  get empty(): boolean {
    return this.chunks.length === 0;
  }

  push(item: string, samples: Float32Array): void {
    if (samples.length > 0) this.chunks.push({ item, samples });
  }

  played(item: string): number {
    return this.counts.get(item) ?? 0;
  }

  /** Fills `out` from the queue, the rest with silence. */
  pull(out: Float32Array): { filled: number; item: string | null; started: { item: string; at: number }[] } {
    let filled = 0;
    let item: string | null = null;
    const started: { item: string; at: number }[] = [];
    for (let chunk = this.chunks[0]; chunk !== undefined && filled < out.length; chunk = this.chunks[0]) {
      const part = chunk.samples.subarray(this.offset, this.offset + out.length - filled);
      if (this.played(chunk.item) === 0) started.push({ item: chunk.item, at: filled });
      out.set(part, filled);
      item = chunk.item;
      filled += part.length;
      this.advance(chunk, part.length);
    }
    out.fill(0, filled);
    return { filled, item, started };
  }

  /** Forgets all that waits; tells the items that lost sound and how much of each was played. */
  flush(): Cut[] {
    const items = [...new Set(this.chunks.map((chunk) => chunk.item))];
    this.chunks = [];
    this.offset = 0;
    return items.map((item) => ({ item, played: this.played(item) }));
  }

  private advance(chunk: Chunk, samples: number): void {
    this.counts.set(chunk.item, this.played(chunk.item) + samples);
    this.offset += samples;
    if (this.offset < chunk.samples.length) return;
    this.chunks.shift();
    this.offset = 0;
  }
}

class Player extends AudioWorkletProcessor {
  private readonly queue = new SampleQueue();
  private flushing = false;
  private playing: string | null = null;
  private blocks = 0;
  private level = 0;
  private gain = 1;
  private target = 1;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<PlayerCommand>) => {
      if (data.kind === "push") this.queue.push(data.item, data.samples);
      else if (data.kind === "volume") this.target = data.gain;
      else this.flushing = true;
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (out === undefined) return true;
    out.fill(0);
    const { filled, item, started } = this.queue.pull(out.subarray(0, this.audible(out.length)));
    this.shape(out);
    for (const { item: begun, at } of started) this.report({ kind: "started", item: begun, frame: currentFrame + at });
    if (filled > 0) this.note(out, item as string);
    if (this.flushing) this.finishFlush(out);
    else if (this.playing !== null && this.queue.empty) this.finishItem();
    return true;
  }

  /** How many of the next samples are played: on the way to a pause, those before it. */
  private audible(most: number): number {
    return this.target === 0 && !this.flushing ? Math.min(most, Math.round(this.gain * FADE_SAMPLES)) : most;
  }

  /** Moves the gain towards its target, sample by sample: a step would click. */
  private shape(out: Float32Array): void {
    if (this.gain === 1 && this.target === 1) return;
    for (let index = 0; index < out.length; index++) {
      const away = this.target - this.gain;
      this.gain = Math.abs(away) <= 1 / FADE_SAMPLES ? this.target : this.gain + Math.sign(away) / FADE_SAMPLES;
      out[index] = (out[index] as number) * this.gain;
    }
  }

  private note(out: Float32Array, item: string): void {
    this.playing = item;
    this.level = Math.max(this.level, rootMeanSquare(out));
    if (++this.blocks < REPORT_BLOCKS) return;
    this.report({ kind: "progress", item, played: this.queue.played(item), level: this.level });
    this.blocks = 0;
    this.level = 0;
  }

  /** This block fades out and is the last that is heard. */
  private finishFlush(out: Float32Array): void {
    for (let index = 0; index < out.length; index++) {
      out[index] = (out[index] as number) * Math.max(0, 1 - index / FADE_SAMPLES);
    }
    this.report({ kind: "flushed", cuts: this.queue.flush() });
    this.flushing = false;
    this.playing = null;
    this.gain = 1;
    this.target = 1;
  }

  private finishItem(): void {
    const item = this.playing as string;
    this.playing = null;
    this.report({ kind: "drained", item, played: this.queue.played(item) });
  }

  private report(report: PlayerReport): void {
    this.port.postMessage(report);
  }
}

function rootMeanSquare(block: Float32Array): number {
  const energy = block.reduce((sum, sample) => sum + sample * sample, 0);
  return Math.sqrt(energy / block.length);
}

registerProcessor("vivavoce-player", Player);
