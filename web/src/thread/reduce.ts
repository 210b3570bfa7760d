/** The thread as it is read: a pure function of what the server says and of what was heard here. */

import { type Attachment, type Item, outcome, text, words } from "../wire/items.js";
import type { ResponseDone, ServerEvent } from "../wire/protocol.js";
import { type Message, type Thread, type ToolUse, type Turn, blank, changed, isNothing, isUnasked, messageOf, turnFrom, turnOf, withTurn } from "./turns.js";

/** What happens on this side of the wire. */
export type LocalEvent =
  | { readonly type: "local.typed"; readonly id: string; readonly text: string; readonly attachments: readonly Attachment[] }
  | { readonly type: "local.asked" }
  | { readonly type: "local.decided"; readonly id: string; readonly approved: boolean }
  | { readonly type: "local.started"; readonly item: string; readonly latencyMs: number | null }
  | { readonly type: "local.answered"; readonly item: string; readonly latencyMs: number | null }
  | { readonly type: "local.heard"; readonly item: string; readonly characters: number }
  /** All sound that had come was heard, and with it `characters`; null: all of them. */
  | { readonly type: "local.drained"; readonly item: string; readonly characters: number | null }
  | { readonly type: "local.cut"; readonly item: string; readonly characters: number }
  /** The server did not take a message: it is as if nobody had said it. */
  | { readonly type: "local.refused"; readonly item: string }
  /** No reply came within the time that one may take. */
  | { readonly type: "local.waited" }
  /** The connection is gone, and with it the running turn. */
  | { readonly type: "local.disconnected" };

const NOT_UNDERSTOOD = "…";

export function reduce(thread: Thread, event: ServerEvent | LocalEvent): Thread {
  return event.type.startsWith("local.")
    ? reduceLocal(thread, event as LocalEvent)
    : reduceServer(thread, event as ServerEvent);
}

function reduceServer(thread: Thread, event: ServerEvent): Thread {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      return { ...withTurn(thread, { ...blank(event.item_id, "you"), spoken: true }), hearing: true, awaiting: false };
    case "input_audio_buffer.speech_stopped":
      return { ...thread, hearing: false, awaiting: true };
    case "conversation.item.input_audio_transcription.delta":
    case "conversation.item.input_audio_transcription.completed":
    case "conversation.item.input_audio_transcription.failed":
      return transcribe(thread, event);
    case "response.created":
      return { ...thread, awaiting: false, response: event.response.id };
    case "response.output_audio_transcript.delta":
      return grow(thread, event.item_id, event.response_id, event.delta, true);
    case "response.output_text.delta":
      return grow(thread, event.item_id, event.response_id, event.delta, false);
    case "response.done":
      return finish(thread, event);
    case "conversation.item.added":
    case "conversation.item.done":
      return learn(thread, event.item, null);
    case "response.output_item.added":
    case "response.output_item.done":
      return learn(thread, event.item, event.response_id);
    case "response.mcp_call_arguments.delta": {
      const known = turnOf(thread, event.item_id);
      return known?.kind === "tool" ? changed<ToolUse>(thread, known.id, { arguments: known.arguments + event.delta }) : thread;
    }
    case "vivavoce.mcp_call.progress":
      return changed<ToolUse>(thread, event.item_id, { progress: event.words });
    case "response.mcp_call_arguments.done":
      return changed<ToolUse>(thread, event.item_id, { arguments: event.arguments });
    default:
      return thread;
  }
}

function reduceLocal(thread: Thread, event: LocalEvent): Thread {
  switch (event.type) {
    case "local.typed": {
      const told = { text: event.text, heard: event.text.length, attachments: event.attachments, settled: true };
      return { ...withTurn(thread, { ...blank(event.id, "you"), ...told }), awaiting: true };
    }
    case "local.asked":
      return { ...thread, awaiting: true };
    case "local.decided":
      return changed(thread, event.id, { approved: event.approved, open: false });
    case "local.started": {
      const patch = event.latencyMs === null ? {} : { latencyMs: event.latencyMs };
      return { ...changed<Message>(thread, event.item, patch), playing: event.item };
    }
    case "local.answered":
      return event.latencyMs === null ? thread : changed<Message>(thread, event.item, { latencyMs: event.latencyMs });
    case "local.heard":
      return { ...changed<Message>(thread, event.item, { heard: event.characters }), playing: event.item };
    case "local.drained": {
      const heard = event.characters ?? messageOf(thread, event.item)?.text.length ?? 0;
      return { ...changed<Message>(thread, event.item, { heard }), playing: null };
    }
    case "local.cut": {
      const cut = { heard: event.characters, interrupted: true, settled: true };
      return tidied({ ...changed<Message>(thread, event.item, cut), playing: null });
    }
    case "local.refused":
      return { ...thread, turns: thread.turns.filter(({ id }) => id !== event.item), awaiting: false };
    case "local.waited":
      return { ...thread, awaiting: false };
    case "local.disconnected":
      return tidied({ turns: thread.turns.map(left), hearing: false, awaiting: false, response: null, playing: null });
  }
}

type Transcription = Extract<ServerEvent, { type: `conversation.item.input_audio_transcription.${string}` }>;

function transcribe(thread: Thread, event: Transcription): Thread {
  const known = withTurn(thread, { ...blank(event.item_id, "you"), spoken: true });
  switch (event.type) {
    case "conversation.item.input_audio_transcription.delta": {
      const said = (messageOf(known, event.item_id)?.text ?? "") + event.delta;
      return changed<Message>(known, event.item_id, { text: said, heard: said.length });
    }
    case "conversation.item.input_audio_transcription.completed": {
      const said = event.transcript.trim();
      const settled = changed<Message>(known, event.item_id, { text: said, heard: said.length, settled: true });
      return said === "" ? tidied({ ...settled, awaiting: false }) : settled;
    }
    case "conversation.item.input_audio_transcription.failed":
      return changed<Message>(known, event.item_id, { text: NOT_UNDERSTOOD, heard: 0, settled: true });
  }
}

function grow(thread: Thread, id: string, response: string, delta: string, spoken: boolean): Thread {
  const known = withTurn(thread, { ...blank(id, "vivavoce"), response, spoken });
  const message = messageOf(known, id);
  if (message === undefined) return known;
  const heard = spoken ? message.heard : message.heard + delta.length;
  return changed<Message>(known, id, { text: message.text + delta, heard });
}

/** An item that came, whole or in its first state. */
function learn(thread: Thread, item: Item, response: string | null): Thread {
  if (item.type === "mcp_approval_response") {
    return changed(thread, text(item.fields, "approval_request_id"), { approved: item.fields["approve"] === true, open: false });
  }
  if (item.type === "function_call_output") return answered(thread, item);
  const turn = turnFrom(item);
  if (turn === null) return thread;
  const known = turnOf(thread, item.id);
  if (known === undefined) return add(thread, turn, response);
  if (known.kind === "tool") return changed<ToolUse>(thread, item.id, newer(known, turn as ToolUse));
  return known.kind === "message" && turn.kind === "message" ? shortened(thread, known, item) : thread;
}

/** An assistant's message is shown from its first word on; one that is whole and new was said elsewhere. */
function add(thread: Thread, turn: Turn, response: string | null): Thread {
  if (turn.kind !== "message") return withTurn(thread, turn.kind === "tool" ? { ...turn, response } : turn);
  if (!turn.settled || (turn.text === "" && turn.attachments.length === 0)) return thread;
  return withTurn(thread, turn);
}

function newer(known: ToolUse, turn: ToolUse): Partial<ToolUse> {
  const { output, error, settled } = turn;
  return { arguments: turn.arguments || known.arguments, output: output ?? known.output, error: error ?? known.error, settled: settled || known.settled };
}

/** What the server keeps of a message that was cut short is what was heard of it. */
function shortened(thread: Thread, known: Message, item: Item): Thread {
  const kept = words(item);
  if (known.who !== "vivavoce" || !known.interrupted || !known.text.startsWith(kept)) return thread;
  return changed<Message>(thread, known.id, { heard: kept.length });
}

function answered(thread: Thread, item: Item): Thread {
  const call = thread.turns.findLast((turn) => turn.kind === "tool" && !turn.settled);
  return call === undefined ? thread : changed<ToolUse>(thread, call.id, { output: outcome(item.fields, "output"), settled: true });
}

function finish(thread: Thread, { response: { id: response, status }, vivavoce }: ResponseDone): Thread {
  const ended = status === "completed" ? { settled: true } : { settled: true, interrupted: status === "cancelled" };
  const answer = thread.turns.findIndex((turn) => turn.kind === "message" && turn.response === response);
  const unasked = isUnasked(answer < 0 ? thread.turns : thread.turns.slice(0, answer), vivavoce?.reason);
  const turns = thread.turns.map((turn): Turn => {
    if (turn.kind === "approval" || turn.response !== response) return turn;
    if (turn.kind === "message") {
      const sounded = status === "completed" && turn.heard > 0 && turn.id !== thread.playing; // before it was known to be all
      return { ...turn, ...ended, unasked, heard: sounded ? turn.text.length : turn.heard, interrupted: ended.interrupted ?? turn.interrupted };
    }
    return turn;
  });
  return tidied({ ...thread, turns, response: thread.response === response ? null : thread.response });
}

/** A turn whose connection is gone. */
function left(turn: Turn): Turn {
  if (turn.kind === "approval") return turn.open ? { ...turn, open: false } : turn;
  return turn.settled ? turn : { ...turn, settled: true };
}

/**
 * Without the lines that turned out to be nothing: noise taken for speech, replies cut before their first word.
 * Of the one that sounds it is not known yet.
 */
function tidied(thread: Thread): Thread {
  const nothing = (turn: Turn): boolean =>
    turn.kind === "message" && turn.settled && turn.id !== thread.playing && isNothing(turn);
  return thread.turns.some(nothing) ? { ...thread, turns: thread.turns.filter((turn) => !nothing(turn)) } : thread;
}

export type Phase = "ready" | "connecting" | "listening" | "thinking" | "speaking" | "ducked" | "reconnecting";

export type LinkState = "off" | "connecting" | "open" | "waiting";

/** The one word for what goes on. Without a microphone an idle session is merely ready. */
export function phase(link: LinkState, listening: boolean, thread: Thread, ducked: boolean): Phase {
  if (link === "off") return "ready";
  if (link === "connecting") return "connecting";
  if (link === "waiting") return "reconnecting";
  if (thread.playing !== null) return ducked ? "ducked" : "speaking";
  if (thread.awaiting || thread.response !== null) return "thinking";
  return listening ? "listening" : "ready";
}
