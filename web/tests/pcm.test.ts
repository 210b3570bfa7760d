import { describe, expect, it } from "vitest";

import { fromBase64, milliseconds, toBase64 } from "../src/voice/pcm.js";

describe("sound on the wire", () => {
  it("comes back as it was sent, to the sample", () => {
    const sent = Int16Array.from([0, 1, -1, 32_767, -32_768, 12_345, -12_345]);
    const came = fromBase64(toBase64(sent));
    expect([...came].map((sample) => Math.round(sample * 32_768))).toEqual([...sent]);
  });

  it("is little-endian, whatever the machine is", () => {
    expect(toBase64(Int16Array.from([0x0102]))).toBe(btoa("\x02\x01"));
  });

  it("survives more samples than a function takes arguments", () => {
    expect(fromBase64(toBase64(new Int16Array(500_000))).length).toBe(500_000);
  });

  it("drops half a sample at the end", () => {
    expect(fromBase64(btoa("\x00\x40\x7f")).length).toBe(1);
  });

  it("counts time in samples of 24 kHz", () => {
    expect(milliseconds(480)).toBe(20);
  });
});
