import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { muted } from "../state/sound.js";
import { shown } from "../state/talks.js";

/** Who has the floor, in a word. */
export function PhaseWord(): VNode {
  const { phase } = shown.value;
  const said = words.value.phases;
  return (
    <p id="state" role="status">
      {muted.value && phase === "listening" ? said.muted : said[phase]}
    </p>
  );
}
