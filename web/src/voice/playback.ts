/** The assistant's voice as it is played here: what came of it, what was heard, and silence at once when it is cut. */

import type { ServerEvent } from "../wire/protocol.js";
import { Ledger } from "./ledger.js";
import { fromBase64 } from "./pcm.js";
import type { Cut } from "./worklets/player.js";

/** What a talk needs of a loudspeaker. */
export interface Voice {
  push(item: string, samples: Float32Array<ArrayBuffer>): void;
  /** 0 pauses at the sample, and 1 goes on from it. */
  volume(gain: number): void;
  flush(): Promise<readonly Cut[]>;
}

/** An item that was cut short, and how much of it was heard. */
export interface Shortened {
  readonly item: string;
  readonly heardMs: number;
  readonly characters: number;
}

export class Playback {
  /** It is played softly, or held, because somebody seems to speak. */
  ducked = false;
  /** Something was heard over this connection. */
  hasSpoken = false;

  private ledger = new Ledger();

  constructor(private readonly voice: Voice) {}

  take(event: ServerEvent): void {
    switch (event.type) {
      case "response.output_audio_transcript.delta":
        return this.ledger.text(event.response_id, event.item_id, event.delta);
      case "response.output_audio.delta":
        return this.sound(event.response_id, event.item_id, event.delta);
      case "response.done":
        return this.ledger.finish(event.response.id);
      case "vivavoce.output_audio.ducked":
        return this.volume(10 ** (event.gain_db / 20));
      case "vivavoce.output_audio.held":
        return this.volume(0);
      case "vivavoce.output_audio.resumed":
        return this.volume(1);
    }
  }

  /** What was cut is not played any more. */
  private sound(response: string, item: string, base64: string): void {
    const samples = fromBase64(base64);
    if (!this.ledger.audio(response, item, samples.length)) return;
    this.hasSpoken = true;
    this.voice.push(item, samples);
  }

  /** A call's sound is ducked at the server: of a loudspeaker with nothing to play this asks nothing. */
  private volume(gain: number): void {
    if (gain === 1 && !this.ducked) return;
    this.ducked = gain < 1;
    this.voice.volume(gain);
  }

  /** `played` samples of it were heard; the characters that these are, or null when it was cut. */
  progress(item: string, played: number): number | null {
    this.ledger.progress(item, played);
    return this.ledger.sounds(item) ? this.ledger.heardCharacters(item) : null;
  }

  playedMs(item: string): number {
    return this.ledger.playedMs(item);
  }

  /**
   * Silence at once. The cut is noted before the audio thread answers: sound that comes meanwhile is
   * already not played.
   */
  async cut(): Promise<readonly Shortened[]> {
    const { ledger } = this;
    const open = ledger.unplayed();
    if (open.length === 0) this.volume(1); // nothing to silence, but what comes next is to be heard
    this.ducked = false;
    if (open.length === 0) return [];
    open.forEach((item) => ledger.cut(item));
    for (const { item, played } of await this.voice.flush()) ledger.progress(item, played);
    return open.filter((item) => !ledger.isWhole(item)).map((item) => shortened(ledger, item));
  }

  /** Silence at once, for a connection that is gone, and a clean sheet for the next. */
  end(): readonly Shortened[] {
    const { ledger } = this;
    const open = ledger.unplayed();
    open.forEach((item) => ledger.cut(item));
    void this.voice.flush();
    this.ledger = new Ledger();
    this.ducked = this.hasSpoken = false;
    return open.map((item) => shortened(ledger, item));
  }
}

function shortened(ledger: Ledger, item: string): Shortened {
  return { item, heardMs: ledger.playedMs(item), characters: ledger.heardCharacters(item) };
}
