/** What the page hears: the part of OpenAI's Realtime contract that it needs, and nothing else of it. */

import { type Item, isRecord, readItem } from "./items.js";

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
  /** Why it was made, or why it ended. */
  readonly vivavoce?: { readonly reason?: unknown };
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
  readonly session: { readonly id: string };
}

/** An item of the conversation came, or is whole. */
export interface ItemTold {
  readonly type: "conversation.item.added" | "conversation.item.done" | "conversation.item.retrieved";
  readonly item: Item;
}

export interface OutputItem {
  readonly type: "response.output_item.added" | "response.output_item.done";
  readonly response_id: string;
  readonly item: Item;
}

export interface ToolArgumentsDelta {
  readonly type: "response.mcp_call_arguments.delta";
  readonly item_id: string;
  readonly delta: string;
}

export interface ToolArgumentsDone {
  readonly type: "response.mcp_call_arguments.done";
  readonly item_id: string;
  readonly arguments: string;
}

/** How far a tool has come that takes long. */
export interface ToolProgress {
  readonly type: "vivavoce.mcp_call.progress";
  readonly item_id: string;
  readonly words: string;
}

/** Over WebRTC the server plays, and tells what is heard. */
export interface CallSound {
  readonly type: "output_audio_buffer.started" | "output_audio_buffer.stopped" | "output_audio_buffer.cleared";
  readonly response_id: string;
}

/** What the server keeps of an answer that was cut short. */
export interface Truncated {
  readonly type: "conversation.item.truncated";
  readonly item_id: string;
  readonly audio_end_ms: number;
}

/** The server will end the session. */
export interface SessionEnding {
  readonly type: "vivavoce.session.ending";
  readonly reason: string;
}

export interface ServerError {
  readonly type: "error";
  readonly error: { readonly message: string; readonly code?: string | null; readonly event_id?: unknown };
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
  | ItemTold
  | OutputItem
  | ToolArgumentsDelta
  | ToolArgumentsDone
  | ToolProgress
  | CallSound
  | Truncated
  | SessionEnding
  | ServerError;

type Kind = "string" | "number" | "item" | Fields;
interface Fields {
  readonly [name: string]: Kind;
}

const ITEM: Fields = { item_id: "string" };
const REPLY: Fields = { response_id: "string", item_id: "string", delta: "string" };

/** The fields without which an event means nothing to the page. */
const REQUIRED: { readonly [type in ServerEvent["type"]]: Fields } = {
  "session.created": { session: { id: "string" } },
  "session.updated": { session: { id: "string" } },
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
  "conversation.item.added": { item: "item" },
  "conversation.item.done": { item: "item" },
  "conversation.item.retrieved": { item: "item" },
  "response.output_item.added": { response_id: "string", item: "item" },
  "response.output_item.done": { response_id: "string", item: "item" },
  "response.mcp_call_arguments.delta": { ...ITEM, delta: "string" },
  "response.mcp_call_arguments.done": { ...ITEM, arguments: "string" },
  "vivavoce.mcp_call.progress": { ...ITEM, words: "string" },
  "output_audio_buffer.started": { response_id: "string" },
  "output_audio_buffer.stopped": { response_id: "string" },
  "output_audio_buffer.cleared": { response_id: "string" },
  "conversation.item.truncated": { ...ITEM, audio_end_ms: "number" },
  "vivavoce.session.ending": { reason: "string" },
  error: { error: { message: "string" } },
};

/** The event in a message, or null for one that the page has no use for or cannot read. */
export function parse(message: string): ServerEvent | null {
  const value = json(message);
  if (!isRecord(value) || typeof value["type"] !== "string") return null;
  const type = value["type"];
  if (!Object.hasOwn(REQUIRED, type)) return null;
  if (!fits(value, REQUIRED[type as ServerEvent["type"]])) return null;
  return ("item" in value ? { ...value, item: readItem(value["item"]) } : value) as unknown as ServerEvent;
}

function json(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return null;
  }
}

function fits(value: unknown, fields: Fields): boolean {
  return isRecord(value) && Object.entries(fields).every(([name, kind]) => isOf(value[name], kind));
}

function isOf(value: unknown, kind: Kind): boolean {
  if (kind === "item") return readItem(value) !== null;
  return typeof kind === "string" ? typeof value === kind : fits(value, kind);
}
