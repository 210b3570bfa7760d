/** Reading a message, or a sample of a voice, aloud. */

import { signal } from "@preact/signals";

import { spokenForm } from "../text/plain.js";
import { Refused } from "../wire/rest.js";
import { preferences } from "./preferences.js";
import { report } from "./problems.js";
import { rest } from "./server.js";
import { openSound, speaker } from "./sound.js";

/** Sound that is no part of the talk goes by names that begin so. */
export const ALOUD = "aloud:";
const FULL_SCALE = 32_768;
const LONGEST_MS = 300_000;

/** What is being read: an id of the caller's, or null. */
export const reading = signal<string | null>(null);

let stop: AbortController | null = null;

export function aloudDrained(item: string): void {
  if (item === ALOUD + reading.value && stop === null) reading.value = null;
}

export function hushAloud(): void {
  stop?.abort();
  stop = null;
  if (reading.value !== null) void speaker()?.flush();
  reading.value = null;
}

/** Reads `text` in `voice`; pressed again for the same `id`, it stops. */
export async function readAloud(id: string, text: string, voice = preferences.value.voice): Promise<void> {
  const again = reading.value === id;
  hushAloud();
  if (again || (await openSound()) === null) return;
  reading.value = id;
  const mine = new AbortController();
  stop = mine;
  try {
    await play(id, spokenForm(text), voice, mine.signal);
    if (stop === mine) stop = null;
  } catch (error) {
    if (mine.signal.aborted) return;
    hushAloud();
    report({ kind: "request", detail: error instanceof Refused ? error.message : "" });
  }
}

async function play(id: string, input: string, voice: string, signal: AbortSignal): Promise<void> {
  const body = { model: "tts-1", input, voice, response_format: "pcm", speed: preferences.value.speed };
  const answer = await rest.fetch("v1/audio/speech", { body, signal, deadlineMs: LONGEST_MS });
  const reader = answer.body?.getReader();
  let odd = new Uint8Array(0);
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    const bytes = new Uint8Array(odd.length + part.value.length);
    bytes.set(odd);
    bytes.set(part.value, odd.length);
    odd = bytes.slice(bytes.length - (bytes.length % 2));
    if (!signal.aborted) speaker()?.push(ALOUD + id, samples(bytes));
  }
}

/** 16-bit little-endian PCM as floats; an odd last byte is left. */
function samples(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.length / 2) }, (_, index) => view.getInt16(2 * index, true) / FULL_SCALE);
}
