import { beforeEach, describe, expect, it } from "vitest";

import type { Message } from "../src/thread/turns.js";
import { DEFAULT_MANNERS } from "../src/voice/manners.js";
import { toBase64 } from "../src/voice/pcm.js";
import type { Problem } from "../src/voice/remedies.js";
import { Talk } from "../src/voice/talk.js";
import type { Cut } from "../src/voice/worklets/player.js";
import type { ClientEvent, SessionWishes } from "../src/wire/commands.js";
import { readItem } from "../src/wire/items.js";
import type { Connection, LinkHooks } from "../src/wire/link.js";
import type { ServerEvent } from "../src/wire/protocol.js";

const SECOND = 24_000;

const LIKED = { voice: "marin", speed: 1, manners: DEFAULT_MANNERS, captionsOnly: false, pushToTalk: false, model: "", tools: [] };

class FakeLink implements Connection {
  open = false;
  playsHere = true;
  buffered = 0;
  closed = false;
  readonly sent: ClientEvent[] = [];
  constructor(
    readonly hooks: LinkHooks,
    readonly resume: string | null,
  ) {}
  send(event: ClientEvent): void {
    this.sent.push(event);
  }
  close(): void {
    this.closed = true;
    this.open = false;
  }
  types(): string[] {
    return this.sent.map(({ type }) => type);
  }
  greet(session = "s1"): void {
    this.open = true;
    this.hooks.event({ type: "session.created", session: { id: session } });
  }
}

/** A world in which time, network and sound do what the test says. */
class World {
  readonly links: FakeLink[] = [];
  readonly timers: { ms: number; action: () => void; stopped: boolean }[] = [];
  readonly played: string[] = [];
  readonly problems: Problem[] = [];
  readonly unasked: string[] = [];
  readonly refused: string[] = [];
  recovered = 0;
  /** The state of the link at each change that was told. */
  readonly shown: string[] = [];
  cuts: Cut[] = [];
  flushes = 0;
  readonly volumes: number[] = [];
  time = 0;
  cause: "unreachable" | "key" | "refused" = "unreachable";
  readonly talk: Talk;

  constructor(bound: Partial<SessionWishes> = {}) {
    let ids = 0;
    const surroundings = {
      connect: (hooks: LinkHooks, resume: string | null) => {
        const link = new FakeLink(hooks, resume);
        this.links.push(link);
        return link;
      },
      probe: () => Promise.resolve(this.cause),
      now: () => this.time,
      random: () => 0.5,
      after: (ms: number, action: () => void) => {
        const timer = { ms, action, stopped: false };
        this.timers.push(timer);
        return () => {
          timer.stopped = true;
        };
      },
      newId: () => `typed_${++ids}`,
      voice: {
        push: (item: string) => void this.played.push(item),
        volume: (gain: number) => void this.volumes.push(gain),
        flush: () => {
          this.flushes += 1;
          return Promise.resolve(this.cuts);
        },
      },
    };
    const hooks = {
      changed: () => void this.shown.push(this.talk.linkState),
      problem: (problem: Problem) => void this.problems.push(problem),
      recovered: () => void (this.recovered += 1),
      turned: () => undefined,
      refused: (text: string) => void this.refused.push(text),
      unasked: (message: Message) => void this.unasked.push(message.text),
    };
    this.talk = new Talk(surroundings, hooks, { ...LIKED, conversation: null, profile: false, ...bound });
  }

  get link(): FakeLink {
    return this.links.at(-1) as FakeLink;
  }

  get messages(): readonly Message[] {
    return this.talk.thread.turns.filter((turn) => turn.kind === "message");
  }

  begin(): void {
    this.talk.start();
    this.link.greet();
    this.link.sent.length = 0;
  }

  say(...events: ServerEvent[]): void {
    events.forEach((event) => this.link.hooks.event(event));
  }

  /** Runs the last timer that still stands. */
  ring(): number {
    const timer = this.timers.findLast(({ stopped }) => !stopped);
    if (timer === undefined) throw new Error("nothing waits");
    timer.stopped = true;
    timer.action();
    return timer.ms;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const created: ServerEvent = { type: "response.created", response: { id: "r1" } };
const done = (status: string): ServerEvent => ({ type: "response.done", response: { id: "r1", status } });
const words: ServerEvent = { type: "response.output_audio_transcript.delta", response_id: "r1", item_id: "a1", delta: "It is noon." };
const sound = (samples: number, response = "r1", item = "a1"): ServerEvent => ({
  type: "response.output_audio.delta",
  response_id: response,
  item_id: item,
  delta: toBase64(new Int16Array(samples)),
});
const bargeIn: ServerEvent = { type: "input_audio_buffer.speech_started", item_id: "u2", audio_start_ms: 5000 };

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a talk", () => {
  it("configures the session before anything else", () => {
    world.talk.start();
    world.talk.hear({ pcm: new Int16Array(480), capturedAt: 0, level: 0.1 });
    world.link.greet();
    expect(world.link.types()).toEqual(["session.update", "input_audio_buffer.append"]);
  });

  it("is shown as open as soon as the server greets", () => {
    world.begin();
    expect(world.shown.at(-1)).toBe("open");
  });

  it("plays what comes and times the answer from the last voiced sample", () => {
    world.begin();
    for (let frame = 1; frame <= 10; frame++) {
      world.talk.hear({ pcm: new Int16Array(480), capturedAt: 20 * frame, level: frame > 5 ? 0 : 0.3 });
    }
    world.say(
      { type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 },
      { type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 200 },
      created,
      words,
      sound(SECOND),
    );
    world.talk.soundStarted("a1", 700);
    expect(world.played).toEqual(["a1"]);
    expect(world.messages.at(-1)?.latencyMs).toBe(600);
  });

  it("without a microphone has all answers written, and passes on what nobody waited for", () => {
    world.begin();
    expect(world.talk.aloud).toBe(false);
    world.talk.wish(LIKED);
    expect(world.link.sent.at(-1)).toMatchObject({ session: { output_modalities: ["text"] } });
    const written = (response: string, item: string, reason: string): void =>
      world.say(
        { type: "response.created", response: { id: response } },
        { type: "response.output_text.delta", response_id: response, item_id: item, delta: "Tea." },
        { type: "response.done", response: { id: response, status: "completed" }, vivavoce: { reason } },
      );
    written("r1", "a1", "requested");
    expect(world.unasked).toEqual([]);
    written("r2", "a2", "speak_up");
    expect(world.unasked).toEqual(["Tea."]);
    expect(world.messages.map(({ unasked }) => unasked)).toEqual([false, true]);
  });

  it("waits with the answer until a picture was taken, and takes it back where the mind sees none", () => {
    const picture = { kind: "image", url: "data:image/png;base64,", name: "cat.png" } as const;
    const item = (id: string): ServerEvent => ({ type: "conversation.item.added", item: readItem({ id, type: "message" }) as NonNullable<ReturnType<typeof readItem>> });
    world.begin();
    world.talk.type("What is it?", [picture]);
    expect(world.link.types()).toEqual(["conversation.item.create"]);
    world.say(item("typed_1"));
    expect(world.link.types()).toEqual(["conversation.item.create", "response.create"]);
    world.say({ type: "response.created", response: { id: "r1" } }, done("completed"));

    world.talk.type("And this?", [picture]);
    world.say({ type: "error", error: { message: "no", code: "image_not_supported", event_id: "typed_2" } });
    expect(world.link.types().slice(2)).toEqual(["conversation.item.create"]);
    expect(world.problems.map(({ kind }) => kind)).toEqual(["picture"]);
    expect(world.refused).toEqual(["And this?"]);
    expect(world.messages.map(({ id }) => id)).toEqual(["typed_1"]);
    expect(world.talk.thread.awaiting).toBe(false);
  });

  it("interrupted, falls silent and tells the server how much was heard", async () => {
    world.begin();
    world.say(created, words, sound(2 * SECOND));
    world.talk.soundStarted("a1", 0);
    world.cuts = [{ item: "a1", played: SECOND }];
    world.say(bargeIn, sound(SECOND), done("cancelled"));
    await settled();
    expect(world.flushes).toBe(1);
    expect(world.link.sent).toEqual([
      { type: "conversation.item.truncate", item_id: "a1", content_index: 0, audio_end_ms: 1000 },
    ]);
    expect(world.played).toEqual(["a1"]); // not what came after the cut
    expect(world.messages.find(({ id }) => id === "a1")).toMatchObject({ heard: 5, interrupted: true });
  });

  it("is not interrupted by speech after the reply was heard to its end", async () => {
    world.begin();
    world.say(created, words, sound(SECOND), done("completed"));
    world.talk.soundDrained("a1", SECOND);
    world.say(bargeIn);
    await settled();
    expect(world.link.sent).toEqual([]);
    expect(world.messages[0]).toMatchObject({ interrupted: false });
  });

  it("cuts a reply that the server cancelled by itself", async () => {
    world.begin();
    world.say(created, words, sound(SECOND));
    world.cuts = [{ item: "a1", played: 480 }];
    world.say(done("cancelled"));
    await settled();
    expect(world.link.types()).toEqual(["conversation.item.truncate"]);
  });

  it("ignores late progress of what was cut", async () => {
    world.begin();
    world.say(created, words, sound(SECOND), bargeIn);
    await settled();
    world.talk.soundPlayed("a1", 4800);
    expect(world.talk.thread.playing).toBeNull();
  });

  it("shows errors and goes on", () => {
    world.begin();
    world.say({ type: "error", error: { message: "Bad rate.", code: "invalid_value" } });
    world.say({ ...done("failed"), response: { id: "r1", status: "failed", status_details: { error: { message: "Slow." } } } } as ServerEvent);
    expect(world.problems.map(({ detail }) => detail)).toEqual(["Bad rate.", "Slow."]);
    expect(world.talk.linkState).toBe("open");
  });

  it("stops saying that a reply is on its way when none comes", () => {
    world.begin();
    world.say({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 0 });
    expect(world.talk.thread.awaiting).toBe(true);
    world.ring();
    expect(world.talk.thread.awaiting).toBe(false);
  });
});

describe("a typed line", () => {
  it("is sent and answered, and timed from the key press", () => {
    world.begin();
    world.time = 100;
    world.talk.type("What time is it?");
    expect(world.link.types()).toEqual(["conversation.item.create", "response.create"]);
    world.talk.soundStarted("a1", 400);
    world.say(created, words);
    expect(world.messages[0]).toMatchObject({ who: "you", text: "What time is it?" });
  });

  it("waits for the running reply to end: one response at a time", async () => {
    world.begin();
    world.say(created, words, sound(SECOND));
    world.talk.type("Stop. And now?");
    await settled();
    expect(world.link.types().sort()).toEqual(["conversation.item.create", "conversation.item.truncate", "response.cancel"]);
    world.say(done("cancelled"));
    expect(world.link.types().at(-1)).toBe("response.create");
  });

  it("connects first when there is no connection, and is said once", () => {
    world.talk.type("Hello");
    world.link.greet();
    expect(world.link.types()).toEqual(["session.update", "conversation.item.create", "response.create"]);
    world.say({ type: "session.updated", session: { id: "s1" } });
    expect(world.link.types().filter((type) => type === "response.create")).toHaveLength(1);
  });
});

describe("a connection that ends", () => {
  it("is made anew with growing waits, and the server is told what was said", async () => {
    world.begin();
    world.talk.type("Hello");
    world.say(created, words, sound(SECOND));
    world.talk.soundPlayed("a1", SECOND / 2);
    world.link.hooks.ended("lost");
    expect(world.talk.linkState).toBe("waiting");
    expect(world.problems.at(-1)?.kind).toBe("lost");
    expect(world.ring()).toBe(500);
    world.link.hooks.ended("never-opened");
    await settled();
    expect(world.ring()).toBe(1000);
    world.link.greet("s2"); // the server was started anew
    expect(world.talk.linkState).toBe("open");
    expect(world.recovered).toBe(2);
    const told = world.link.sent.filter(({ type }) => type === "conversation.item.create").map(({ item }) => item);
    expect(told).toMatchObject([
      { role: "user", content: [{ text: "Hello" }] },
      { role: "assistant", content: [{ text: "It is" }] },
    ]);
  });

  it("goes on with the session that the server has kept, tells it nothing twice, and what is wished by now", () => {
    world.begin();
    world.link.hooks.ended("lost");
    world.talk.wish({ ...LIKED, speed: 1.25 });
    world.ring();
    expect(world.link.resume).toBe("s1");
    world.talk.type("Still there?");
    world.link.greet("s1");
    expect(world.link.types()).toEqual(["session.update", "conversation.item.create", "response.create"]);
    expect(world.link.sent[0]).toMatchObject({ session: { audio: { output: { speed: 1.25 } } } });
  });

  it("begins anew at once where the session has ended meanwhile", () => {
    world.begin();
    world.link.hooks.ended("lost");
    world.ring();
    world.link.hooks.ended("gone");
    expect(world.link.resume).toBeNull();
    world.link.greet("s2");
    expect(world.link.types()).toEqual(["session.update"]);
  });

  it("tells a server that stores the thread only what it has not got yet", () => {
    world = new World({ conversation: "conv_1" });
    world.begin();
    world.say(created, { ...words, type: "response.output_text.delta" }, done("completed"));
    world.link.hooks.ended("lost");
    world.talk.type("And now?"); // which does not wait for the next try
    world.link.greet("s2");
    const told = world.link.sent.filter(({ type }) => type === "conversation.item.create").map(({ item }) => item);
    expect(told).toMatchObject([{ content: [{ text: "And now?" }] }]);
  });

  it("is tried again at once when the network is back, but not twice at a time", () => {
    world.begin();
    world.link.hooks.ended("lost");
    world.talk.start();
    world.talk.start();
    expect(world.links).toHaveLength(2);
  });

  it("is tried again more slowly when the server is busy", () => {
    world.talk.start();
    world.say({ type: "error", error: { message: "No room.", code: "server_busy" } });
    world.link.hooks.ended("busy");
    expect(world.problems.map(({ kind }) => kind)).toEqual(["busy"]);
    expect(world.ring()).toBe(3000);
  });

  it("asks for a key when the server refuses the one shown, and stops", () => {
    world.talk.start();
    world.say({ type: "error", error: { message: "Incorrect API key provided.", code: "invalid_api_key" } });
    world.link.hooks.ended("key");
    expect(world.problems.map(({ kind }) => kind)).toEqual(["key"]);
    expect(world.talk.linkState).toBe("off");
  });

  it.each(["unreachable", "key", "refused"] as const)("explains a first connection that fails: %s", async (cause) => {
    world.cause = cause;
    world.talk.start();
    world.link.hooks.ended("never-opened");
    await settled();
    expect(world.problems.map(({ kind }) => kind)).toEqual([cause]);
    expect(world.talk.linkState).toBe("off");
  });

  it("is left alone when the person has stopped", async () => {
    world.begin();
    world.talk.stop();
    expect(world.link.closed).toBe(true);
    await settled();
    expect(world.talk.linkState).toBe("off");
    expect(world.problems).toEqual([]);
    expect(world.timers.every(({ stopped }) => stopped)).toBe(true);
  });
});

describe("a call, whose sound comes on a track", () => {
  beforeEach(() => {
    world.begin();
    world.link.playsHere = false;
  });

  it("sends no sound as events, and is timed by what the server tells", () => {
    for (let frame = 1; frame <= 50; frame++) {
      world.talk.hear({ pcm: new Int16Array(480), capturedAt: 20 * frame, level: frame > 40 ? 0 : 0.3 });
    }
    world.say({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 70_000 });
    world.say({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 71_000 }, created, words);
    world.time = 1_300;
    world.say({ type: "output_audio_buffer.started", response_id: "r1" });
    expect(world.messages.at(-1)?.latencyMs).toBe(500);
    expect(world.talk.thread.playing).toBe("a1");
    world.say(done("completed"), { type: "output_audio_buffer.stopped", response_id: "r1" });
    expect(world.messages.at(-1)).toMatchObject({ heard: 11, interrupted: false });
    expect(world.link.sent).toEqual([]);
  });

  it("asks what was heard of an answer that was cut", () => {
    world.say(created, words, { type: "output_audio_buffer.started", response_id: "r1" });
    expect(world.messages.at(-1)?.heard).toBe(0);
    world.time += 400;
    world.ring();
    expect(world.messages.at(-1)?.heard).toBe(5); // word by word, though they came at once
    world.say(done("cancelled"), { type: "output_audio_buffer.cleared", response_id: "r1" });
    expect(world.talk.thread.playing).toBeNull();
    world.say({ type: "conversation.item.truncated", item_id: "a1", audio_end_ms: 400 });
    expect(world.link.sent).toEqual([{ type: "conversation.item.retrieve", item_id: "a1" }]);
    const kept = { id: "a1", type: "message", role: "assistant", content: [{ type: "output_audio", transcript: "It is" }] };
    world.say({ type: "conversation.item.retrieved", item: readItem(kept)! });
    expect(world.messages.at(-1)).toMatchObject({ heard: 5, interrupted: true });
  });
});

describe("push-to-talk", () => {
  it("begins with a clean buffer, and asks for the answer when the button is let go", () => {
    world = new World({ pushToTalk: true });
    world.begin();
    world.talk.press();
    world.talk.hear({ pcm: new Int16Array(480), capturedAt: 20, level: 0.1 });
    world.talk.release();
    expect(world.link.types()).toEqual(["input_audio_buffer.clear", "input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]);
  });
});

describe("a tool that asks", () => {
  it("is answered over the wire", () => {
    world.begin();
    world.talk.decide("apr_1", false);
    expect(world.link.sent[0]).toMatchObject({ item: { type: "mcp_approval_response", approval_request_id: "apr_1", approve: false } });
  });
});

describe("the voice", () => {
  it("changes at once until it has spoken, and then with the next connection", () => {
    world.begin();
    expect(world.talk.wish({ ...LIKED, voice: "cedar" })).toBe(true);
    world.say(created, sound(480));
    expect(world.talk.wish({ ...LIKED, voice: "sage" })).toBe(false);
    world.talk.stop();
    world.talk.start();
    world.link.greet();
    expect(JSON.stringify(world.link.sent[0])).toContain('"voice":"sage"');
  });

  it("plays more softly, pauses and goes on as the server says", () => {
    world.begin();
    world.say({ type: "vivavoce.output_audio.ducked", item_id: "a", gain_db: -20 });
    world.say({ type: "vivavoce.output_audio.held", item_id: "a" });
    world.say({ type: "vivavoce.output_audio.resumed", item_id: "a" });
    expect(world.volumes).toEqual([0.1, 0, 1]);
    expect(world.flushes).toBe(0);
  });

  it("shows that a call is held, and is loud again after an interruption of what it does not play itself", () => {
    world.begin();
    world.say({ type: "vivavoce.output_audio.held", item_id: "a" });
    expect(world.talk.ducked).toBe(true);
    world.say({ type: "input_audio_buffer.speech_started", item_id: "u", audio_start_ms: 900 });
    expect(world.talk.ducked).toBe(false);
    expect(world.volumes).toEqual([0, 1]);
  });
});
