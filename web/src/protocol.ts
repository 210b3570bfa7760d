/** What the page speaks: the part of OpenAI's Realtime GA contract that it needs, and nothing else of it. */

import type { Manners } from "./manners.js";

export interface SpeechStarted {
  readonly type: "input_audio_buffer.speech_started";
  readonly item_id: string;
  readonly audio_start_ms: number;
}

export interface SpeechStopped {
  readonly type: "input_audio_buffer.speech_stopped";
  readonly item_id: string;
  /** Where the user's turn ends, on the clock of the samples that this connection sent. */
  readonly audio_end_ms: number;
}

export interface TranscriptionDelta {
  readonly type: "conversation.item.input_audio_transcription.delta";
  readonly item_id: string;
  readonly delta: string;
}

export interface TranscriptionCompleted {
  readonly type: "conversation.item.input_audio_transcription.completed";
  readonly item_id: string;
  readonly transcript: string;
}

export interface TranscriptionFailed {
  readonly type: "conversation.item.input_audio_transcription.failed";
  readonly item_id: string;
}

export interface ResponseCreated {
  readonly type: "response.created";
  readonly response: { readonly id: string };
}

/** The words of the reply, spoken or written; `spoken` words come with sound. */
export interface ReplyText {
  readonly type: "response.output_audio_transcript.delta" | "response.output_text.delta";
  readonly response_id: string;
  readonly item_id: string;
  readonly delta: string;
}

export interface ReplyAudio {
  readonly type: "response.output_audio.delta";
  readonly response_id: string;
  readonly item_id: string;
  readonly delta: string;
}

export interface ResponseDone {
  readonly type: "response.done";
  readonly response: {
    readonly id: string;
    readonly status: string;
    readonly status_details?: { readonly error?: { readonly message?: string } | null } | null;
  };
}

/** Perhaps the user speaks up: play more softly, until the reply is resumed or interrupted. */
export interface PlaybackDucked {
  readonly type: "vivavoce.output_audio.ducked";
  readonly item_id: string;
  readonly gain_db: number;
}

/** Somebody speaks over the reply: pause at the sample, or go on from it because it was no interruption. */
export interface PlaybackHeld {
  readonly type: "vivavoce.output_audio.held" | "vivavoce.output_audio.resumed";
  readonly item_id: string;
}

export interface SessionReady {
  readonly type: "session.created" | "session.updated";
}

export interface ServerError {
  readonly type: "error";
  readonly error: { readonly message: string; readonly code?: string | null };
}

export type ServerEvent =
  | SessionReady
  | SpeechStarted
  | SpeechStopped
  | TranscriptionDelta
  | TranscriptionCompleted
  | TranscriptionFailed
  | ResponseCreated
  | ReplyText
  | ReplyAudio
  | ResponseDone
  | PlaybackDucked
  | PlaybackHeld
  | ServerError;

type Kind = "string" | "number" | Fields;
interface Fields {
  readonly [name: string]: Kind;
}

const ITEM: Fields = { item_id: "string" };
const REPLY: Fields = { response_id: "string", item_id: "string", delta: "string" };

/** The fields without which an event means nothing to the page. */
const REQUIRED: { readonly [type in ServerEvent["type"]]: Fields } = {
  "session.created": {},
  "session.updated": {},
  "input_audio_buffer.speech_started": { ...ITEM, audio_start_ms: "number" },
  "input_audio_buffer.speech_stopped": { ...ITEM, audio_end_ms: "number" },
  "conversation.item.input_audio_transcription.delta": { ...ITEM, delta: "string" },
  "conversation.item.input_audio_transcription.completed": { ...ITEM, transcript: "string" },
  "conversation.item.input_audio_transcription.failed": ITEM,
  "response.created": { response: { id: "string" } },
  "response.output_audio_transcript.delta": REPLY,
  "response.output_text.delta": REPLY,
  "response.output_audio.delta": REPLY,
  "response.done": { response: { id: "string", status: "string" } },
  "vivavoce.output_audio.ducked": { ...ITEM, gain_db: "number" },
  "vivavoce.output_audio.held": ITEM,
  "vivavoce.output_audio.resumed": ITEM,
  error: { error: { message: "string" } },
};

/** The event in a message, or null for one that the page has no use for or cannot read. */
export function parse(message: string): ServerEvent | null {
  const value = json(message);
  if (!isRecord(value) || typeof value["type"] !== "string") return null;
  const type = value["type"];
  if (!Object.hasOwn(REQUIRED, type)) return null;
  return fits(value, REQUIRED[type as ServerEvent["type"]]) ? (value as unknown as ServerEvent) : null;
}

function json(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return null;
  }
}

function fits(value: unknown, fields: Fields): boolean {
  if (!isRecord(value)) return false;
  return Object.entries(fields).every(([name, kind]) =>
    typeof kind === "string" ? typeof value[name] === kind : fits(value[name], kind),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export type ClientEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

const PCM = { type: "audio/pcm", rate: 24_000 };

export function sessionUpdate(voice: string, manners: Manners): ClientEvent {
  const input = { format: PCM, transcription: { model: "whisper-1" }, turn_detection: turns(manners) };
  const audio = { input, output: { format: PCM, voice } };
  const vivavoce = { managed_playback: true, ...ours(manners) };
  return { type: "session.update", session: { type: "realtime", output_modalities: ["audio"], audio, vivavoce } };
}

/** Allowed at any time, unlike another voice. */
export function mannersUpdate(manners: Manners): ClientEvent {
  const audio = { input: { turn_detection: turns(manners) } };
  return { type: "session.update", session: { type: "realtime", audio, vivavoce: ours(manners) } };
}

function turns(manners: Manners): object {
  return { type: "semantic_vad", eagerness: manners.eagerness };
}

function ours(manners: Manners): object {
  return {
    openers: manners.openers ? "auto" : "off",
    listening_signals: manners.listeningSignals,
    side_talk: manners.ignoreSideTalk ? "ignore" : "answer",
  };
}

export function voiceUpdate(voice: string): ClientEvent {
  return { type: "session.update", session: { type: "realtime", audio: { output: { voice } } } };
}

export function append(audio: string): ClientEvent {
  return { type: "input_audio_buffer.append", audio };
}

export function message(id: string, role: "user" | "assistant", text: string): ClientEvent {
  const content = [{ type: role === "user" ? "input_text" : "output_text", text }];
  return { type: "conversation.item.create", item: { id, type: "message", role, content } };
}

export function truncate(item: string, audioEndMs: number): ClientEvent {
  return { type: "conversation.item.truncate", item_id: item, content_index: 0, audio_end_ms: audioEndMs };
}

export const respond: ClientEvent = { type: "response.create" };

export const cancel: ClientEvent = { type: "response.cancel" };

/** A browser cannot set headers on a WebSocket: the key travels among the subprotocols. */
export function subprotocols(key: string | null): string[] {
  return key === null ? ["realtime"] : ["realtime", `openai-insecure-api-key.${key}`];
}

/** Whether `key` may stand in a subprotocol (RFC 9110 token). */
export function isSendable(key: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(key);
}
