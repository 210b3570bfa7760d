/** Frames on their way to the server: a slow network must cost old sound, not memory or ever-growing delay. */
/** 2 s of 20 ms frames: the start of a sentence spoken while the connection is still being made is kept. */
export const WAITING_FRAMES = 100;
/** About half a second of base64 frames in the browser's own send buffer. */
export const BUFFERED_BYTES = 32_768;
export class Uplink {
    wire;
    waiting = [];
    droppedFrames = 0;
    constructor(wire) {
        this.wire = wire;
    }
    get dropped() {
        return this.droppedFrames;
    }
    push(frame) {
        this.waiting.push(frame);
        this.drain();
        if (this.waiting.length <= WAITING_FRAMES)
            return;
        this.waiting.shift();
        this.droppedFrames += 1;
    }
    drain() {
        while (this.wire.open && this.wire.buffered < BUFFERED_BYTES) {
            const frame = this.waiting.shift();
            if (frame === undefined)
                return;
            this.wire.sendFrame(frame);
        }
    }
    clear() {
        this.waiting = [];
    }
}
