import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { shown } from "../state/talks.js";
import type { Turn } from "../thread/turns.js";

/** Screen readers hear whole messages, not every word that grows. */
export function Announcer(): VNode {
  const last = shown.value.thread.turns.findLast((turn) => turn.kind === "approval" || (turn.kind === "message" && turn.settled && turn.text !== ""));
  return (
    <div id="announcer" class="unseen" aria-live="polite">
      {last === undefined ? "" : told(last)}
    </div>
  );
}

function told(turn: Turn): string {
  const said = words.value;
  if (turn.kind === "message") return `${turn.who === "you" ? said.you : said.assistant}: ${turn.text}`;
  return turn.kind === "approval" ? said.tools.asks(turn.name) : "";
}
