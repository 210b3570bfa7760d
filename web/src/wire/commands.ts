/** What the page says to the server, in OpenAI's Realtime contract. */

import type { Manners } from "../voice/manners.js";
import { type Attachment, fileNote } from "./items.js";

export type ClientEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** What a session begins with, as the person wants it. */
export interface SessionWishes {
  readonly voice: string;
  readonly speed: number;
  readonly manners: Manners;
  /** Answers are written and not spoken. */
  readonly captionsOnly: boolean;
  /** The microphone is heard only while a button is held. */
  readonly pushToTalk: boolean;
  /** Of the model that thinks; "" for the server's own. */
  readonly model: string;
  /** The stored conversation that this is a part of; null: nothing is kept. */
  readonly conversation: string | null;
  /** Remember the person: their instructions and what they asked to be kept in mind. */
  readonly profile: boolean;
  /** The labels of what has tools at the server. */
  readonly tools: readonly string[];
}

/** Of silence, before it asks whether anybody is there. */
const IDLE_MS = 30_000;
const PCM = { type: "audio/pcm", rate: 24_000 };

/** Everything at once, for a session that opens. `playsHere`: the sound comes as events and this page plays it. */
export function sessionUpdate(wishes: SessionWishes, playsHere: boolean): ClientEvent {
  const format = playsHere ? { format: PCM } : {};
  const input = { ...format, transcription: { model: "whisper-1" }, turn_detection: turns(wishes) };
  const audio = { input, output: { ...format, voice: wishes.voice, speed: wishes.speed } };
  const session = {
    type: "realtime",
    ...(wishes.model === "" ? {} : { model: wishes.model }),
    output_modalities: modalities(wishes.captionsOnly),
    audio,
    tools: wishes.tools.map((label) => ({ type: "mcp", server_label: label })),
    vivavoce: { ...ours(wishes.manners), ...belonging(wishes) },
  };
  return { type: "session.update", session };
}

/** Allowed at any time, unlike another voice. */
export function mannersUpdate(wishes: SessionWishes): ClientEvent {
  const audio = { input: { turn_detection: turns(wishes) }, output: { speed: wishes.speed } };
  const output_modalities = modalities(wishes.captionsOnly);
  return { type: "session.update", session: { type: "realtime", output_modalities, audio, vivavoce: ours(wishes.manners) } };
}

export function voiceUpdate(voice: string): ClientEvent {
  return { type: "session.update", session: { type: "realtime", audio: { output: { voice } } } };
}

function modalities(captionsOnly: boolean): readonly string[] {
  return [captionsOnly ? "text" : "audio"];
}

function turns({ manners, pushToTalk }: SessionWishes): object | null {
  return pushToTalk ? null : { type: "semantic_vad", eagerness: manners.eagerness };
}

/** With managed playback the page is told when the voice is ducked; of a call, which is ducked at the server, it shows it. */
function ours(manners: Manners): object {
  return {
    managed_playback: true,
    openers: manners.openers ? "on" : "off",
    listening_signals: manners.listeningSignals,
    idle_timeout_ms: manners.idlePrompts ? IDLE_MS : null,
    side_talk: manners.ignoreSideTalk ? "ignore" : "answer",
  };
}

function belonging({ conversation, profile }: SessionWishes): object {
  return { ...(conversation === null ? {} : { conversation }), ...(profile ? { profile: true } : {}) };
}

export function append(audio: string): ClientEvent {
  return { type: "input_audio_buffer.append", audio };
}

export const commit: ClientEvent = { type: "input_audio_buffer.commit" };

export const clearInput: ClientEvent = { type: "input_audio_buffer.clear" };

export function message(id: string, role: "user" | "assistant", text: string, attached: readonly Attachment[] = []): ClientEvent {
  const words = text === "" ? [] : [{ type: role === "user" ? "input_text" : "output_text", text }];
  const parts = attached.map((part) =>
    part.kind === "image" ? { type: "input_image", image_url: part.url } : { type: "input_text", text: fileNote(part) },
  );
  return { type: "conversation.item.create", event_id: id, item: { id, type: "message", role, content: [...parts, ...words] } };
}

export function approval(id: string, request: string, approve: boolean): ClientEvent {
  return { type: "conversation.item.create", item: { id, type: "mcp_approval_response", approval_request_id: request, approve } };
}

export function retrieve(item: string): ClientEvent {
  return { type: "conversation.item.retrieve", item_id: item };
}

export function truncate(item: string, audioEndMs: number): ClientEvent {
  return { type: "conversation.item.truncate", item_id: item, content_index: 0, audio_end_ms: audioEndMs };
}

/** `written`: the answer is for the eyes, whatever the session says. */
export function respond(written: boolean): ClientEvent {
  return written ? { type: "response.create", response: { output_modalities: ["text"] } } : { type: "response.create" };
}

export const cancel: ClientEvent = { type: "response.cancel" };

/** Stops what the server plays over WebRTC. */
export const clearOutput: ClientEvent = { type: "output_audio_buffer.clear" };

/** A browser cannot set headers on a WebSocket: the key travels among the subprotocols. */
export function subprotocols(key: string | null): string[] {
  return key === null ? ["realtime"] : ["realtime", `openai-insecure-api-key.${key}`];
}

/** Whether `key` may stand in a subprotocol (RFC 9110 token). */
export function isSendable(key: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(key);
}
