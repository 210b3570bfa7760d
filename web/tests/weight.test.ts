/** What a first visit fetches, as it goes over the network. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect, it } from "vitest";

const BUILT = join(import.meta.dirname, "..", "..", "src", "vivavoce", "web");
const MOST = 200_000;
const HEAVY = /^static\/(highlight|mathematics|de|es|fr|it|SettingsDialog)-/;

function firstLoad(): readonly string[] {
  const index = readFileSync(join(BUILT, "index.html"), "utf8");
  const asked = [...index.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path as string);
  const fonts = readdirSync(join(BUILT, "static")).filter((name) => /latin-wght.*woff2$/.test(name));
  return ["index.html", "sw.js", ...asked, ...fonts.map((name) => `static/${name}`)];
}

it("is at most 200 kB, and nothing of it is heavy and seldom needed", () => {
  const weights = firstLoad().map((path) => [path, gzipSync(readFileSync(join(BUILT, path)), { level: 9 }).length] as const);
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  console.info(`first load: ${(total / 1000).toFixed(1)} kB compressed\n${weights.map(([path, weight]) => `  ${weight} ${path}`).join("\n")}`);
  expect(total).toBeLessThan(MOST);
  expect(weights.filter(([path]) => HEAVY.test(path))).toEqual([]);
});
