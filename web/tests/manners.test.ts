import { describe, expect, it } from "vitest";

import { DEFAULT_MANNERS, readManners } from "../src/voice/manners.js";

describe("manners kept in the browser", () => {
  it("come back as they were kept", () => {
    const manners = { eagerness: "low", openers: false, listeningSignals: true, idlePrompts: true, ignoreSideTalk: true } as const;
    expect(readManners(manners)).toEqual(manners);
  });

  it.each([null, "", 3, [], { eagerness: "hasty", openers: "yes" }])(
    "are the defaults where %j was kept",
    (kept) => {
      expect(readManners(kept)).toEqual(DEFAULT_MANNERS);
    },
  );
});
