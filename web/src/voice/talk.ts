/** One talk with the server: the only place where sound, wire and thread meet. It knows nothing of the page. */

import { type LocalEvent, reduce } from "../thread/reduce.js";
import { type Message, NO_THREAD, type Thread, messageOf, unaskedIn } from "../thread/turns.js";
import { type ClientEvent, type SessionWishes, append, approval, cancel, clearInput, clearOutput } from "../wire/commands.js";
import { commit, mannersUpdate, respond, retrieve, sessionUpdate, truncate, voiceUpdate } from "../wire/commands.js";
import { type Attachment, words } from "../wire/items.js";
import { Line } from "../wire/line.js";
import type { ResponseDone, ServerError, ServerEvent } from "../wire/protocol.js";
import { CallPlayback } from "./callPlayback.js";
import { FAREWELL_MS, Farewell } from "./farewell.js";
import { Outbox } from "./outbox.js";
import { toBase64 } from "./pcm.js";
import { Playback } from "./playback.js";
import { failedReply, sessionProblem } from "./remedies.js";
import { TurnTimer } from "./stopwatch.js";
import type { Surroundings, TalkHooks } from "./surroundings.js";
import { type Frame, Uplink } from "./uplink.js";

/** After this time without a reply the page stops saying that one is on its way. */
const PATIENCE_MS = 15_000;

export class Talk {
  thread: Thread;
  /** The microphone is open, so answers are spoken. */
  aloud = false;

  private readonly line: Line;
  private readonly playback: Playback;
  private readonly call: CallPlayback;
  private readonly timer = new TurnTimer();
  private readonly uplink: Uplink;
  private stopPatience: () => void = () => undefined;
  private owesResponse = false;
  private farewell: Farewell | null = null;
  private stopFarewell: () => void = () => undefined;
  private readonly outbox = new Outbox((event) => this.send(event));

  constructor(
    private readonly world: Surroundings,
    private readonly hooks: TalkHooks,
    private wishes: SessionWishes,
    begun: Thread = NO_THREAD,
  ) {
    this.thread = begun;
    this.playback = new Playback(world.voice);
    const [thread, speed] = [(): Thread => this.thread, (): number => this.wishes.speed];
    this.call = new CallPlayback(world, { thread, speed, note: (told) => this.note(told), started: (item) => this.callStarted(item) });
    const { changed, problem, recovered } = hooks;
    const event = (told: ServerEvent): void => this.take(told);
    this.line = new Line(world, { changed, problem, recovered, event, greeted: (resumed) => this.greeted(resumed), left: () => this.left() });
    const { line } = this;
    this.uplink = new Uplink({
      get open() { return line.open && line.state === "open"; },
      get buffered() { return line.buffered; },
      sendFrame: (frame) => this.sendFrame(frame),
    });
  }

  get linkState(): Line["state"] {
    return this.farewell === null ? this.line.state : "off";
  }

  /** The answer is played softly, or held, because somebody seems to speak. */
  get ducked(): boolean {
    return this.playback.ducked;
  }

  get droppedFrames(): number {
    return this.uplink.dropped;
  }

  get conversation(): string | null {
    return this.wishes.conversation;
  }

  /** Connects, now rather than later. */
  start(): void {
    if (this.farewell !== null) this.stop();
    this.line.start();
    this.line.hurry();
  }

  stop(): void {
    this.owesResponse = false;
    this.line.stop();
    this.uplink.clear();
    this.hooks.changed();
  }

  /** Ends it as an interruption does; the connection ends when what is left of both sides is told. */
  async hangUp(): Promise<void> {
    if (this.line.state !== "open") return this.stop();
    if (this.farewell !== null) return;
    this.owesResponse = false;
    this.line.ending = true;
    const farewell = new Farewell(this.thread, (event) => this.send(event));
    this.farewell = farewell;
    this.stopFarewell = this.world.after(FAREWELL_MS, () => this.stop());
    if (!this.line.playsHere) this.send(clearOutput);
    await this.interrupt();
    if (farewell === this.farewell) this.leave(farewell);
  }

  /** The thread, which nobody kept until now, is stored as `conversation` from the next session on. */
  keepAs(conversation: string): void {
    this.wishes = { ...this.wishes, conversation };
  }

  hear(frame: Frame): void {
    if (this.line.state === "off") return;
    if (this.line.playsHere) this.uplink.push(frame);
    else this.timer.record(frame);
  }

  /** Says it in writing, over whatever is being said. Connects first if need be. */
  type(text: string, attachments: readonly Attachment[] = []): void {
    if (this.farewell !== null) this.stop();
    const id = this.world.newId();
    const connected = this.line.state === "open";
    this.note({ type: "local.typed", id, text, attachments });
    this.awaitReply(this.world.now());
    if (!connected) {
      this.outbox.keep(id);
      this.owesResponse = true; // said as soon as the connection stands
      return this.start();
    }
    this.outbox.say(messageOf(this.thread, id) as Message);
    this.ask();
  }

  /** Asks for an answer to what stands: the last one again, after an edit, or when the first try failed. */
  again(): void {
    if (this.farewell !== null) this.stop();
    this.note({ type: "local.asked" });
    this.awaitReply(this.world.now());
    if (this.line.state === "open") return this.ask();
    this.owesResponse = true;
    this.start();
  }

  /** Ends the answer that is being made or heard. */
  hush(): void {
    this.owesResponse = false;
    this.quieten();
    this.note({ type: "local.waited" });
  }

  decide(request: string, approved: boolean): void {
    this.note({ type: "local.decided", id: request, approved });
    this.send(approval(this.world.newId(), request, approved));
  }

  /** Push-to-talk: from here on it is said, over whatever is being said. */
  press(): void {
    this.quieten();
    this.send(clearInput);
  }

  release(): void {
    this.send(commit);
    this.awaitReply(this.world.now());
    if (this.thread.response === null) return this.send(respond(false));
    this.owesResponse = true;
  }

  /** False when the voice can only change with the next connection, because this one has already spoken. */
  wish(wishes: Omit<SessionWishes, "conversation" | "profile">): boolean {
    const voiceBefore = this.wishes.voice;
    this.wishes = { ...this.wishes, ...wishes };
    this.send(mannersUpdate(this.wanted));
    if (wishes.voice === voiceBefore) return true;
    if (this.playback.hasSpoken && this.line.state === "open") return false;
    this.send(voiceUpdate(wishes.voice));
    return true;
  }

  /** The speaker's reports. */
  soundStarted(item: string, at: number): void {
    this.note({ type: "local.started", item, latencyMs: this.timer.read(at) });
  }

  soundPlayed(item: string, played: number): void {
    const characters = this.playback.progress(item, played);
    if (characters !== null) this.note({ type: "local.heard", item, characters });
  }

  soundDrained(item: string, played: number): void {
    this.note({ type: "local.drained", item, characters: this.playback.progress(item, played) });
  }

  /** Without a microphone all answers are written, also those that nobody waits for. */
  private get wanted(): SessionWishes {
    return { ...this.wishes, captionsOnly: this.wishes.captionsOnly || !this.aloud };
  }

  private greeted(resumed: boolean): void {
    if (!resumed) this.timer.reset();
    this.send(resumed ? mannersUpdate(this.wanted) : sessionUpdate(this.wanted, this.line.playsHere)); // wishes may have changed meanwhile
    this.outbox.tell(this.thread, resumed || this.wishes.conversation !== null);
    this.uplink.drain();
    this.payDebt();
  }

  private left(): void {
    this.farewell = null;
    this.stopFarewell();
    this.stopPatience();
    this.outbox.forget();
    this.call.stop();
    this.timer.arm(null);
    for (const { item, characters } of this.playback.end()) this.note({ type: "local.cut", item, characters });
    this.note({ type: "local.disconnected" });
  }

  private send(event: ClientEvent): void {
    this.line.send(event);
  }

  private sendFrame(frame: Frame): void {
    this.send(append(toBase64(frame.pcm)));
    this.timer.record(frame);
  }

  /** Asks for the next answer, as soon as the running one has ended: one response at a time. */
  private ask(): void {
    if (this.quieten() || this.outbox.waits) this.owesResponse = true;
    else this.send(respond(!this.aloud));
  }

  /** Ends what is being made and heard. True when a response has yet to end. */
  private quieten(): boolean {
    void this.interrupt();
    if (!this.line.playsHere) this.send(clearOutput);
    if (this.thread.response === null) return false;
    this.send(cancel);
    return true;
  }

  private take(event: ServerEvent): void {
    if (this.farewell !== null) return this.hearLast(this.farewell, event);
    const begins = event.type === "response.output_text.delta" && messageOf(this.thread, event.item_id) === undefined;
    this.hearTurn(event);
    this.playback.take(event);
    this.call.take(event);
    this.learnHeard(event);
    this.note(event);
    if (begins) this.written(event.item_id);
    if (event.type === "response.output_audio_transcript.delta" && !this.line.playsHere) this.call.keepUp(event.item_id);
    if (event.type !== "response.done") return;
    this.hooks.turned();
    if (!this.aloud) unaskedIn(this.thread, event.response.id).forEach(this.hooks.unasked);
    this.payDebt();
  }

  /** What comes while the talk ends is noted, and not played. */
  private hearLast(farewell: Farewell, event: ServerEvent): void {
    this.note(event);
    this.call.take(event);
    this.learnHeard(event);
    farewell.take(event);
    if (event.type === "response.done") this.hooks.turned();
    this.leave(farewell);
  }

  private leave(farewell: Farewell): void {
    if (farewell.isOver(this.thread, (item) => (this.line.playsHere ? this.playback.playedMs(item) : null))) this.stop();
  }

  private hearTurn(event: ServerEvent): void {
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        this.timer.speechStarted(this.line.playsHere ? event.audio_start_ms : null);
        void this.interrupt();
        break;
      case "input_audio_buffer.speech_stopped":
        this.awaitReply(this.timer.speechStopped(this.line.playsHere ? event.audio_end_ms : null));
        break;
      case "response.done":
        this.finish(event);
        break;
      case "error":
        this.complain(event);
        break;
      case "conversation.item.added":
        if (this.outbox.taken(event.item.id)) this.payDebt();
        break;
    }
  }

  private complain(event: ServerError): void {
    const refused = messageOf(this.thread, this.outbox.refused(event) ?? "");
    if (refused !== undefined) {
      this.owesResponse = false;
      this.note({ type: "local.refused", item: refused.id });
      this.hooks.refused(refused.text);
    }
    const problem = sessionProblem(event.error);
    if (problem !== null) this.hooks.problem(problem);
  }

  private callStarted(item: string): void {
    this.playback.hasSpoken = true;
    this.soundStarted(item, this.world.now());
  }

  /** Which words the server keeps of an answer that was cut: of a call it counts them itself. */
  private learnHeard(event: ServerEvent): void {
    if (event.type === "conversation.item.truncated" && !this.line.playsHere) this.send(retrieve(event.item_id));
    if (event.type === "conversation.item.retrieved") this.note({ type: "local.cut", item: event.item.id, characters: words(event.item).length });
  }

  /** The first words of a written answer end the wait. */
  private written(item: string): void {
    this.note({ type: "local.answered", item, latencyMs: this.timer.read(this.world.now()) });
  }

  private finish({ response }: ResponseDone): void {
    if (response.status === "cancelled") void this.interrupt();
    if (response.status === "failed") this.hooks.problem(failedReply(response.status_details?.error?.message));
  }

  /** Asks for the response that had to wait for the connection or for the end of another response. */
  private payDebt(): void {
    if (!this.owesResponse || this.line.state !== "open" || this.thread.response !== null || this.outbox.waits) return;
    this.owesResponse = false;
    this.send(respond(!this.aloud));
  }

  /** Silence at once, and word to the server of how much was heard, so that it remembers no more than that. */
  private async interrupt(): Promise<void> {
    const { line } = this;
    for (const { item, heardMs, characters } of await this.playback.cut()) {
      line.send(truncate(item, heardMs));
      this.note({ type: "local.cut", item, characters });
    }
  }

  private awaitReply(since: number | null): void {
    this.timer.arm(since);
    this.stopPatience();
    this.stopPatience = this.world.after(PATIENCE_MS, () => this.note({ type: "local.waited" }));
  }

  private note(event: ServerEvent | LocalEvent): void {
    const before = this.thread;
    this.thread = reduce(before, event);
    if (this.thread !== before || event.type.startsWith("vivavoce.")) this.hooks.changed();
  }
}
