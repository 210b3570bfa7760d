// Fails when the committed page is not what a fresh build of the source gives: users run the
// committed files, so a source change without `npm run build` would never reach them.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "./build.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const committed = join(root, "src", "vivavoce", "web");

/** Every file under `folder`, by its path from there; Python's own files beside the page do not count. */
function files(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return new Map(paths.filter((path) => !/\.pyc?$/.test(path)).map((path) => [path, readFileSync(join(folder, path))]));
}

const fresh = mkdtempSync(join(tmpdir(), "vivavoce-web-"));
try {
  await build(fresh);
  const [want, have] = [files(fresh), files(committed)];
  const paths = [...new Set([...want.keys(), ...have.keys()])].sort();
  const stale = paths.filter((path) => !want.has(path) || !have.get(path)?.equals(want.get(path)));
  if (stale.length > 0) {
    console.error(`The built page is stale: ${stale.join(", ")}\nRun: npm run build (in web/), and commit src/vivavoce/web`);
    process.exitCode = 1;
  } else {
    console.log(`The built page is current: ${paths.length} files`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
