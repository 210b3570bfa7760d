/** Frames on their way to the server: a slow network must cost old sound, not memory or ever-growing delay. */

/** 2 s of 20 ms frames: the start of a sentence spoken while the connection is still being made is kept. */
export const WAITING_FRAMES = 100;
/** About half a second of base64 frames in the browser's own send buffer. */
export const BUFFERED_BYTES = 32_768;

export interface Frame {
  readonly pcm: Int16Array;
  readonly capturedAt: number;
  readonly level: number;
}

export interface Wire {
  readonly open: boolean;
  /** Bytes handed over that the network has not taken yet. */
  readonly buffered: number;
  sendFrame(frame: Frame): void;
}

export class Uplink {
  private waiting: Frame[] = [];
  private droppedFrames = 0;

  constructor(private readonly wire: Wire) {}

  get dropped(): number {
    return this.droppedFrames;
  }

  push(frame: Frame): void {
    this.waiting.push(frame);
    this.drain();
    if (this.waiting.length <= WAITING_FRAMES) return;
    this.waiting.shift();
    this.droppedFrames += 1;
  }

  drain(): void {
    while (this.wire.open && this.wire.buffered < BUFFERED_BYTES) {
      const frame = this.waiting.shift();
      if (frame === undefined) return;
      this.wire.sendFrame(frame);
    }
  }

  clear(): void {
    this.waiting = [];
  }
}
