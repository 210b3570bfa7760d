/** Where the page is put together: sound, wire, captions and what is seen. */

import { phase } from "./captions.js";
import { Link, realtimeUrl } from "./link.js";
import { type Manners, parseManners } from "./manners.js";
import { Microphone, MicrophoneRefused, type SpokenFrame } from "./microphone.js";
import { Orb } from "./orb.js";
import { RATE } from "./pcm.js";
import { isSendable } from "./protocol.js";
import { KEY_UNSENDABLE, type Problem, soundProblem } from "./remedies.js";
import { Speaker } from "./speaker.js";
import { Talk, type Surroundings } from "./talk.js";
import { View } from "./view.js";

/** For this tab only: a key is not left behind on a shared machine. */
const KEY_SLOT = "vivavoce.key";
const VOICE_SLOT = "vivavoce.voice";
const MANNERS_SLOT = "vivavoce.manners";
const DEFAULT_VOICE = "marin";
const PROBE_DEADLINE_MS = 4_000;

const page = new URL("./", document.baseURI).href;
const orb = new Orb(document.getElementById("orb") as HTMLCanvasElement);
const view = new View({ toggle, mute, type, voice: chooseVoice, manners: chooseManners, forget: () => talk.forget(), key: useKey });

interface Sound {
  readonly context: AudioContext;
  readonly speaker: Speaker;
}

let sound: Sound | null = null;
let microphone: Microphone | null = null;
let muted = false;
/** The person asked for the microphone and has not been answered yet. */
let opening = false;
/** What the person last asked for, to be done again with a new key. */
let lastWish: () => void = () => void startTalking();
let wakeLock: WakeLockSentinel | null = null;

const world: Surroundings = {
  connect: (hooks) => new Link(realtimeUrl(page), sessionStorage.getItem(KEY_SLOT), hooks),
  probe,
  now: () => performance.now(),
  random: Math.random,
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
  newId: () => `item_${Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`,
  voice: {
    push: (item, samples) => sound?.speaker.push(item, samples),
    volume: (gain) => sound?.speaker.volume(gain),
    flush: async () => (await sound?.speaker.flush()) ?? [],
  },
};

const savedVoice = localStorage.getItem(VOICE_SLOT) ?? DEFAULT_VOICE;
const savedManners = parseManners(localStorage.getItem(MANNERS_SLOT));
const hooks = { changed: render, problem: report, recovered: () => view.clearProblem("lost", "busy", "unreachable", "refused") };
const talk = new Talk(world, hooks, savedVoice, savedManners);

function render(): void {
  const shown = phase(talk.linkState, microphone !== null, talk.captions);
  if (document.body.dataset["state"] !== shown) orb.show(shown);
  view.show({
    phase: shown,
    microphone: microphone === null ? "off" : muted ? "muted" : "on",
    entries: talk.captions.entries,
    hearing: talk.captions.hearing,
    droppedFrames: talk.droppedFrames,
  });
}

function report(problem: Problem): void {
  if (talk.linkState === "off") closeMicrophone();
  view.showProblem(problem);
  render();
}

/** Must be called by a press or a key: browsers let only those start sound. Null, and said so, when it fails. */
async function openSound(): Promise<AudioContext | null> {
  try {
    sound ??= await makeSound();
    await sound.context.resume();
    return sound.context;
  } catch (error) {
    report(soundProblem(error));
    return null;
  }
}

async function makeSound(): Promise<Sound> {
  const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
  try {
    const speaker = await Speaker.open(context, {
      started: (item, at) => talk.soundStarted(item, at),
      progress: (item, played, level) => {
        orb.hear(level);
        talk.soundPlayed(item, played);
      },
      drained: (item, played) => talk.soundDrained(item, played),
    });
    return { context, speaker };
  } catch (error) {
    void context.close();
    throw error;
  }
}

function toggle(): void {
  if (opening) return;
  if (microphone === null) void startTalking();
  else stopTalking();
}

async function startTalking(): Promise<void> {
  opening = true;
  lastWish = () => void startTalking();
  view.clearProblem();
  try {
    const context = await openSound();
    if (context === null) return;
    microphone = await Microphone.open(context, { frame: heard, lost: microphoneLost });
    muted = false;
    talk.start();
    void keepAwake();
  } catch (error) {
    if (!(error instanceof MicrophoneRefused)) throw error;
    report(error.problem);
  } finally {
    opening = false;
    render();
  }
}

function stopTalking(): void {
  closeMicrophone();
  view.clearProblem();
  talk.stop();
}

function closeMicrophone(): void {
  microphone?.close();
  microphone = null;
  void wakeLock?.release();
  wakeLock = null;
}

function microphoneLost(problem: Problem): void {
  closeMicrophone();
  talk.stop();
  report(problem);
}

function heard(frame: SpokenFrame): void {
  if (talk.captions.playing === null) orb.hear(frame.level);
  talk.hear(frame);
}

function mute(): void {
  if (microphone === null) return;
  muted = !muted;
  microphone.muted = muted;
  render();
}

async function type(text: string): Promise<void> {
  view.clearProblem();
  if (microphone === null) lastWish = () => talk.start();
  if ((await openSound()) !== null) talk.type(text);
  else view.line = text;
}

function chooseVoice(name: string): void {
  localStorage.setItem(VOICE_SLOT, name);
  if (talk.setVoice(name)) return;
  const title = "The new voice speaks from the next conversation on.";
  view.showProblem({ kind: "session", title, remedy: "To hear it now, end this one and press the button again." });
}

function chooseManners(manners: Manners): void {
  localStorage.setItem(MANNERS_SLOT, JSON.stringify(manners));
  talk.setManners(manners);
}

function useKey(key: string): void {
  if (!isSendable(key)) return view.showProblem(KEY_UNSENDABLE);
  sessionStorage.setItem(KEY_SLOT, key);
  view.clearProblem();
  lastWish();
}

/** A browser does not tell a page why a WebSocket was refused: a plain request does. */
async function probe(): Promise<"unreachable" | "key" | "refused"> {
  const key = sessionStorage.getItem(KEY_SLOT);
  const headers = key === null ? {} : { Authorization: `Bearer ${key}` };
  try {
    const answer = await fetch(new URL("v1/models", page), { headers, signal: AbortSignal.timeout(PROBE_DEADLINE_MS) });
    return answer.status === 401 || answer.status === 403 ? "key" : "refused";
  } catch {
    return "unreachable";
  }
}

/** A phone that goes dark in mid-sentence stops the microphone. Not every browser or battery allows it. */
async function keepAwake(): Promise<void> {
  try {
    wakeLock = (await navigator.wakeLock?.request("screen")) ?? null;
  } catch {
    wakeLock = null;
  }
}

window.addEventListener("online", () => talk.hurry());
/** The microphone never stays on behind a page that was left. */
window.addEventListener("pagehide", stopTalking);
/** Coming back from a call or another app, iOS has interrupted the sound and the lock is gone. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden || microphone === null) return;
  void sound?.context.resume();
  void keepAwake();
});

view.voice = savedVoice;
view.manners = savedManners;
render();
