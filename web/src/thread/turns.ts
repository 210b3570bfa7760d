/** What one thread is made of. */

import { type Attachment, type Item, attachments, isSpoken, outcome, record, text, words } from "../wire/items.js";

export interface Message {
  readonly kind: "message";
  readonly id: string;
  readonly who: "you" | "vivavoce";
  readonly text: string;
  /** Characters of `text` that were heard; what was written counts as heard. */
  readonly heard: number;
  /** It was said, not written. */
  readonly spoken: boolean;
  /** Nothing more will be added. */
  readonly settled: boolean;
  readonly interrupted: boolean;
  /** Nobody had asked at that moment: a timer that ended, the result of something that took long. */
  readonly unasked: boolean;
  /** From the end of the user's turn to the first sound, or the first words, of this reply. */
  readonly latencyMs: number | null;
  readonly response: string | null;
  readonly attachments: readonly Attachment[];
}

export interface ToolUse {
  readonly kind: "tool";
  readonly id: string;
  /** Of the server that has the tool; "" for the client's own. */
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
  readonly output: string | null;
  readonly error: string | null;
  /** How far one has come that takes long. */
  readonly progress: string;
  readonly settled: boolean;
  readonly response: string | null;
}

export interface Approval {
  readonly kind: "approval";
  readonly id: string;
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
  readonly approved: boolean | null;
  /** Whether somebody waits for the answer; a stored request may have been left behind. */
  readonly open: boolean;
}

export type Turn = Message | ToolUse | Approval;

export interface Thread {
  readonly turns: readonly Turn[];
  /** The user is speaking. */
  readonly hearing: boolean;
  /** The user is done and no reply has begun. */
  readonly awaiting: boolean;
  readonly response: string | null;
  /** The item that sounds. */
  readonly playing: string | null;
}

export const NO_THREAD: Thread = { turns: [], hearing: false, awaiting: false, response: null, playing: null };

export function blank(id: string, who: "you" | "vivavoce"): Message {
  const none = { settled: false, interrupted: false, unasked: false, latencyMs: null, response: null, attachments: [] };
  return { kind: "message", id, who, text: "", heard: 0, spoken: false, ...none };
}

export function turnOf(thread: Thread, id: string): Turn | undefined {
  return thread.turns.findLast((turn) => turn.id === id);
}

export function messageOf(thread: Thread, id: string): Message | undefined {
  const turn = turnOf(thread, id);
  return turn?.kind === "message" ? turn : undefined;
}

export function unaskedIn(thread: Thread, response: string): readonly Message[] {
  return thread.turns.filter((turn): turn is Message => turn.kind === "message" && turn.unasked && turn.response === response);
}

/** Nobody waited for it: a timer that ended, or the result of a tool that came after the person had gone on to something else. */
export function isUnasked(before: readonly Turn[], reason: unknown): boolean {
  if (reason !== "errand") return reason === "speak_up";
  const said = before.findLastIndex((turn) => turn.kind === "message" && turn.who === "you");
  return said > before.findLastIndex((turn) => turn.kind === "tool");
}

/** Noise taken for speech, or an answer that was cut before its first word. */
export function isNothing(message: Message): boolean {
  if (message.interrupted && message.heard === 0 && message.spoken) return true;
  return message.text === "" && message.attachments.length === 0;
}

export function withTurn(thread: Thread, turn: Turn): Thread {
  return turnOf(thread, turn.id) === undefined ? { ...thread, turns: [...thread.turns, turn] } : thread;
}

/** The others stay the same objects, so that nothing of them is drawn again. */
export function changed<T extends Turn>(thread: Thread, id: string, patch: Partial<T>): Thread {
  const place = thread.turns.findLastIndex((turn) => turn.id === id);
  const before = thread.turns[place];
  if (before === undefined) return thread;
  const turns = thread.turns.slice();
  turns[place] = { ...before, ...patch } as Turn;
  return { ...thread, turns };
}

/** The turn that a whole item stands for, or null for one that is not shown. */
export function turnFrom(item: Item): Turn | null {
  switch (item.type) {
    case "message":
      return messageFrom(item);
    case "mcp_call":
      return toolFrom(item, outcome(item.fields, "output"), outcome(item.fields, "error"));
    case "function_call":
      return toolFrom(item, null, null);
    case "mcp_approval_request":
      return approvalFrom(item);
    default:
      return null;
  }
}

function messageFrom(item: Item): Message | null {
  const role = text(item.fields, "role");
  if (role !== "user" && role !== "assistant") return null;
  const heard = words(item);
  const said = text(record(item.fields, "vivavoce"), "said") || heard;
  const whole = text(item.fields, "status") !== "in_progress";
  const interrupted = role === "assistant" && text(item.fields, "status") === "incomplete";
  return {
    ...blank(item.id, role === "user" ? "you" : "vivavoce"),
    text: said,
    heard: said.startsWith(heard) ? heard.length : said.length,
    spoken: isSpoken(item),
    settled: whole,
    interrupted,
    attachments: attachments(item),
  };
}

function toolFrom(item: Item, output: string | null, error: string | null): ToolUse {
  const { fields } = item;
  const settled = text(fields, "status") !== "in_progress" && (output ?? error) !== null;
  const told = { server: text(fields, "server_label"), name: text(fields, "name"), arguments: text(fields, "arguments") };
  return { kind: "tool", id: item.id, ...told, output, error, progress: "", settled, response: null };
}

function approvalFrom({ id, fields }: Item): Approval {
  const told = { server: text(fields, "server_label"), name: text(fields, "name"), arguments: text(fields, "arguments") };
  return { kind: "approval", id, ...told, approved: null, open: true };
}

/** A stored conversation, to be read; nobody waits any more for what was asked in it. */
export function threadFrom(items: readonly Item[]): Thread {
  const outputs = new Map<string, string | null>();
  const answers = new Map<string, boolean>();
  for (const { type, fields } of items) {
    if (type === "function_call_output") outputs.set(text(fields, "call_id"), outcome(fields, "output"));
    if (type === "mcp_approval_response") answers.set(text(fields, "approval_request_id"), fields["approve"] === true);
  }
  const turns: Turn[] = [];
  for (const item of items) {
    const turn = turnFrom(item);
    if (turn === null) continue;
    if (turn.kind === "tool") {
      const output = turn.output ?? outputs.get(text(item.fields, "call_id")) ?? null;
      turns.push({ ...turn, output, settled: true });
    } else if (turn.kind === "approval") {
      turns.push({ ...turn, approved: answers.get(turn.id) ?? null, open: false });
    } else if (!isNothing(turn)) {
      turns.push({ ...turn, settled: true, unasked: isUnasked(turns, record(item.fields, "vivavoce")["reason"]) });
    }
  }
  return { ...NO_THREAD, turns };
}
