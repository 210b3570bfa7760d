import { describe, expect, it } from "vitest";

import { type Message, NO_THREAD, type Thread, blank } from "../src/thread/turns.js";
import { Farewell } from "../src/voice/farewell.js";
import type { ClientEvent } from "../src/wire/commands.js";
import { readItem } from "../src/wire/items.js";

const you: Message = { ...blank("u1", "you"), spoken: true };
const known: Message = { ...you, text: "Hello", heard: 5, settled: true };
const answer: Message = { ...blank("a1", "vivavoce"), spoken: true, response: "r1", text: "Good morning.", heard: 4 };

function farewell(thread: Partial<Thread>): { types: () => string[]; end: Farewell } {
  const sent: ClientEvent[] = [];
  const end = new Farewell({ ...NO_THREAD, ...thread }, (event) => void sent.push(event));
  return { types: () => sent.map(({ type }) => type), end };
}

describe("the end of a talk", () => {
  it("is at once where nothing is under way", () => {
    const { end, types } = farewell({ turns: [known, { ...answer, settled: true, heard: 13 }] });
    expect(end.isOver({ ...NO_THREAD, turns: [known] }, () => 0)).toBe(true);
    expect(types()).toEqual([]);
  });

  it("waits for the words that were said last, which nobody answers", () => {
    const { end, types } = farewell({ turns: [you], hearing: true });
    expect(types()).toEqual(["input_audio_buffer.commit"]);
    end.take({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
    expect(types()).toHaveLength(1); // no second commit
    expect(end.isOver({ ...NO_THREAD, turns: [you], awaiting: true }, () => 0)).toBe(false);
    expect(end.isOver({ ...NO_THREAD, turns: [known], awaiting: true }, () => 0)).toBe(true);
  });

  it("waits for the answer that was due, and stops it", () => {
    const { end, types } = farewell({ turns: [known], awaiting: true });
    expect(end.isOver({ ...NO_THREAD, turns: [known], awaiting: true }, () => 0)).toBe(false);
    end.take({ type: "response.created", response: { id: "r1" } });
    expect(types()).toEqual(["response.cancel"]);
    expect(end.isOver({ ...NO_THREAD, turns: [known], response: "r1" }, () => 0)).toBe(false);
    expect(end.isOver({ ...NO_THREAD, turns: [known] }, () => 0)).toBe(true);
  });

  it("tells how much was heard, and waits for the words that these are", () => {
    const { end, types } = farewell({ turns: [known, answer], response: "r1", playing: "a1" });
    const cut = { ...NO_THREAD, turns: [known, { ...answer, settled: true, interrupted: true }] };
    expect(end.isOver(cut, () => 300)).toBe(false);
    expect(types()).toEqual(["response.cancel", "conversation.item.truncate", "conversation.item.retrieve"]);
    end.take({ type: "conversation.item.retrieved", item: readItem({ id: "a1", type: "message" })! });
    expect(end.isOver(cut, () => 300)).toBe(true);
  });

  it("asks only where the server itself counts what is heard, as in a call", () => {
    const { end, types } = farewell({ turns: [known, answer] });
    end.isOver({ ...NO_THREAD, turns: [known, answer] }, () => null);
    expect(types()).toEqual(["conversation.item.retrieve"]);
  });
});
