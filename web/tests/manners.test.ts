import { describe, expect, it } from "vitest";

import { DEFAULT_MANNERS, parseManners } from "../src/manners.js";

describe("manners kept in the browser", () => {
  it("come back as they were kept", () => {
    const manners = { eagerness: "low", openers: false, listeningSignals: true, ignoreSideTalk: true } as const;
    expect(parseManners(JSON.stringify(manners))).toEqual(manners);
  });

  it.each([null, "", "no JSON", "3", "null", '{"eagerness":"hasty","openers":"yes"}'])(
    "are the defaults where %j was kept",
    (text) => {
      expect(parseManners(text)).toEqual(DEFAULT_MANNERS);
    },
  );
});
