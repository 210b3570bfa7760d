/**
 * The microphone's end of the audio thread: whatever rate the hardware has, it posts 20 ms frames
 * of 24 kHz int16. One file without imports, because not every browser resolves imports in a worklet.
 */

declare const sampleRate: number;
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const WIRE_RATE = 24_000;
const FRAME_SAMPLES = 480;
const FULL_SCALE = 32_768;
/** Half the filter's length in samples of the slower side: about 60 dB of stop band. */
const HALF_WIDTH = 16;
/** Leaves room below Nyquist for the filter's slope. */
const PASS_BAND = 0.92;

export interface CapturedFrame {
  /** 480 samples. */
  readonly pcm: Int16Array<ArrayBuffer>;
  /** Root mean square, 0 to 1. */
  readonly level: number;
  /** The context's time, in seconds, right after the frame's last sample. */
  readonly endsAt: number;
}

/** A polyphase windowed-sinc resampler that keeps its state, so that chunks join without a seam. */
export class Resampler {
  private readonly up: number;
  private readonly down: number;
  private readonly taps: number;
  private readonly phases: Float32Array[];
  private pending: Float32Array;
  /** Where the next output lies, in units of 1/up of an input sample from the start of `pending`. */
  private position = 0;

  constructor(from: number, to: number) {
    const shared = commonDivisor(from, to);
    this.up = to / shared;
    this.down = from / shared;
    const cutoff = PASS_BAND * Math.min(1, to / from);
    const half = Math.ceil(HALF_WIDTH / cutoff);
    this.taps = 2 * half;
    this.phases = Array.from({ length: this.up }, (_, phase) => kernel(half, cutoff, phase / this.up));
    this.pending = new Float32Array(half - 1);
  }

  push(input: Float32Array): Float32Array {
    const sound = joined(this.pending, input);
    const output: number[] = [];
    let start = Math.floor(this.position / this.up);
    while (start + this.taps <= sound.length) {
      output.push(dot(sound, start, this.phases[this.position % this.up] as Float32Array));
      this.position += this.down;
      start = Math.floor(this.position / this.up);
    }
    const used = Math.min(start, sound.length);
    this.pending = sound.slice(used);
    this.position -= used * this.up;
    return Float32Array.from(output);
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Blackman-windowed sinc around the point `fraction` of a sample after the tap at half - 1; sums to one. */
function kernel(half: number, cutoff: number, fraction: number): Float32Array {
  const taps = Float32Array.from({ length: 2 * half }, (_, tap) => {
    const x = tap - (half - 1) - fraction;
    const angle = (Math.PI * x) / half;
    const window = 0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
    return sinc * window;
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

function dot(sound: Float32Array, start: number, taps: Float32Array): number {
  let sum = 0;
  for (let tap = 0; tap < taps.length; tap++) sum += (sound[start + tap] as number) * (taps[tap] as number);
  return sum;
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

export function toInt16(sample: number): number {
  const scaled = Math.round(sample * FULL_SCALE);
  return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, scaled));
}

class Capture extends AudioWorkletProcessor {
  private readonly resampler = sampleRate === WIRE_RATE ? null : new Resampler(sampleRate, WIRE_RATE);
  private frame = new Int16Array(FRAME_SAMPLES);
  private filled = 0;
  private energy = 0;

  process(inputs: Float32Array[][]): boolean {
    const block = inputs[0]?.[0];
    if (block === undefined) return true;
    const sound = this.resampler === null ? block : this.resampler.push(block);
    const blockEnd = (currentFrame + block.length) / sampleRate;
    sound.forEach((sample, index) => this.take(sample, blockEnd - (sound.length - 1 - index) / WIRE_RATE));
    return true;
  }

  private take(sample: number, endsAt: number): void {
    this.frame[this.filled++] = toInt16(sample);
    this.energy += sample * sample;
    if (this.filled < FRAME_SAMPLES) return;
    const captured: CapturedFrame = { pcm: this.frame, level: Math.sqrt(this.energy / FRAME_SAMPLES), endsAt };
    this.port.postMessage(captured, [this.frame.buffer]);
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
    this.energy = 0;
  }
}

registerProcessor("vivavoce-capture", Capture);
