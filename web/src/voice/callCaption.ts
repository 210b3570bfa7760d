/** How much of a call's words has been heard. Its sound comes on a track, and its words clause by clause, no more than half a second ahead of it. */

import { SAMPLES_PER_CHARACTER, wordEnd } from "./ledger.js";
import { milliseconds } from "./pcm.js";
import type { Surroundings } from "./surroundings.js";

const TICK_MS = 120;

export class CallCaption {
  private item: string | null = null;
  private text = "";
  /** Characters that had been spoken at `since`. */
  private spoken = 0;
  private since = 0;
  private stopTicking: () => void = () => undefined;

  constructor(
    private readonly world: Pick<Surroundings, "now" | "after">,
    private readonly told: (item: string, characters: number) => void,
  ) {}

  /** `text`: all words of the item that sounds so far. Those known before have been spoken; the others are, at `speed` times a voice's common pace. */
  grew(item: string, text: string, speed: number): void {
    this.spoken = item === this.item ? this.text.length : 0;
    this.item = item;
    this.text = text;
    this.since = this.world.now();
    this.tick(item, speed);
  }

  stop(): void {
    this.stopTicking();
    this.item = null;
  }

  private tick(item: string, speed: number): void {
    this.stopTicking();
    const reached = this.spoken + ((this.world.now() - this.since) * speed) / milliseconds(SAMPLES_PER_CHARACTER);
    this.told(item, Math.max(this.spoken, wordEnd(this.text, reached)));
    if (reached < this.text.length) this.stopTicking = this.world.after(TICK_MS, () => this.tick(item, speed));
  }
}
