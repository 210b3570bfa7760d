/** Loudspeaker and microphone of this page, opened when they are first needed. */

import { effect, signal } from "@preact/signals";

import { Microphone, type MicrophoneHooks } from "../voice/microphone.js";
import { RATE } from "../voice/pcm.js";
import { soundProblem } from "../voice/remedies.js";
import { Speaker, type SpeakerHooks } from "../voice/speaker.js";
import { preferences } from "./preferences.js";
import { report } from "./problems.js";

interface Sound {
  readonly context: AudioContext;
  readonly speaker: Speaker;
}

/** The microphone that is heard, or null. */
export const microphone = signal<Microphone | null>(null);
export const muted = signal(false);

let sound: Sound | null = null;
let wakeLock: WakeLockSentinel | null = null;

export function speakerContext(): AudioContext | null {
  return sound?.context ?? null;
}

export function speaker(): Speaker | null {
  return sound?.speaker ?? null;
}

let hooks: SpeakerHooks | null = null;

/** Who is told of what the loudspeaker plays. */
export function onSound(told: SpeakerHooks): void {
  hooks = told;
}

/** Null, and said so, when it fails. Must be called by a press or a key: browsers let only those start sound. */
export async function openSound(): Promise<AudioContext | null> {
  if (hooks === null) throw new Error("nobody listens to the loudspeaker");
  try {
    sound ??= await makeSound(hooks);
    await sound.context.resume();
    return sound.context;
  } catch (error) {
    report(soundProblem(error));
    return null;
  }
}

async function makeSound(hooks: SpeakerHooks): Promise<Sound> {
  const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
  try {
    const opened = { context, speaker: await Speaker.open(context, hooks) };
    effect(() => routeTo(context, preferences.value.loudspeaker));
    return opened;
  } catch (error) {
    void context.close();
    throw error;
  }
}

/** Not every browser can choose; one that cannot, or a device that is gone, plays where the system does. */
function routeTo(context: AudioContext & { setSinkId?: (id: string) => Promise<void> }, device: string): void {
  void context.setSinkId?.(device).catch(() => undefined);
}

/** Takes the place of one that is open. Throws MicrophoneRefused; then that one stays. */
export async function openMicrophone(context: AudioContext, hooks: MicrophoneHooks): Promise<void> {
  const opened = await Microphone.open(context, hooks, preferences.value.microphone);
  microphone.value?.close();
  microphone.value = opened;
  muted.value = false;
  void keepAwake();
}

export function closeMicrophone(): void {
  microphone.value?.close();
  microphone.value = null;
  void wakeLock?.release();
  wakeLock = null;
}

/** A phone that goes dark in mid-sentence stops the microphone. Not every browser or battery allows it. */
async function keepAwake(): Promise<void> {
  try {
    wakeLock = (await navigator.wakeLock?.request("screen")) ?? null;
  } catch {
    wakeLock = null;
  }
}

/** Coming back from a call or another app, iOS has interrupted the sound and the lock is gone. */
export function comeBack(): void {
  if (document.hidden || microphone.value === null) return;
  void sound?.context.resume();
  void keepAwake();
}
