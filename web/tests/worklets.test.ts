import { beforeAll, describe, expect, it, vi } from "vitest";

import type { CapturedFrame, Resampler as ResamplerClass } from "../src/voice/worklets/capture.js";
import type { PlayerCommand, PlayerReport } from "../src/voice/worklets/player.js";

/** The scope of the audio thread, as far as the worklets use it. */
const processors = new Map<string, new () => Processor>();

interface Processor {
  readonly port: FakePort;
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

class FakePort {
  onmessage: ((event: { data: PlayerCommand }) => void) | null = null;
  readonly posted: unknown[] = [];
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
}

let Resampler: typeof ResamplerClass;

beforeAll(async () => {
  vi.stubGlobal("AudioWorkletProcessor", class { readonly port = new FakePort(); });
  vi.stubGlobal("registerProcessor", (name: string, processor: new () => Processor) => processors.set(name, processor));
  vi.stubGlobal("sampleRate", 24_000);
  vi.stubGlobal("currentFrame", 0);
  ({ Resampler } = await import("../src/voice/worklets/capture.js"));
  await import("../src/voice/worklets/player.js");
});

function make(name: string): Processor {
  const processor = processors.get(name);
  if (processor === undefined) throw new Error(`no processor ${name}`);
  return new processor();
}

describe("the capture worklet", () => {
  it("cuts the stream into frames of 20 ms that know when they ended", () => {
    const capture = make("vivavoce-capture");
    for (let block = 0; block < 8; block++) {
      vi.stubGlobal("currentFrame", block * 128);
      capture.process([[new Float32Array(128).fill(0.5)]], []);
    }
    const frames = capture.port.posted as CapturedFrame[];
    expect(frames).toHaveLength(2);
    expect(frames[0]?.pcm).toHaveLength(480);
    expect(frames[0]?.pcm[0]).toBe(16_384);
    expect(frames[0]?.level).toBeCloseTo(0.5);
    expect(frames.map(({ endsAt }) => endsAt)).toEqual([480 / 24_000, 960 / 24_000]);
  });

  it("clips instead of wrapping round", () => {
    const capture = make("vivavoce-capture");
    for (let block = 0; block < 4; block++) capture.process([[new Float32Array(128).fill(block < 2 ? 1.5 : -1.5)]], []);
    const [frame] = capture.port.posted as CapturedFrame[];
    expect([frame?.pcm[0], frame?.pcm[479]]).toEqual([32_767, -32_768]);
  });

  it("goes on while no microphone is connected", () => {
    expect(make("vivavoce-capture").process([[]], [])).toBe(true);
  });
});

describe("the resampler", () => {
  const tone = (hertz: number, rate: number, seconds: number): Float32Array =>
    Float32Array.from({ length: rate * seconds }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rate));
  const power = (sound: Float32Array): number => Math.sqrt(sound.reduce((sum, x) => sum + x * x, 0) / sound.length);

  it.each([48_000, 44_100, 16_000])("brings %i Hz to 24 kHz, in blocks as in one piece", (rate) => {
    const sound = tone(440, rate, 0.5);
    const whole = new Resampler(rate, 24_000).push(sound);
    const blocks = new Resampler(rate, 24_000);
    const pieces: number[] = [];
    for (let start = 0; start < sound.length; start += 128) pieces.push(...blocks.push(sound.subarray(start, start + 128)));
    expect(pieces).toEqual([...whole]);
    expect(Math.abs(whole.length - 12_000)).toBeLessThan(40);
    expect(power(whole.subarray(200))).toBeCloseTo(Math.SQRT1_2, 2);
  });

  it("removes what 24 kHz cannot carry instead of folding it down", () => {
    const folded = new Resampler(48_000, 24_000).push(tone(15_000, 48_000, 0.5));
    expect(power(folded.subarray(100))).toBeLessThan(0.002);
  });
});

describe("the player worklet", () => {
  function play(player: Processor, blocks: number): Float32Array {
    const out = new Float32Array(128 * blocks);
    for (let block = 0; block < blocks; block++) {
      vi.stubGlobal("currentFrame", block * 128);
      player.process([], [[out.subarray(block * 128, (block + 1) * 128)]]);
    }
    return out;
  }
  const command = (player: Processor, data: PlayerCommand): void => player.port.onmessage?.({ data });
  const push = (player: Processor, item: string, samples: number): void =>
    command(player, { kind: "push", item, samples: new Float32Array(samples).fill(0.5) });
  const reports = (player: Processor): PlayerReport[] => player.port.posted as PlayerReport[];

  it("plays item after item without a gap and tells where each began", () => {
    const player = make("vivavoce-player");
    push(player, "a", 200);
    push(player, "b", 100);
    const out = play(player, 3);
    expect(out.findIndex((sample) => sample === 0)).toBe(300);
    const started = reports(player).filter((report) => report.kind === "started");
    expect(started).toEqual([{ kind: "started", item: "a", frame: 0 }, { kind: "started", item: "b", frame: 200 }]);
    expect(reports(player).at(-1)).toEqual({ kind: "drained", item: "b", played: 100 });
  });

  it("falls silent within a block of the flush, and says to the sample what was played", () => {
    const player = make("vivavoce-player");
    push(player, "a", 10_000);
    push(player, "b", 10_000);
    play(player, 4);
    command(player, { kind: "flush" });
    const out = play(player, 2);
    expect(out[0]).toBeCloseTo(0.5);
    expect(out[127]).toBe(0);
    expect(out.subarray(128).every((sample) => sample === 0)).toBe(true);
    expect(reports(player).at(-1)).toEqual({
      kind: "flushed",
      cuts: [{ item: "a", played: 640 }, { item: "b", played: 0 }],
    });
  });

  it("pauses at a sample and goes on from it: none is lost and none is played twice", () => {
    const player = make("vivavoce-player");
    const sound = Float32Array.from({ length: 2_560 }, (_, n) => (n + 1) / 10_000);
    command(player, { kind: "push", item: "a", samples: sound.slice() });
    const heard: number[] = [];
    const listen = (blocks: number): void => void heard.push(...play(player, blocks));
    listen(3);
    command(player, { kind: "volume", gain: 0.2 });
    listen(4);
    command(player, { kind: "volume", gain: 0 });
    listen(9);
    command(player, { kind: "volume", gain: 1 });
    listen(40);
    const audible = heard.filter((sample) => sample > 0);
    expect(audible.length).toBeGreaterThan(2_550); // a sample or two lie at the bottom of the slope
    const louder = audible.map((sample) => sample / 1).filter((sample, n) => sample > (audible[n - 1] ?? 0));
    expect(louder.at(-1)).toBeCloseTo(0.256);
    expect(heard.slice(0, 384)).toEqual([...sound.subarray(0, 384)]);
    expect(heard.slice(500, 512).every((sample, n) => Math.abs(sample - 0.2 * (sound[500 + n] as number)) < 1e-6)).toBe(true);
    expect(reports(player).at(-1)).toEqual({ kind: "drained", item: "a", played: 2_560 });
  });

  it("is silent while it is held, and a flush ends the hold", () => {
    const player = make("vivavoce-player");
    push(player, "a", 2_560);
    play(player, 2);
    command(player, { kind: "volume", gain: 0 });
    play(player, 1);
    expect(play(player, 4).every((sample) => sample === 0)).toBe(true);
    command(player, { kind: "flush" });
    play(player, 1);
    push(player, "b", 128);
    expect(play(player, 1)[0]).toBeCloseTo(0.5);
  });

  it("answers a flush when nothing plays", () => {
    const player = make("vivavoce-player");
    command(player, { kind: "flush" });
    play(player, 1);
    expect(reports(player)).toEqual([{ kind: "flushed", cuts: [] }]);
  });

  it("goes on counting an item after the sound ran dry", () => {
    const player = make("vivavoce-player");
    push(player, "a", 128);
    play(player, 2);
    push(player, "a", 128);
    play(player, 2);
    const ends = reports(player).filter((report) => report.kind === "drained");
    expect(ends.map((report) => report.played)).toEqual([128, 256]);
    expect(reports(player).filter((report) => report.kind === "started")).toHaveLength(1);
  });

  it("reports progress with loudness while it plays", () => {
    const player = make("vivavoce-player");
    push(player, "a", 128 * 20);
    play(player, 16);
    const progress = reports(player).filter((report) => report.kind === "progress");
    expect(progress.map((report) => report.played)).toEqual([1024, 2048]);
    expect(progress[0]?.level).toBeCloseTo(0.5);
  });
});
