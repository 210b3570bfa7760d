import { expect, it } from "vitest";

import { UNREACHABLE, UNSUPPORTED, failedReply, microphoneProblem, sessionProblem, soundProblem } from "../src/remedies.js";

it.each([
  ["NotAllowedError", "microphone-denied", /allow/i],
  ["NotFoundError", "microphone-missing", /plug/i],
  ["NotReadableError", "microphone-busy", /close other programs/i],
  ["", "microphone-busy", /close/i],
])("tells what to do about %s", (name, kind, remedy) => {
  expect(microphoneProblem(name)).toMatchObject({ kind, remedy: expect.stringMatching(remedy) as unknown });
});

it("shows the server's own words and that the talk goes on", () => {
  expect(sessionProblem("Bad rate.")).toMatchObject({ title: "Bad rate.", remedy: expect.stringMatching(/goes on/) as unknown });
  expect(failedReply("The model failed.").title).toBe("This reply failed (The model failed).");
  expect(failedReply(undefined).title).toBe("This reply failed.");
});

it("tells a worklet that could not be fetched from a browser that has none", () => {
  expect(soundProblem(new DOMException("", "AbortError"))).toBe(UNREACHABLE);
  expect(soundProblem(new TypeError())).toBe(UNSUPPORTED);
});
