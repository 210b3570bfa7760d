import { beforeEach, describe, expect, it } from "vitest";

import { Ledger } from "../src/voice/ledger.js";

const SECOND = 24_000;

describe("what was heard of a reply", () => {
  let ledger: Ledger;

  beforeEach(() => {
    ledger = new Ledger();
    ledger.text("r", "a", "One two. ");
    ledger.audio("r", "a", SECOND);
    ledger.text("r", "a", "Three four.");
    ledger.audio("r", "a", SECOND);
    ledger.finish("r");
  });

  it.each([
    ["nothing before the first sample", 0, ""],
    ["words as far as their sound was played", SECOND / 2, "One"],
    ["all words whose sound is over", SECOND, "One two."],
    ["no half words", SECOND * 1.4, "One two."],
    ["everything at the end", 2 * SECOND, "One two. Three four."],
  ])("is %s", (_what, played, heard) => {
    ledger.progress("a", played);
    expect("One two. Three four.".slice(0, ledger.heardCharacters("a"))).toBe(heard);
  });

  it("is spread evenly over sound whose words came ahead in pieces", () => {
    ["One ", "two ", "three ", "four"].forEach((word) => ledger.text("s", "b", word));
    ledger.audio("s", "b", 2 * SECOND);
    ledger.progress("b", SECOND);
    expect("One two three four".slice(0, ledger.heardCharacters("b"))).toBe("One two");
  });

  it("is not taken back while the sound of its words comes, nor told too soon", () => {
    const text = "The capital of Italy is Rome, a city on seven hills.";
    ledger.text("s", "b", text);
    const told = [1, 2, 3, 4, 5].map((half) => {
      ledger.audio("s", "b", SECOND / 2); // it comes half a second ahead of what is played
      ledger.progress("b", ((half - 1) * SECOND) / 2 + SECOND / 4);
      return ledger.heardCharacters("b");
    });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(text.slice(0, told[0])).toBe("The");
    expect(told.at(-1)).toBeGreaterThan(text.length / 2);
  });

  it("is not all where the next sound is late", () => {
    ledger.text("s", "b", "The capital of Italy is Rome.");
    ledger.audio("s", "b", SECOND / 2);
    ledger.progress("b", SECOND / 2);
    expect(ledger.heardCharacters("b")).toBeLessThan(12);
    ledger.finish("s");
    expect(ledger.heardCharacters("b")).toBe(29);
  });

  it("never shrinks and never exceeds what came", () => {
    ledger.progress("a", 300);
    ledger.progress("a", 200);
    expect(ledger.playedMs("a")).toBe(12);
    ledger.progress("a", 9 * SECOND);
    expect(ledger.playedMs("a")).toBe(2000);
    expect(ledger.isWhole("a")).toBe(true);
  });

  it("is zero for a reply that never came", () => {
    ledger.progress("never", 5);
    expect(ledger.playedMs("never")).toBe(0);
    expect(ledger.heardCharacters("never")).toBe(0);
    expect(ledger.sounds("never")).toBe(false);
  });
});

describe("a reply that was cut", () => {
  it("takes no more sound, nor does what follows in its response", () => {
    const ledger = new Ledger();
    expect(ledger.audio("r", "a", 100)).toBe(true);
    expect(ledger.unplayed()).toEqual(["a"]);
    ledger.cut("a");
    expect(ledger.audio("r", "a", 100)).toBe(false);
    expect(ledger.audio("r", "b", 100)).toBe(false);
    expect(ledger.audio("next", "c", 100)).toBe(true);
    expect(ledger.unplayed()).toEqual(["c"]);
  });
});
