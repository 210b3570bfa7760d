import { describe, expect, it } from "vitest";

import { InputClock, TurnTimer } from "../src/voice/stopwatch.js";

/** 20 ms frames, loud or quiet, captured from 1000 ms on without gaps. */
function clockOf(levels: readonly number[]): InputClock {
  const clock = new InputClock();
  levels.forEach((level, index) => clock.record(480, 1000 + 20 * (index + 1), level));
  return clock;
}

describe("the end of the user's speech on the page's clock", () => {
  it("is the server's word when the voice goes on to there", () => {
    expect(clockOf(Array(10).fill(0.2)).lastVoiced(0, 130)).toBe(1130);
  });

  it("is the last voiced sample when the server's word includes the silence it waited for", () => {
    expect(clockOf([0.2, 0.3, 0.2, 0, 0.001, 0, 0, 0]).lastVoiced(0, 160)).toBe(1060);
  });

  it("is not moved by an earlier, louder turn", () => {
    expect(clockOf([0.9, 0.9, 0, 0, 0.03, 0.03, 0, 0]).lastVoiced(80, 160)).toBe(1120);
  });

  it("is unknown for what was not sent", () => {
    expect(clockOf([]).lastVoiced(0, 100)).toBeNull();
    expect(clockOf([0.1]).lastVoiced(500, 600)).toBeNull();
  });

  it("counts only what was sent, so that lost frames do not shift it", () => {
    const clock = new InputClock();
    clock.record(480, 1020, 0.1);
    clock.record(480, 5020, 0.1); // four seconds were dropped between the two
    expect(clock.lastVoiced(0, 40)).toBe(5020);
  });

  it("forgets old frames and begins anew with a connection", () => {
    const clock = clockOf(Array(6_100).fill(0.1));
    expect(clock.lastVoiced(0, 20)).toBeNull();
    expect(clock.lastVoiced(121_000, 122_000)).toBe(123_000);
    clock.reset();
    clock.record(480, 7, 0.1);
    expect(clock.lastVoiced(0, 20)).toBe(7);
  });
});

describe("the stopwatch", () => {
  it("is read once for each question", () => {
    const watch = new TurnTimer();
    expect(watch.read(50)).toBeNull();
    watch.arm(100);
    expect(watch.read(720)).toBe(620);
    expect(watch.read(900)).toBeNull();
  });

  it("forgets a question that went on", () => {
    const watch = new TurnTimer();
    watch.arm(100);
    watch.speechStarted(0);
    expect(watch.read(720)).toBeNull();
  });
});
