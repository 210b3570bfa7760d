import { describe, expect, it } from "vitest";

import { BUFFERED_BYTES, type Frame, Uplink, WAITING_FRAMES } from "../src/voice/uplink.js";

const frame = (capturedAt: number): Frame => ({ pcm: new Int16Array(480), capturedAt, level: 0 });

class FakeWire {
  open = true;
  buffered = 0;
  readonly sent: number[] = [];
  sendFrame({ capturedAt }: Frame): void {
    this.sent.push(capturedAt);
  }
}

describe("frames on their way", () => {
  it("go at once over an open, quick connection", () => {
    const wire = new FakeWire();
    new Uplink(wire).push(frame(1));
    expect(wire.sent).toEqual([1]);
  });

  it("wait for the connection and go in order", () => {
    const wire = new FakeWire();
    const uplink = new Uplink(wire);
    wire.open = false;
    [1, 2, 3].forEach((at) => uplink.push(frame(at)));
    expect(wire.sent).toEqual([]);
    wire.open = true;
    uplink.drain();
    expect(wire.sent).toEqual([1, 2, 3]);
  });

  it("are dropped oldest first, and counted, when the network is slow for too long", () => {
    const wire = new FakeWire();
    const uplink = new Uplink(wire);
    wire.buffered = BUFFERED_BYTES;
    for (let at = 0; at < WAITING_FRAMES + 7; at++) uplink.push(frame(at));
    expect(uplink.dropped).toBe(7);
    wire.buffered = 0;
    uplink.drain();
    expect(wire.sent).toHaveLength(WAITING_FRAMES);
    expect(wire.sent[0]).toBe(7);
  });

  it("are forgotten when the talk ends", () => {
    const wire = new FakeWire();
    const uplink = new Uplink(wire);
    wire.open = false;
    uplink.push(frame(1));
    uplink.clear();
    wire.open = true;
    uplink.drain();
    expect(wire.sent).toEqual([]);
  });
});
