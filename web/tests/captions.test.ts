import { describe, expect, it } from "vitest";

import { type Captions, type LocalEvent, NO_CAPTIONS, phase, reduce } from "../src/captions.js";
import type { ServerEvent } from "../src/protocol.js";

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

const after = (...events: (ServerEvent | LocalEvent)[]): Captions => events.reduce(reduce, NO_CAPTIONS);
const texts = (captions: Captions): string[] => captions.entries.map(({ who, text }) => `${who}: ${text}`);

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

  it("lose nothing of a reply that is heard to its end", () => {
    const captions = after(started, stopped, created, words("It is "), sounds, words("noon."), done("completed"), {
      type: "local.drained",
      item: "a1",
    });
    expect(captions.entries.at(-1)).toMatchObject({ text: "It is noon.", heard: 11, settled: true, latencyMs: 620 });
    expect(captions.entries.at(-1)?.interrupted).toBe(false);
  });

  it("mark a cut reply with what was heard and take no more words for it", () => {
    const captions = after(created, words("It is noon."), sounds, cut(5), words(" And sunny."), done("cancelled"));
    expect(captions.entries).toEqual([
      expect.objectContaining({ text: "It is noon.", heard: 5, interrupted: true, settled: true }),
    ]);
  });

  it("drop what turned out to be nothing", () => {
    expect(after(started, stopped, final("")).entries).toEqual([]);
    expect(after(created, words("It is noon."), done("cancelled")).entries).toEqual([]);
    expect(after(created, words("It is noon."), sounds, cut(0)).entries).toEqual([]);
  });

  it("say so when speech could not be understood", () => {
    const failed: ServerEvent = { type: `${TRANSCRIPTION}.failed`, item_id: "u1" };
    expect(texts(after(started, stopped, failed))).toEqual(["you: (not understood)"]);
  });

  it("show a written reply as heard", () => {
    const written: ServerEvent = { type: "response.output_text.delta", response_id: "r1", item_id: "a1", delta: "Noon." };
    expect(after(created, written).entries[0]).toMatchObject({ text: "Noon.", heard: 5 });
  });

  it("outlive the connection", () => {
    const captions = after(started, final("Hello"), created, words("Hi."), sounds, cut(3), { type: "local.disconnected" });
    expect(texts(captions)).toEqual(["you: Hello", "vivavoce: Hi."]);
    expect(captions).toMatchObject({ playing: null, response: null, awaiting: false });
  });

  it("stay bounded", () => {
    const typed = Array.from({ length: 300 }, (_, n): LocalEvent => ({ type: "local.typed", id: `${n}`, text: "Hi" }));
    expect(after(...typed).entries).toHaveLength(200);
  });
});

describe("the one word", () => {
  it.each<[string, Captions]>([
    ["listening", NO_CAPTIONS],
    ["listening", after(started)],
    ["thinking", after(started, stopped)],
    ["listening", after(started, stopped, started)],
    ["listening", after(started, stopped, final(""))],
    ["listening", after(started, stopped, { type: "local.waited" })],
    ["thinking", after(started, stopped, created)],
    ["speaking", after(started, stopped, created, words("Hi"), sounds)],
    ["speaking", after(started, stopped, created, words("Hi"), sounds, done("completed"))],
    ["listening", after(created, words("Hi"), sounds, done("completed"), { type: "local.drained", item: "a1" })],
    ["listening", after(created, words("Hi"), sounds, done("cancelled"), cut(2))],
  ])("is %s", (word, captions) => {
    expect(phase("open", true, captions)).toBe(word);
  });

  it("speaks of the connection first", () => {
    expect(phase("off", true, NO_CAPTIONS)).toBe("ready");
    expect(phase("connecting", true, NO_CAPTIONS)).toBe("connecting");
    expect(phase("waiting", true, after(started, stopped))).toBe("reconnecting");
  });

  it("is not listening without a microphone", () => {
    expect(phase("open", false, NO_CAPTIONS)).toBe("ready");
  });
});
