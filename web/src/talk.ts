/** One talk with the server: the only place where sound, wire and captions meet. It knows nothing of the page. */

import { type Captions, type LinkState, type LocalEvent, NO_CAPTIONS, reduce } from "./captions.js";
import { Ledger } from "./ledger.js";
import { type Ending, type LinkHooks, retryDelay } from "./link.js";
import { fromBase64, toBase64 } from "./pcm.js";
import type { Manners } from "./manners.js";
import {
  type ClientEvent,
  type ReplyAudio,
  type ResponseDone,
  type ServerEvent,
  append,
  cancel,
  message,
  respond,
  mannersUpdate,
  sessionUpdate,
  truncate,
  voiceUpdate,
} from "./protocol.js";
import { BUSY, KEY_NEEDED, LOST, type Problem, REFUSED, UNREACHABLE, failedReply, sessionProblem } from "./remedies.js";
import { InputClock, Stopwatch } from "./stopwatch.js";
import { type Frame, Uplink } from "./uplink.js";
import type { Cut } from "./worklets/player.js";

/** What the page needs of a connection. */
export interface Connection {
  readonly open: boolean;
  readonly buffered: number;
  send(event: ClientEvent): void;
  close(): void;
}

/** What the page needs of a loudspeaker. */
export interface Voice {
  push(item: string, samples: Float32Array<ArrayBuffer>): void;
  /** 0 pauses at the sample, and 1 goes on from it. */
  volume(gain: number): void;
  flush(): Promise<readonly Cut[]>;
}

/** The world outside, so that a test can stand in for it. */
export interface Surroundings {
  connect(hooks: LinkHooks): Connection;
  /** Why a connection that never opened failed, by asking the server over HTTP. */
  probe(): Promise<"unreachable" | "key" | "refused">;
  now(): number;
  random(): number;
  after(ms: number, action: () => void): () => void;
  newId(): string;
  readonly voice: Voice;
}

export interface TalkHooks {
  /** Captions, link or counters changed. */
  readonly changed: () => void;
  readonly problem: (problem: Problem) => void;
  /** The connection is (again) there: what `problem` said of it is over. */
  readonly recovered: () => void;
}

/** After this time without a reply the page stops saying that one is on its way. */
const PATIENCE_MS = 15_000;
/** Lines told again to a server that has lost the conversation with the connection. */
const RETOLD_ENTRIES = 20;
/** Errors that the end of the connection explains better. */
const ENDINGS = new Set(["server_busy", "invalid_api_key"]);

export class Talk {
  captions: Captions = NO_CAPTIONS;
  linkState: LinkState = "off";

  private link: Connection | null = null;
  private ledger = new Ledger();
  private readonly clock = new InputClock();
  private readonly stopwatch = new Stopwatch();
  private readonly uplink: Uplink;
  private attempt = 0;
  private everOpened = false;
  private stopWaiting: () => void = () => undefined;
  private stopPatience: () => void = () => undefined;
  private owesResponse = false;
  private speechStartMs = 0;
  private hasSpoken = false;

  constructor(
    private readonly world: Surroundings,
    private readonly hooks: TalkHooks,
    private voiceName: string,
    private manners: Manners,
  ) {
    const talk = this;
    this.uplink = new Uplink({
      get open() {
        return talk.link?.open ?? false;
      },
      get buffered() {
        return talk.link?.buffered ?? 0;
      },
      sendFrame: (frame) => talk.sendFrame(frame),
    });
  }

  get droppedFrames(): number {
    return this.uplink.dropped;
  }

  start(): void {
    if (this.linkState !== "off") return;
    this.attempt = 0;
    this.everOpened = false;
    this.connect();
  }

  stop(): void {
    this.owesResponse = false;
    this.leave("off");
    this.uplink.clear();
    this.hooks.changed();
  }

  /** Tries again now instead of after the wait, for when the network came back. */
  hurry(): void {
    if (this.linkState !== "waiting" || this.link !== null) return;
    this.stopWaiting();
    this.connect();
  }

  hear(frame: Frame): void {
    if (this.linkState !== "off") this.uplink.push(frame);
  }

  /** Says it in writing, over whatever is being said. Connects first if need be. */
  type(text: string): void {
    const id = this.world.newId();
    const connected = this.link?.open ?? false;
    this.note({ type: "local.typed", id, text });
    this.stopwatch.arm(this.world.now());
    this.bePatient();
    if (!connected) {
      this.owesResponse = true; // the line is told with the others as soon as the connection stands
      return this.start();
    }
    void this.interrupt();
    this.send(message(id, "user", text));
    if (this.captions.response === null) return this.send(respond);
    this.owesResponse = true; // one response at a time: the next is asked for when this one has ended
    this.send(cancel);
  }

  /** False when the voice can only change with the next connection, because this one has already spoken. */
  setVoice(name: string): boolean {
    this.voiceName = name;
    if (this.hasSpoken && this.linkState === "open") return false;
    this.send(voiceUpdate(name));
    return true;
  }

  setManners(manners: Manners): void {
    this.manners = manners;
    this.send(mannersUpdate(manners));
  }

  forget(): void {
    this.captions = { ...this.captions, entries: [] };
    this.hooks.changed();
  }

  /** The speaker's reports. */
  soundStarted(item: string, at: number): void {
    this.note({ type: "local.started", item, latencyMs: this.stopwatch.read(at) });
  }

  soundPlayed(item: string, played: number): void {
    this.ledger.progress(item, played);
    if (!this.ledger.sounds(item)) return;
    this.note({ type: "local.heard", item, characters: this.ledger.heardCharacters(item) });
  }

  soundDrained(item: string, played: number): void {
    this.ledger.progress(item, played);
    this.note({ type: "local.drained", item });
  }

  private connect(): void {
    if (this.linkState === "off") this.linkState = "connecting";
    this.clock.reset();
    this.ledger = new Ledger();
    this.hasSpoken = false;
    this.link = this.world.connect({
      opened: () => this.opened(),
      event: (event) => this.take(event),
      ended: (ending) => this.ended(ending),
    });
    this.hooks.changed();
  }

  private opened(): void {
    this.send(sessionUpdate(this.voiceName, this.manners));
    this.retell();
    this.uplink.drain();
  }

  /** A connection counts once the server has greeted: a busy one opens, too, to say that it is busy. */
  private greeted(): void {
    if (this.linkState === "open") return;
    this.linkState = "open";
    this.attempt = 0;
    this.everOpened = true;
    this.hooks.recovered();
    this.hooks.changed();
    this.payDebt();
  }

  private retell(): void {
    const told = this.captions.entries.filter((entry) => entry.settled && entry.heard > 0).slice(-RETOLD_ENTRIES);
    for (const entry of told) {
      const role = entry.who === "you" ? "user" : "assistant";
      this.send(message(entry.id, role, entry.text.slice(0, entry.heard)));
    }
  }

  private ended(ending: Ending): void {
    this.leave(this.everOpened ? "waiting" : "connecting");
    if (ending === "never-opened" && !this.everOpened) {
      void this.explain();
    } else if (ending === "key") {
      this.giveUp(KEY_NEEDED);
    } else {
      this.retry(ending === "busy");
    }
  }

  private async explain(): Promise<void> {
    const cause = await this.world.probe();
    if (this.linkState === "off") return; // the person gave up first
    this.giveUp({ unreachable: UNREACHABLE, key: KEY_NEEDED, refused: REFUSED }[cause]);
  }

  /** What was typed is answered when the person tries again. */
  private giveUp(problem: Problem): void {
    this.leave("off");
    this.uplink.clear();
    this.hooks.problem(problem);
  }

  private retry(busy: boolean): void {
    this.linkState = "waiting";
    const delay = retryDelay(this.attempt++, busy, this.world.random());
    this.stopWaiting = this.world.after(delay, () => this.connect());
    this.hooks.problem(busy ? BUSY : LOST);
    this.hooks.changed();
  }

  /** Lets go of the connection and of all that hung on it; the captions stay. */
  private leave(state: LinkState): void {
    this.stopWaiting();
    this.stopPatience();
    this.link?.close();
    this.link = null;
    this.linkState = state;
    this.silence();
    this.stopwatch.disarm();
    this.note({ type: "local.disconnected" });
  }

  private send(event: ClientEvent): void {
    this.link?.send(event);
  }

  private sendFrame(frame: Frame): void {
    this.send(append(toBase64(frame.pcm)));
    this.clock.record(frame.pcm.length, frame.capturedAt, frame.level);
  }

  private take(event: ServerEvent): void {
    switch (event.type) {
      case "session.created":
      case "session.updated":
        this.greeted();
        break;
      case "input_audio_buffer.speech_started":
        this.stopwatch.disarm();
        this.speechStartMs = event.audio_start_ms;
        void this.interrupt();
        break;
      case "input_audio_buffer.speech_stopped":
        this.stopwatch.arm(this.clock.lastVoiced(this.speechStartMs, event.audio_end_ms));
        this.bePatient();
        break;
      case "vivavoce.output_audio.ducked":
        this.world.voice.volume(10 ** (event.gain_db / 20));
        break;
      case "vivavoce.output_audio.held":
        this.world.voice.volume(0);
        break;
      case "vivavoce.output_audio.resumed":
        this.world.voice.volume(1);
        break;
      case "response.output_audio_transcript.delta":
        this.ledger.text(event.response_id, event.item_id, event.delta);
        break;
      case "response.output_audio.delta":
        this.play(event);
        break;
      case "response.done":
        this.finish(event);
        break;
      case "error":
        this.complain(event.error.code ?? "", event.error.message);
        break;
    }
    this.note(event);
    if (event.type === "response.done") this.payDebt();
  }

  private play(event: ReplyAudio): void {
    const samples = fromBase64(event.delta);
    if (!this.ledger.audio(event.response_id, event.item_id, samples.length)) return;
    this.hasSpoken = true;
    this.world.voice.push(event.item_id, samples);
  }

  private finish({ response }: ResponseDone): void {
    if (response.status === "cancelled") void this.interrupt();
    if (response.status === "failed") this.hooks.problem(failedReply(response.status_details?.error?.message));
  }

  private complain(code: string, text: string): void {
    if (!ENDINGS.has(code)) this.hooks.problem(sessionProblem(text));
  }

  /** Asks for the response that had to wait for the connection or for the end of another response. */
  private payDebt(): void {
    if (!this.owesResponse || this.linkState !== "open" || this.captions.response !== null) return;
    this.owesResponse = false;
    this.send(respond);
  }

  /** Silence at once, and word to the server of how much was heard, so that it remembers no more than that. */
  private async interrupt(): Promise<void> {
    const { ledger, link } = this;
    for (const item of await this.flush(ledger)) {
      link?.send(truncate(item, ledger.playedMs(item)));
      this.note({ type: "local.cut", item, characters: ledger.heardCharacters(item) });
    }
  }

  /**
   * The items that were cut short. The cut is noted before the audio thread answers: sound that comes
   * meanwhile is already not played.
   */
  private async flush(ledger: Ledger): Promise<readonly string[]> {
    const open = ledger.unplayed();
    if (open.length === 0) return [];
    open.forEach((item) => ledger.cut(item));
    for (const { item, played } of await this.world.voice.flush()) ledger.progress(item, played);
    return open.filter((item) => !ledger.isWhole(item));
  }

  /** Silence at once, for a connection that is gone: there is nobody left to tell. */
  private silence(): void {
    for (const item of this.ledger.unplayed()) {
      this.ledger.cut(item);
      this.note({ type: "local.cut", item, characters: this.ledger.heardCharacters(item) });
    }
    void this.world.voice.flush();
  }

  private bePatient(): void {
    this.stopPatience();
    this.stopPatience = this.world.after(PATIENCE_MS, () => this.note({ type: "local.waited" }));
  }

  private note(event: ServerEvent | LocalEvent): void {
    const before = this.captions;
    this.captions = reduce(before, event);
    if (this.captions !== before) this.hooks.changed();
  }
}

