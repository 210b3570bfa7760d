// Builds the page into the folder named on the command line: index.html and static/, nothing else.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(dirname(fileURLToPath(import.meta.url)));

/** Writes the built page to `target`, an existing or new folder whose static/ is replaced. */
export function build(target) {
  const built = join(target, "static");
  rmSync(built, { recursive: true, force: true });
  mkdirSync(built, { recursive: true });
  cpSync(join(web, "public"), target, { recursive: true });
  const tsc = join(web, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", join(web, "tsconfig.json"), "--outDir", built], { stdio: "inherit" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = process.argv[2];
  if (target === undefined) throw new Error("usage: node scripts/build.mjs <target folder>");
  build(resolve(target));
}
