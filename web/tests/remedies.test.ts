import { expect, it } from "vitest";

import { de } from "../src/i18n/de.js";
import { en } from "../src/i18n/en.js";
import { es } from "../src/i18n/es.js";
import { fr } from "../src/i18n/fr.js";
import { it as italian } from "../src/i18n/it.js";
import { type ProblemKind, UNREACHABLE, UNSUPPORTED, failedReply, microphoneProblem, sessionProblem, soundProblem } from "../src/voice/remedies.js";

it.each([
  ["NotAllowedError", "microphone-denied", /allow/i],
  ["NotFoundError", "microphone-missing", /plug/i],
  ["NotReadableError", "microphone-busy", /close other programs/i],
  ["", "microphone-busy", /close/i],
])("tells what to do about %s", (name, kind, remedy) => {
  expect(microphoneProblem(name)).toEqual({ kind, detail: "" });
  expect(en.problems[kind as ProblemKind].remedy).toMatch(remedy);
});

it("shows the server's own words", () => {
  expect(sessionProblem({ message: "Bad rate." })).toEqual({ kind: "session", detail: "Bad rate." });
  expect(sessionProblem({ message: "Full.", code: "server_busy" })).toBe(null);
  expect(failedReply("The model failed.").detail).toBe("The model failed.");
  expect(failedReply(undefined).detail).toBe("");
});

it("has a remedy for everything, in every language", () => {
  for (const { problems } of [en, de, es, fr, italian]) {
    for (const { remedy } of Object.values(problems)) expect(remedy).not.toBe("");
  }
});

it("tells a worklet that could not be fetched from a browser that has none", () => {
  expect(soundProblem(new DOMException("", "AbortError"))).toBe(UNREACHABLE);
  expect(soundProblem(new TypeError())).toBe(UNSUPPORTED);
});
