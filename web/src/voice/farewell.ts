/**
 * The end of a talk. Silence comes at once, but the line is kept until the server has told what is left of both sides:
 * the last words of the person, and how much of the answer was heard. So what is shown is what is stored.
 */

import { type Message, type Thread, type Turn } from "../thread/turns.js";
import { type ClientEvent, cancel, commit, retrieve, truncate } from "../wire/commands.js";
import type { ServerEvent } from "../wire/protocol.js";

/** A final pass over the last words takes less, even on a slow machine. */
export const FAREWELL_MS = 4_000;

export class Farewell {
  /** Answers of which the server may not know yet, or not have told, how much was heard. */
  private readonly unsure: Set<string>;
  private readonly asked = new Set<string>();
  private committed = false;

  constructor(
    { turns, playing, hearing, response }: Thread,
    private readonly send: (event: ClientEvent) => void,
  ) {
    this.unsure = new Set(turns.filter((turn) => isOpen(turn, playing)).map(({ id }) => id));
    if (hearing) this.commit();
    if (response !== null) send(cancel);
  }

  /** An event that is in the thread by now. */
  take(event: ServerEvent): void {
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        return this.commit();
      case "response.created":
        return this.send(cancel);
      case "response.output_audio_transcript.delta":
        return void this.unsure.add(event.item_id);
      case "conversation.item.retrieved":
        return void this.unsure.delete(event.item.id);
    }
  }

  /**
   * Whether all is told. What was heard is asked for when nothing else comes any more. `playedMs`: how much of an item
   * was played here, null where the server counts it.
   */
  isOver({ turns, response, awaiting }: Thread, playedMs: (item: string) => number | null): boolean {
    if (response !== null || (awaiting && !this.committed) || turns.some(isUnrecognised)) return false;
    for (const item of this.unsure) if (!this.asked.has(item)) this.ask(item, playedMs(item));
    return this.unsure.size === 0;
  }

  private ask(item: string, played: number | null): void {
    this.asked.add(item);
    if (played !== null) this.send(truncate(item, played));
    this.send(retrieve(item));
  }

  /** What was said last is said, though nobody answers it: no more sound comes that could end it. */
  private commit(): void {
    if (!this.committed) this.send(commit);
    this.committed = true;
  }
}

/** An answer of this talk that may sound, or would have. */
function isOpen(turn: Turn, playing: string | null): boolean {
  if (turn.kind !== "message" || turn.who !== "vivavoce" || !turn.spoken || turn.response === null) return false;
  return turn.id === playing || !turn.settled || (turn.heard < turn.text.length && !turn.interrupted);
}

function isUnrecognised(turn: Turn): turn is Message {
  return turn.kind === "message" && turn.who === "you" && turn.spoken && !turn.settled;
}
