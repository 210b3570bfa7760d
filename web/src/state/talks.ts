/** The talk of the thread that is open, and those that finish an answer after the person has left them. */

import { batch, computed, effect, signal, untracked } from "@preact/signals";

import { type Phase, phase } from "../thread/reduce.js";
import { NO_THREAD, type Thread } from "../thread/turns.js";
import type { Surroundings } from "../voice/surroundings.js";
import { Talk } from "../voice/talk.js";
import { MicrophoneRefused, type SpokenFrame } from "../voice/microphone.js";
import { type Problem, VOICE_LATER } from "../voice/remedies.js";
import type { SessionWishes } from "../wire/commands.js";
import type { Attachment } from "../wire/items.js";
import { Call, Dial } from "../wire/call.js";
import { type Connection, Link, type LinkHooks, realtimeUrl } from "../wire/link.js";
import { ALOUD, aloudDrained } from "./aloud.js";
import { announce } from "./announce.js";
import { line } from "./line.js";
import { playCall } from "./callSound.js";
import { preferences } from "./preferences.js";
import { clearProblem, report, wishing } from "./problems.js";
import { key, page, probe, ready, toolServers } from "./server.js";
import { closeMicrophone, microphone, muted, onSound, openMicrophone, openSound, speaker, speakerContext } from "./sound.js";

export interface Shown {
  readonly thread: Thread;
  readonly phase: Phase;
  readonly droppedFrames: number;
}

export const shown = signal<Shown>({ thread: NO_THREAD, phase: "ready", droppedFrames: 0 });
/** The person holds the button to talk. */
export const held = signal(false);
/** A turn has ended: lists of threads may have changed. */
export const turns = signal(0);
/** For whoever draws the sound: a root mean square, 0 to 1. */
export const levels = new Set<(level: number) => void>();

/** What a thread is kept as. */
export interface Keeping {
  readonly conversation: string | null;
  readonly profile: boolean;
  /** Makes the stored conversation of a thread that has none yet; null: it is not to be kept. */
  readonly make: (() => Promise<string | null>) | null;
}

const NOT_KEPT: Keeping = { conversation: null, profile: false, make: null };

const world: Surroundings = {
  connect,
  probe,
  now: () => performance.now(),
  random: Math.random,
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
  newId: () => `item_${Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`,
  voice: {
    push: (item, samples) => speaker()?.push(item, samples),
    volume: (gain) => speaker()?.volume(gain),
    flush: async () => (await speaker()?.flush()) ?? [],
  },
};

/** By WebRTC while one talks, unless that has failed here before. */
function connect(hooks: LinkHooks, resume: string | null): Connection {
  const byLink = (told: LinkHooks): Connection => new Link(realtimeUrl(page, preferences.value.model, resume), key(), told);
  const track = microphone.value?.track ?? null;
  if (track === null || !callable || !preferences.value.webrtc || ready.value === false) return byLink(hooks);
  const play = (sound: MediaStream | null): void => playCall(sound, speakerContext(), heardOfCall);
  const byCall = (told: LinkHooks): Connection => new Call({ page, key: key(), resume, track, play }, told);
  return new Dial(byCall, (told) => {
    callable = false;
    return byLink(told);
  }, hooks);
}

/** The answer as it sounds on a call's track. */
function heardOfCall(level: number): void {
  if (talk.thread.playing !== null) levels.forEach((hear) => hear(level));
}

let callable = "RTCPeerConnection" in globalThis;
let opening = false;
/** A session that was opened only for what is due to be told. */
let standing = false;
let keeping = NOT_KEPT;
let talk = begin(NO_THREAD, NOT_KEPT);

function begin(thread: Thread, kept: Keeping): Talk {
  const begun: Talk = new Talk(
    world,
    {
      changed: () => (begun === talk ? render() : undefined),
      problem: (problem) => (begun === talk ? trouble(problem) : undefined),
      recovered: () => clearProblem("lost", "busy", "unreachable", "refused"),
      turned: () => {
        turns.value += 1;
        if (begun !== talk) void begun.hangUp();
      },
      refused: (text) => {
        if (begun === talk && line.value === "") line.value = text;
      },
      unasked: (message) => {
        announce(message);
        if (standing && begun === talk) stopTalking();
      },
    },
    { ...wishes(), conversation: kept.conversation, profile: kept.profile },
    thread,
  );
  return begun;
}

/** Goes over to another thread. An answer that is being written is finished in the background, and kept. */
export function turnTo(thread: Thread, kept: Keeping): void {
  const before = talk;
  closeMicrophone();
  held.value = false;
  keeping = kept;
  talk = begin(thread, kept);
  render();
  const busy = before.thread.response !== null || before.thread.awaiting;
  if (!busy || before.aloud || before.conversation === null) void before.hangUp();
}

function wishes(): Omit<SessionWishes, "conversation" | "profile"> {
  const { voice, speed, manners, captionsOnly, pushToTalk, model } = preferences.value;
  return { voice, speed, manners, captionsOnly, pushToTalk, model, tools: toolServers.value };
}

/** The loudspeaker's reports go to the talk that is open. */
onSound({
  started: (item: string, at: number) => (item.startsWith(ALOUD) ? undefined : talk.soundStarted(item, at)),
  progress: (item: string, played: number, level: number) => {
    levels.forEach((hear) => hear(level));
    talk.soundPlayed(item, played);
  },
  drained: (item: string, played: number) => (item.startsWith(ALOUD) ? aloudDrained(item) : talk.soundDrained(item, played)),
});

function render(): void {
  const { thread, linkState, ducked, droppedFrames } = talk;
  const listening = untracked(() => microphone.value !== null);
  shown.value = { thread, phase: phase(linkState, listening, thread, ducked), droppedFrames };
}

function trouble(problem: Problem): void {
  batch(() => {
    if (talk.linkState === "off") closeMicrophone();
    if (problem.kind !== "busy" || ready.value !== false) report(problem); // that models load is shown anyway
    render();
  });
}

export function toggleTalking(): void {
  if (opening) return;
  if (microphone.value === null) void startTalking();
  else stopTalking();
}

async function startTalking(): Promise<void> {
  opening = true;
  wishing(() => void startTalking());
  clearProblem();
  try {
    const context = await openSound();
    if (context === null) return;
    await openMicrophone(context, { frame: heard, lost: microphoneLost });
    await keep();
    standing = false;
    talk.stop(); // what was written went over a connection without sound
    talk.aloud = true;
    talk.start();
  } catch (error) {
    if (!(error instanceof MicrophoneRefused)) throw error;
    report(error.problem);
  } finally {
    opening = false;
    render();
  }
}

export function stopTalking(): void {
  closeMicrophone();
  clearProblem();
  standing = held.value = false;
  talk.aloud = false;
  void talk.hangUp();
  render();
}

/** The page goes away, and with it whoever could wait for the last words. */
export function leave(): void {
  stopTalking();
  talk.stop();
}

function microphoneLost(problem: Problem): void {
  stopTalking();
  report(problem);
}

function heard(frame: SpokenFrame): void {
  if (talk.thread.playing === null) levels.forEach((hear) => hear(frame.level));
  if (!preferences.value.pushToTalk || held.value) talk.hear(frame);
}

/** Who holds a button to talk mutes by letting it go. */
export function toggleMute(): void {
  if (microphone.value !== null && !preferences.value.pushToTalk) muted.value = !muted.value;
}

/** Push-to-talk. */
export function hold(on: boolean): void {
  if (microphone.value === null || held.value === on) return;
  held.value = on;
  if (on) talk.press();
  else talk.release();
}

export async function write(text: string, attachments: readonly Attachment[]): Promise<void> {
  clearProblem();
  wishing(() => talk.again());
  standing = false;
  if (microphone.value === null) talk.aloud = false;
  else await openSound();
  await keep();
  talk.type(text, attachments);
}

export function answerAgain(): void {
  clearProblem();
  talk.again();
}

export function hush(): void {
  talk.hush();
}

export function decide(request: string, approved: boolean): void {
  talk.decide(request, approved);
}

export function hurry(): void {
  if (talk.linkState === "waiting") talk.start();
}

/** Opens a session without sound where none is open, for what the server has to tell. */
export async function standBy(): Promise<void> {
  if (talk.linkState !== "off" || opening) return;
  standing = true;
  await keep();
  if (!standing || talk.linkState !== "off") return;
  talk.aloud = false;
  talk.start();
}

/** There was nothing to be told: another page has heard it. */
export function standDown(): void {
  if (standing) stopTalking();
}

/** The thread is stored from its first word on. */
async function keep(): Promise<void> {
  if (keeping.conversation !== null || keeping.make === null) return;
  const mine = talk;
  const conversation = await keeping.make();
  if (conversation === null || mine !== talk) return;
  keeping = { ...keeping, conversation };
  mine.keepAs(conversation);
}

/** Passes on what the person likes as soon as it changes. */
export function followWishes(): void {
  effect(() => {
    const wanted = wishes();
    untracked(() => {
      if (!talk.wish(wanted)) report(VOICE_LATER);
    });
  });
}

/** What the microphone hears goes nowhere while it is muted, or while nobody holds the button. Another one takes its place at once. */
export function followMicrophone(): void {
  effect(() => {
    const { pushToTalk } = preferences.value;
    if (pushToTalk) muted.value = false;
    if (microphone.value !== null) microphone.value.muted = pushToTalk ? !held.value : muted.value;
  });
  const device = computed(() => preferences.value.microphone);
  effect(() => {
    if (device.value !== null && untracked(() => microphone.value) !== null) untracked(() => void startTalking());
  });
}
