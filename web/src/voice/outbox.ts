/** What was written and the server does not have yet, or has not taken yet. */

import type { Message, Thread, Turn } from "../thread/turns.js";
import { type ClientEvent, message } from "../wire/commands.js";
import type { ServerError } from "../wire/protocol.js";

/** Lines told again to a server that keeps nothing and has lost the conversation with the connection. */
const RETOLD_TURNS = 20;

export class Outbox {
  /** Typed while there was no connection. */
  private unsaid: readonly string[] = [];
  /** The message with a picture that was sent last: a mind that sees none refuses it. */
  private doubtful: string | null = null;

  constructor(private readonly send: (event: ClientEvent) => void) {}

  /** An answer has to wait until the server has taken the message that it is to answer. */
  get waits(): boolean {
    return this.doubtful !== null;
  }

  keep(id: string): void {
    this.unsaid = [...this.unsaid, id];
  }

  say({ id, who, text, heard, attachments }: Message): void {
    this.send(message(id, who === "you" ? "user" : "assistant", text.slice(0, heard), attachments));
    if (attachments.some(({ kind }) => kind === "image")) this.doubtful = id;
  }

  /** What the server does not know: all of it, or, where it remembers, what was typed meanwhile. */
  tell(thread: Thread, remembered: boolean): void {
    const isHeard = (turn: Turn): turn is Message => turn.kind === "message" && turn.settled && turn.heard > 0;
    const isUnsaid = (turn: Turn): turn is Message => turn.kind === "message" && this.unsaid.includes(turn.id);
    const told = remembered ? thread.turns.filter(isUnsaid) : thread.turns.filter((turn) => isHeard(turn) || isUnsaid(turn)).slice(-RETOLD_TURNS);
    this.unsaid = [];
    told.forEach((turn) => this.say(turn as Message));
  }

  /** True when an answer waited for this item. */
  taken(item: string): boolean {
    if (item !== this.doubtful) return false;
    this.doubtful = null;
    return true;
  }

  /** The message that the server did not take, or null when the error is about something else. */
  refused({ error }: ServerError): string | null {
    return typeof error.event_id === "string" && this.taken(error.event_id) ? error.event_id : null;
  }

  /** The connection is gone. */
  forget(): void {
    this.doubtful = null;
  }
}
