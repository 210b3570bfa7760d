/** What is heard of a call: its sound comes on a track, and the server tells what of it is played. */

import type { LocalEvent } from "../thread/reduce.js";
import { type Thread, messageOf } from "../thread/turns.js";
import type { CallSound, ServerEvent } from "../wire/protocol.js";
import { CallCaption } from "./callCaption.js";
import type { Surroundings } from "./surroundings.js";

export interface CallHooks {
  readonly thread: () => Thread;
  /** Of the voice. */
  readonly speed: () => number;
  readonly note: (event: LocalEvent) => void;
  /** The item begins to sound. */
  readonly started: (item: string) => void;
}

export class CallPlayback {
  private readonly caption: CallCaption;

  constructor(
    world: Surroundings,
    private readonly hooks: CallHooks,
  ) {
    this.caption = new CallCaption(world, (item, characters) => hooks.note({ type: "local.heard", item, characters }));
  }

  take(event: ServerEvent): void {
    switch (event.type) {
      case "output_audio_buffer.started":
      case "output_audio_buffer.stopped":
      case "output_audio_buffer.cleared":
        return this.played(event);
    }
  }

  /** The item's words have grown; they come no more than half a second ahead of their sound. */
  keepUp(item: string): void {
    const { playing } = this.hooks.thread();
    const text = messageOf(this.hooks.thread(), item)?.text ?? "";
    if (playing === item) this.caption.grew(item, text, this.hooks.speed());
  }

  stop(): void {
    this.caption.stop();
  }

  private played({ type, response_id }: CallSound): void {
    const item = this.hooks.thread().turns.findLast((turn) => turn.kind === "message" && turn.response === response_id)?.id;
    if (item === undefined) return;
    if (type !== "output_audio_buffer.started") this.stop();
    if (type === "output_audio_buffer.stopped") return this.hooks.note({ type: "local.drained", item, characters: null });
    if (type === "output_audio_buffer.cleared") return this.hooks.note({ type: "local.cut", item, characters: this.heardOf(item) });
    this.hooks.started(item);
    this.keepUp(item);
  }

  /** Until the server tells it: nothing of it may be known yet. */
  private heardOf(item: string): number {
    const message = messageOf(this.hooks.thread(), item);
    return message?.heard || message?.text.length || 0;
  }
}
