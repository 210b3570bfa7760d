/** What came, what was played and which words those were, for each reply. Counts are samples of 24 kHz. */

import { milliseconds } from "./pcm.js";

/** From sample `at` on, the reply's words beyond `characters` are spoken. */
interface Mark {
  readonly at: number;
  readonly characters: number;
}

/** How long a voice takes for a character, while the sound of its words is still coming: 16 a second. */
export const SAMPLES_PER_CHARACTER = 1_500;

interface Reply {
  text: string;
  response: string;
  received: number;
  played: number;
  marks: Mark[];
  /** Characters that were told as heard: a caption takes nothing back. */
  told: number;
  /** No more sound comes. */
  done: boolean;
  cut: boolean;
}

export class Ledger {
  private readonly replies = new Map<string, Reply>();
  /** Responses that were cut: their later items are not played either. */
  private readonly stopped = new Set<string>();

  text(response: string, item: string, delta: string): void {
    const reply = this.reply(response, item);
    reply.marks.push({ at: reply.received, characters: reply.text.length });
    reply.text += delta;
  }

  /** Takes note of sound that came; false when its reply was cut and it must not be played. */
  audio(response: string, item: string, samples: number): boolean {
    const reply = this.reply(response, item);
    if (reply.cut || this.stopped.has(response)) return false;
    reply.received += samples;
    return true;
  }

  /** `played` samples of the item were heard in all; never fewer than before, never more than came. */
  progress(item: string, played: number): void {
    const reply = this.replies.get(item);
    if (reply !== undefined) reply.played = Math.max(reply.played, Math.min(played, reply.received));
  }

  /** All sound of the response has come. */
  finish(response: string): void {
    for (const reply of this.replies.values()) if (reply.response === response) reply.done = true;
  }

  cut(item: string): void {
    const reply = this.replies.get(item);
    if (reply === undefined) return;
    reply.cut = true;
    this.stopped.add(reply.response);
  }

  /** Whether the item may still be heard. */
  sounds(item: string): boolean {
    return this.replies.get(item)?.cut === false;
  }

  /** Whether all sound that came for the item was played. */
  isWhole(item: string): boolean {
    const reply = this.replies.get(item);
    return reply === undefined || reply.played >= reply.received;
  }

  playedMs(item: string): number {
    return Math.floor(milliseconds(this.replies.get(item)?.played ?? 0));
  }

  /** Items with sound that has not been played. */
  unplayed(): string[] {
    return [...this.replies.keys()].filter((item) => this.sounds(item) && !this.isWhole(item));
  }

  /**
   * How many characters of the item's words have been heard, to the end of a word. Words begin where the
   * sound stood when they came; between two such marks they are spread evenly, and so are words that all
   * came ahead of their sound. The sound of the last ones may be on its way: until it exceeds what a voice
   * commonly takes for them, that is what they are spread over. Never fewer than before.
   */
  heardCharacters(item: string): number {
    const reply = this.replies.get(item);
    if (reply === undefined || reply.played === 0) return 0;
    if (reply.done && reply.played >= reply.received) return reply.text.length;
    reply.told = Math.max(reply.told, wordEnd(reply.text, spokenTo(reply)));
    return reply.told;
  }

  private reply(response: string, item: string): Reply {
    let reply = this.replies.get(item);
    if (reply === undefined) {
      reply = { text: "", response, received: 0, played: 0, marks: [], told: 0, done: false, cut: false };
      this.replies.set(item, reply);
    }
    return reply;
  }
}

function spokenTo(reply: Reply): number {
  const later = reply.marks.findIndex((mark) => mark.at > reply.played);
  const from = start(reply, later < 0 ? reply.marks.length : later);
  const next = later < 0 ? end(reply, from) : (reply.marks[later] as Mark);
  if (next.at <= from.at) return next.characters;
  const share = (reply.played - from.at) / (next.at - from.at);
  return from.characters + share * (next.characters - from.characters);
}

/** Where the last words will have been spoken. */
function end({ text, received, done }: Reply, from: Mark): Mark {
  const characters = text.length;
  if (done) return { at: received, characters };
  return { at: Math.max(received, from.at + (characters - from.characters) * SAMPLES_PER_CHARACTER), characters };
}

/** The first of the marks before `end` that share the last sample position: words that came in a row go on together. */
function start(reply: Reply, end: number): Mark {
  const before = reply.marks.slice(0, end);
  const last = before.at(-1);
  if (last === undefined) return { at: 0, characters: 0 };
  return before.find((mark) => mark.at === last.at) ?? last;
}

/** `position` moved back to the end of the last whole word before it. */
export function wordEnd(text: string, position: number): number {
  const reached = Math.floor(position);
  if (reached >= text.length || /\s/.test(text.charAt(reached))) return Math.min(reached, text.length);
  return text.slice(0, reached).replace(/\S*$/, "").trimEnd().length;
}
