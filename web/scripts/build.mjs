// Builds the page into the folder named on the command line: index.html, sw.js, the manifest and static/.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build as bundle } from "vite";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
/** What a first visit fetches is kept for the next; what is heavy and seldom needed is kept once it was fetched. */
const SHELL = /^(index\.html|manifest\.webmanifest|icon\.svg|static\/(index|figtree-latin-wght)[^/]*\.(js|css|woff2))$/;

/** Writes the built page to `target`, an existing or new folder whose static/ is replaced. */
export async function build(target) {
  rmSync(join(target, "static"), { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await bundle({
    root: web,
    configFile: join(web, "vite.config.mjs"),
    logLevel: "warn",
    build: { outDir: target, emptyOutDir: false },
  });
  writeServiceWorker(target);
}

/** The worker's version is the digest of what it keeps, so that a new build, and nothing else, replaces it. */
function writeServiceWorker(target) {
  const shell = files(target).filter((path) => SHELL.test(path));
  const digest = createHash("sha256");
  for (const path of shell) digest.update(path).update(readFileSync(join(target, path)));
  const source = readFileSync(join(web, "src", "sw.js"), "utf8");
  const filled = source
    .replace('"VERSION"', JSON.stringify(digest.digest("hex").slice(0, 12)))
    .replace("[/* SHELL */]", JSON.stringify(shell.map((path) => (path === "index.html" ? "./" : path))));
  writeFileSync(join(target, "sw.js"), filled);
}

/** Every file under `folder` in a fixed order, by its path from there. */
function files(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/")).sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = process.argv[2];
  if (target === undefined) throw new Error("usage: node scripts/build.mjs <target folder>");
  await build(resolve(target));
}
