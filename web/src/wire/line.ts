/** The line to the server: one connection at a time, made again when it is lost. */

import { BUSY, KEY_NEEDED, LOST, type Problem, REFUSED, UNREACHABLE } from "../voice/remedies.js";
import type { LinkState } from "../thread/reduce.js";
import type { ClientEvent } from "./commands.js";
import { type Connection, type Ending, type LinkHooks, retryDelay } from "./link.js";
import type { ServerEvent } from "./protocol.js";

export interface LineWorld {
  /** `resume`: the session to go on with, null for a new one. */
  connect(hooks: LinkHooks, resume: string | null): Connection;
  /** Why a connection that never opened failed, by asking the server over HTTP. */
  probe(): Promise<"unreachable" | "key" | "refused">;
  random(): number;
  after(ms: number, action: () => void): () => void;
}

export interface LineHooks {
  /** The server has greeted. `resumed`: it is the session from before, and remembers. */
  readonly greeted: (resumed: boolean) => void;
  readonly event: (event: ServerEvent) => void;
  /** The connection is gone, and with it all that hung on it. */
  readonly left: () => void;
  readonly changed: () => void;
  readonly problem: (problem: Problem) => void;
  /** The connection is (again) there: what `problem` said of it is over. */
  readonly recovered: () => void;
}

export class Line {
  state: LinkState = "off";
  /** It is about to be stopped, and is not made again when it is lost meanwhile. */
  ending = false;

  private connection: Connection | null = null;
  private session: string | null = null;
  private attempt = 0;
  private everOpened = false;
  private stopWaiting: () => void = () => undefined;

  constructor(
    private readonly world: LineWorld,
    private readonly hooks: LineHooks,
  ) {}

  get open(): boolean {
    return this.connection?.open ?? false;
  }

  get buffered(): number {
    return this.connection?.buffered ?? 0;
  }

  get playsHere(): boolean {
    return this.connection?.playsHere ?? true;
  }

  start(): void {
    if (this.state !== "off") return;
    this.attempt = 0;
    this.everOpened = this.ending = false;
    this.connect();
  }

  /** Ends it on purpose: the next one is a new session. */
  stop(): void {
    this.session = null;
    this.leave("off");
  }

  /** Tries again now instead of after the wait, for when the network came back. */
  hurry(): void {
    if (this.state !== "waiting" || this.connection !== null) return;
    this.stopWaiting();
    this.connect();
  }

  send(event: ClientEvent): void {
    this.connection?.send(event);
  }

  private connect(): void {
    if (this.state === "off") this.state = "connecting";
    const hooks = { event: (event: ServerEvent) => this.take(event), ended: (ending: Ending) => this.ended(ending) };
    this.connection = this.world.connect(hooks, this.session);
    this.hooks.changed();
  }

  private take(event: ServerEvent): void {
    if (event.type === "session.created") this.greet(event.session.id);
    this.hooks.event(event);
  }

  /** A connection counts once the server has greeted: a busy one opens, too, to say that it is busy. */
  private greet(session: string): void {
    const resumed = session === this.session;
    this.session = session;
    this.state = "open";
    this.attempt = 0;
    this.everOpened = true;
    this.hooks.recovered();
    this.hooks.greeted(resumed);
    this.hooks.changed();
  }

  private ended(ending: Ending): void {
    if (this.ending) return this.stop();
    this.leave(this.everOpened ? "waiting" : "connecting");
    if (ending === "gone") {
      this.session = null;
      this.connect();
    } else if (ending === "never-opened" && !this.everOpened) {
      void this.explain();
    } else if (ending === "key") {
      this.giveUp(KEY_NEEDED);
    } else {
      this.retry(ending === "busy");
    }
  }

  private async explain(): Promise<void> {
    const cause = await this.world.probe();
    if (this.state === "off") return; // the person gave up first
    this.giveUp({ unreachable: UNREACHABLE, key: KEY_NEEDED, refused: REFUSED }[cause]);
  }

  /** What was typed is answered when the person tries again. */
  private giveUp(problem: Problem): void {
    this.stop();
    this.hooks.problem(problem);
  }

  private retry(busy: boolean): void {
    this.state = "waiting";
    const delay = retryDelay(this.attempt++, busy, this.world.random());
    this.stopWaiting = this.world.after(delay, () => this.connect());
    this.hooks.problem(busy ? BUSY : LOST);
    this.hooks.changed();
  }

  private leave(state: LinkState): void {
    this.stopWaiting();
    this.connection?.close();
    this.connection = null;
    this.state = state;
    this.hooks.left();
  }
}
