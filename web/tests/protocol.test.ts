import { describe, expect, it } from "vitest";

import { DEFAULT_MANNERS } from "../src/voice/manners.js";
import { type SessionWishes, isSendable, mannersUpdate, message, respond, sessionUpdate, subprotocols } from "../src/wire/commands.js";
import { attachments, readItem, words } from "../src/wire/items.js";
import { parse } from "../src/wire/protocol.js";

describe("reading the server", () => {
  it("takes an event that has all its fields", () => {
    const event = { type: "input_audio_buffer.speech_stopped", item_id: "item_1", audio_end_ms: 1200 };
    expect(parse(JSON.stringify(event))).toEqual(event);
  });

  it.each([
    ["not JSON", "{"],
    ["no object", "3"],
    ["no type", "{}"],
    ["an event that the page has no use for", '{"type":"rate_limits.updated"}'],
    ["a name from the object's prototype", '{"type":"toString"}'],
    ["a missing field", '{"type":"response.output_audio.delta","item_id":"a","response_id":"r"}'],
    ["a field of the wrong type", '{"type":"input_audio_buffer.speech_started","item_id":"a","audio_start_ms":"0"}'],
    ["a missing field inside", '{"type":"response.done","response":{"id":"r"}}'],
  ])("passes over %s", (_what, text) => {
    expect(parse(text)).toBeNull();
  });
});

const WISHES: SessionWishes = {
  voice: "marin",
  speed: 1,
  manners: DEFAULT_MANNERS,
  captionsOnly: false,
  pushToTalk: false,
  model: "",
  conversation: null,
  profile: false,
  tools: [],
};

describe("speaking to the server", () => {
  it("asks for spoken replies, captions and semantic turns at 24 kHz", () => {
    const pcm = { type: "audio/pcm", rate: 24_000 };
    expect(sessionUpdate(WISHES, true)).toEqual({
      type: "session.update",
      session: {
        type: "realtime",
        output_modalities: ["audio"],
        audio: {
          input: { format: pcm, transcription: { model: "whisper-1" }, turn_detection: { type: "semantic_vad", eagerness: "auto" } },
          output: { format: pcm, voice: "marin", speed: 1 },
        },
        tools: [],
        vivavoce: { managed_playback: true, openers: "on", listening_signals: false, idle_timeout_ms: null, side_talk: "answer" },
      },
    });
  });

  it("changes manners without touching voice or playback", () => {
    const polite = { eagerness: "low", openers: false, listeningSignals: true, idlePrompts: true, ignoreSideTalk: true } as const;
    expect(mannersUpdate({ ...WISHES, manners: polite })["session"]).toEqual({
      type: "realtime",
      output_modalities: ["audio"],
      audio: { input: { turn_detection: { type: "semantic_vad", eagerness: "low" } }, output: { speed: 1 } },
      vivavoce: { managed_playback: true, openers: "off", listening_signals: true, idle_timeout_ms: 30_000, side_talk: "ignore" },
    });
  });

  it("binds a session to its stored conversation, and brings the server's own tools", () => {
    const update = sessionUpdate({ ...WISHES, conversation: "conv_1", profile: true, tools: ["vivavoce"] }, false);
    const session = update["session"] as Record<string, unknown>;
    expect(session["vivavoce"]).toMatchObject({ conversation: "conv_1", profile: true });
    expect(session["tools"]).toMatchObject([{ type: "mcp", server_label: "vivavoce" }]);
  });

  it("has no turns found for it while one holds a button to talk", () => {
    expect(JSON.stringify(mannersUpdate({ ...WISHES, pushToTalk: true }))).toContain('"turn_detection":null');
  });

  it("asks for a written answer to what was written", () => {
    expect(respond(true)).toEqual({ type: "response.create", response: { output_modalities: ["text"] } });
    expect(respond(false)).toEqual({ type: "response.create" });
  });

  it("sends pictures and files along with the words", () => {
    const picture = { kind: "image", url: "data:image/png;base64,AA==", name: "a.png" } as const;
    expect(message("a", "user", "See", [picture])["item"]).toMatchObject({ content: [{ type: "input_image" }, { type: "input_text" }] });
  });

  it("tells of files in words that are read back as files, whatever they are called", () => {
    const file = { kind: "file", id: "file-1", name: "a]b.pdf" } as const;
    const item = readItem(message("a", "user", "What does it say?", [file])["item"])!;
    expect(words(item)).toBe("What does it say?");
    expect(attachments(item)).toEqual([{ ...file, name: "a b.pdf" }]);
  });

  it("writes the user's words as input and the assistant's as output", () => {
    expect(message("a", "user", "Hi")["item"]).toMatchObject({ role: "user", content: [{ type: "input_text" }] });
    expect(message("b", "assistant", "Hi")["item"]).toMatchObject({ content: [{ type: "output_text" }] });
  });

  it("sends the key among the subprotocols, and only what fits there", () => {
    expect(subprotocols(null)).toEqual(["realtime"]);
    expect(subprotocols("sk-1")).toEqual(["realtime", "openai-insecure-api-key.sk-1"]);
    expect(isSendable("sk-abc_1.2")).toBe(true);
    expect(isSendable("with space")).toBe(false);
    expect(isSendable("")).toBe(false);
  });
});
