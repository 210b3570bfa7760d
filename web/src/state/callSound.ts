/** The sound of a call, as it is heard, and how loud it is. */

import { effect } from "@preact/signals";

import { preferences } from "./preferences.js";

const SAMPLES = 1024;

let element: (HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> }) | null = null;
let stopMeter: () => void = () => undefined;

/** Plays `sound`, and tells its level with every frame that is drawn; null falls silent. */
export function playCall(sound: MediaStream | null, context: AudioContext | null, hear: (level: number) => void): void {
  stopMeter();
  stopMeter = () => undefined;
  if (sound === null) {
    if (element !== null) element.srcObject = null;
    return;
  }
  element ??= made();
  element.srcObject = sound;
  void element.play().catch(() => undefined); // the press that began the call lets it play
  if (context !== null) stopMeter = metered(sound, context, hear);
}

function made(): HTMLAudioElement {
  const audio: HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> } = new Audio();
  audio.autoplay = true;
  effect(() => void audio.setSinkId?.(preferences.value.loudspeaker).catch(() => undefined));
  return audio;
}

function metered(sound: MediaStream, context: AudioContext, hear: (level: number) => void): () => void {
  const source = context.createMediaStreamSource(sound);
  const analyser = new AnalyserNode(context, { fftSize: SAMPLES });
  const samples = new Float32Array(SAMPLES);
  source.connect(analyser);
  let frame = 0;
  const look = (): void => {
    analyser.getFloatTimeDomainData(samples);
    hear(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / SAMPLES));
    frame = requestAnimationFrame(look);
  };
  look();
  return () => {
    cancelAnimationFrame(frame);
    source.disconnect();
  };
}
