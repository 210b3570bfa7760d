import { describe, expect, it } from "vitest";

import { endingOf, realtimeUrl, retryDelay } from "../src/wire/link.js";

describe("how a connection ended", () => {
  it.each([
    ["lost", 1006, true, []],
    ["lost", 1001, true, []],
    ["lost", 1008, true, []],
    ["never-opened", 1006, false, []],
    ["busy", 1013, true, []],
    ["busy", 1006, true, ["server_busy"]],
    ["key", 1008, true, ["invalid_api_key"]],
    ["key", 3000, true, []],
    ["gone", 1008, true, ["call_not_found"]],
  ] as const)("is %s for close code %i (open before: %s, errors: %s)", (ending, code, opened, errors) => {
    expect(endingOf(code, opened, new Set(errors))).toBe(ending);
  });
});

describe("the wait before the next try", () => {
  it("doubles up to a bound", () => {
    expect([0, 1, 2, 3, 4, 20].map((attempt) => retryDelay(attempt, false, 0.5))).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
  });

  it("is longer when the server is busy, and spread by chance", () => {
    expect(retryDelay(0, true, 0.5)).toBe(3000);
    expect(retryDelay(0, false, 0)).toBe(375);
  });
});

it("finds the server from the page's own address, and asks for the session that it lost", () => {
  expect(realtimeUrl("http://localhost:8990/", "", null)).toBe("ws://localhost:8990/v1/realtime?model=vivavoce");
  expect(realtimeUrl("https://host/voice/", "auto", "sess_1")).toBe("wss://host/voice/v1/realtime?model=auto&resume=sess_1");
});
