import { describe, expect, it } from "vitest";

import { type LocalEvent, phase, reduce } from "../src/thread/reduce.js";
import { type Message, NO_THREAD, type Thread, threadFrom } from "../src/thread/turns.js";
import { type Item, readItem } from "../src/wire/items.js";
import type { ServerEvent } from "../src/wire/protocol.js";

const TRANSCRIPTION = "conversation.item.input_audio_transcription";
const started: ServerEvent = { type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 };
const stopped: ServerEvent = { type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 900 };
const partial = (delta: string): ServerEvent => ({ type: `${TRANSCRIPTION}.delta`, item_id: "u1", delta });
const final = (transcript: string): ServerEvent => ({ type: `${TRANSCRIPTION}.completed`, item_id: "u1", transcript });
const created: ServerEvent = { type: "response.created", response: { id: "r1" } };
const done = (status: string): ServerEvent => ({ type: "response.done", response: { id: "r1", status } });
const words = (delta: string): ServerEvent => ({
  type: "response.output_audio_transcript.delta",
  response_id: "r1",
  item_id: "a1",
  delta,
});
const sounds: LocalEvent = { type: "local.started", item: "a1", latencyMs: 620 };
const cut = (characters: number): LocalEvent => ({ type: "local.cut", item: "a1", characters });

const after = (...events: (ServerEvent | LocalEvent)[]): Thread => events.reduce(reduce, NO_THREAD);
const messages = (thread: Thread): Message[] => thread.turns.filter((turn) => turn.kind === "message");
const texts = (thread: Thread): string[] => messages(thread).map(({ who, text }) => `${who}: ${text}`);

describe("captions", () => {
  it("show the user's words as they become certain and then as they were", () => {
    expect(texts(after(started, partial("What "), partial("tie")))).toEqual(["you: What tie"]);
    expect(texts(after(started, partial("What tie"), final(" What time is it? ")))).toEqual(["you: What time is it?"]);
  });

  it("keep the order of the talk when the transcript comes after the reply", () => {
    expect(texts(after(started, stopped, created, words("Noon."), final("What time is it?")))).toEqual([
      "you: What time is it?",
      "vivavoce: Noon.",
    ]);
  });

  it("wait for the rest of a reply whose sound is late, and are whole once it is known to be all", () => {
    const late: LocalEvent = { type: "local.drained", item: "a1", characters: 5 };
    const thread = after(started, stopped, created, words("It is noon."), sounds, late);
    expect(messages(thread).at(-1)).toMatchObject({ heard: 5 });
    expect(messages(reduce(thread, done("completed"))).at(-1)).toMatchObject({ heard: 11, settled: true });
  });

  it("lose nothing of a reply that is heard to its end", () => {
    const thread = after(started, stopped, created, words("It is "), sounds, words("noon."), done("completed"), {
      type: "local.drained",
      item: "a1",
      characters: null,
    });
    expect(messages(thread).at(-1)).toMatchObject({ text: "It is noon.", heard: 11, settled: true, latencyMs: 620 });
    expect(messages(thread).at(-1)?.interrupted).toBe(false);
  });

  it("mark a cut reply with what was heard; more words were sent, as is stored, and not heard", () => {
    const thread = after(created, words("It is noon."), sounds, cut(5), words(" And sunny."), done("cancelled"));
    expect(messages(thread)).toEqual([
      expect.objectContaining({ text: "It is noon. And sunny.", heard: 5, interrupted: true, settled: true }),
    ]);
  });

  it("drop what turned out to be nothing", () => {
    expect(messages(after(started, stopped, final("")))).toEqual([]);
    expect(messages(after(created, words("It is noon."), done("cancelled")))).toEqual([]);
    expect(messages(after(created, words("It is noon."), sounds, cut(0)))).toEqual([]);
  });

  it("say so when speech could not be understood", () => {
    const failed: ServerEvent = { type: `${TRANSCRIPTION}.failed`, item_id: "u1" };
    expect(texts(after(started, stopped, failed))).toEqual(["you: …"]);
  });

  it("show a written reply as heard", () => {
    const written: ServerEvent = { type: "response.output_text.delta", response_id: "r1", item_id: "a1", delta: "Noon." };
    expect(messages(after(created, written))[0]).toMatchObject({ text: "Noon.", heard: 5 });
  });

  it("outlive the connection", () => {
    const thread = after(started, final("Hello"), created, words("Hi."), sounds, cut(3), { type: "local.disconnected" });
    expect(texts(thread)).toEqual(["you: Hello", "vivavoce: Hi."]);
    expect(thread).toMatchObject({ playing: null, response: null, awaiting: false });
  });

  it("keep what was written unlike what was spoken: all of it was received", () => {
    const written: ServerEvent = { type: "response.output_text.delta", response_id: "r1", item_id: "a1", delta: "Noon." };
    expect(messages(after(created, written, done("cancelled")))[0]).toMatchObject({ text: "Noon.", heard: 5, interrupted: true });
  });

  it("leave the other turns as they are, so that they are not drawn again", () => {
    const typed = Array.from({ length: 300 }, (_, n): LocalEvent => ({ type: "local.typed", id: `${n}`, text: "Hi", attachments: [] }));
    const before = after(...typed);
    const grown = [created, words("Noon.")].reduce(reduce, before);
    expect(grown.turns.slice(0, 300).every((turn, place) => turn === before.turns[place])).toBe(true);
  });
});

describe("a stored thread", () => {
  const stored = (id: string, role: string, said: string, more: object): Item => ({
    id,
    type: "message",
    fields: { role, content: [{ type: role === "user" ? "input_text" : "output_text", text: said }], ...more },
  });

  it("tells what was spoken, and how much of it was heard, as it did while it happened", () => {
    const heard = { status: "incomplete", vivavoce: { spoken: true, said: "It is noon." } };
    const thread = threadFrom([
      stored("u1", "user", "Hello", { vivavoce: { spoken: true } }),
      stored("a0", "assistant", "", { status: "incomplete", vivavoce: { spoken: true, said: "Well," } }), // nobody heard it
      stored("a1", "assistant", "It is", heard),
      stored("u2", "user", "Hm", {}),
    ]);
    expect(messages(thread)).toMatchObject([
      { id: "u1", spoken: true, interrupted: false },
      { id: "a1", spoken: true, interrupted: true, text: "It is noon.", heard: 5 },
      { id: "u2", spoken: false },
    ]);
  });
});

describe("tools", () => {
  const item = (fields: Record<string, unknown>): ServerEvent => ({
    type: "response.output_item.done",
    response_id: "r1",
    item: readItem({ id: "t1", ...fields })!,
  });
  const call = { type: "mcp_call", server_label: "vivavoce", name: "set_timer" };

  it("are shown while they run, with their arguments, and then with what came of them", () => {
    const running = after(created, item({ ...call, status: "in_progress", arguments: "" }), {
      type: "response.mcp_call_arguments.delta",
      item_id: "t1",
      delta: '{"minutes":3}',
    });
    expect(running.turns[0]).toMatchObject({ kind: "tool", settled: false, arguments: '{"minutes":3}' });
    const ended = reduce(running, item({ ...call, arguments: '{"minutes":3}', output: "Set." }));
    expect(ended.turns).toEqual([expect.objectContaining({ name: "set_timer", output: "Set.", settled: true })]);
  });

  it("that fail say why, whatever the shape of the error", () => {
    const failed = after(created, item({ ...call, arguments: "{}", error: { type: "tool_execution_error", message: "No such file." } }));
    expect(failed.turns[0]).toMatchObject({ error: "No such file.", settled: true });
  });

  it("that ask are answered once, and no longer wait when the connection is gone", () => {
    const asks = item({ type: "mcp_approval_request", server_label: "vivavoce", name: "send_mail", arguments: "{}" });
    expect(after(created, asks).turns[0]).toMatchObject({ kind: "approval", open: true, approved: null });
    expect(after(created, asks, { type: "local.decided", id: "t1", approved: true }).turns[0]).toMatchObject({ open: false, approved: true });
    expect(after(created, asks, { type: "local.disconnected" }).turns[0]).toMatchObject({ open: false, approved: null });
  });
});

describe("the result of a tool that took long", () => {
  const typed = (id: string): LocalEvent => ({ type: "local.typed", id, text: "How is it?", attachments: [] });
  const card = readItem({ id: "m1", type: "mcp_call", server_label: "desk", name: "get_weather", arguments: "{}", status: "in_progress" });
  const called: ServerEvent = { type: "response.output_item.added", response_id: "r0", item: card! };
  const told: ServerEvent = { type: "response.output_text.delta", response_id: "r1", item_id: "a1", delta: "Sunny." };
  const ended: ServerEvent = { type: "response.done", response: { id: "r1", status: "completed" }, vivavoce: { reason: "errand" } };
  const unasked = (...before: (ServerEvent | LocalEvent)[]): boolean | undefined => messages(after(...before, told, ended)).at(-1)?.unasked;

  it("was waited for, unless the person has said something since", () => {
    expect(unasked(typed("u1"), called)).toBe(false);
    expect(unasked(typed("u1"), called, typed("u2"))).toBe(true);
  });

  it("is told of a stored thread as it was while it happened", () => {
    const said = (id: string, role: string, ours: object = {}): Item => ({ id, type: "message", fields: { role, content: [{ type: "text", text: id }], vivavoce: ours } });
    const call: Item = { id: "c1", type: "mcp_call", fields: { name: "look", output: "42" } };
    const bells = (...items: Item[]): boolean[] => threadFrom(items).turns.flatMap((turn) => (turn.kind === "message" && turn.who === "vivavoce" ? [turn.unasked] : []));
    expect(bells(said("u1", "user"), said("a1", "assistant"), said("a2", "assistant", { reason: "speak_up" }))).toEqual([false, true]);
    expect(bells(said("u1", "user"), call, said("a1", "assistant", { reason: "errand" }))).toEqual([false]);
    expect(bells(said("u1", "user"), call, said("u2", "user"), said("a1", "assistant", { reason: "errand" }))).toEqual([true]);
  });
});

describe("the one word", () => {
  it.each<[string, Thread]>([
    ["listening", NO_THREAD],
    ["listening", after(started)],
    ["thinking", after(started, stopped)],
    ["listening", after(started, stopped, started)],
    ["listening", after(started, stopped, final(""))],
    ["listening", after(started, stopped, { type: "local.waited" })],
    ["thinking", after(started, stopped, created)],
    ["speaking", after(started, stopped, created, words("Hi"), sounds)],
    ["speaking", after(started, stopped, created, words("Hi"), sounds, done("completed"))],
    ["listening", after(created, words("Hi"), sounds, done("completed"), { type: "local.drained", item: "a1", characters: null })],
    ["listening", after(created, words("Hi"), sounds, done("cancelled"), cut(2))],
  ])("is %s", (word, thread) => {
    expect(phase("open", true, thread, false)).toBe(word);
  });

  it("speaks of the connection first", () => {
    expect(phase("off", true, NO_THREAD, false)).toBe("ready");
    expect(phase("connecting", true, NO_THREAD, false)).toBe("connecting");
    expect(phase("waiting", true, after(started, stopped), false)).toBe("reconnecting");
  });

  it("tells that the answer is played softly", () => {
    expect(phase("open", true, after(created, words("Hi"), sounds), true)).toBe("ducked");
  });

  it("is not listening without a microphone", () => {
    expect(phase("open", false, NO_THREAD, false)).toBe("ready");
  });
});
