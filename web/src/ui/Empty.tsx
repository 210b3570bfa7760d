/** A thread that has not begun. */

import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { room } from "../state/room.js";
import { line } from "../state/line.js";

export function Empty(): VNode {
  const said = words.value.empty;
  const { temporary } = room.value;
  return (
    <div class="empty">
      <div class="mark" aria-hidden="true" />
      <h2>{temporary ? said.temporaryTitle : said.greetings[partOfDay(new Date().getHours())]}</h2>
      <p>{temporary ? said.temporaryLine : said.line}</p>
      {!temporary && (
        <ul class="ideas">
          {said.ideas.map((idea) => (
            <li key={idea}>
              <button type="button" onClick={() => take(idea)}>
                {idea}
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">
        <kbd>{said.space}</kbd> {said.hint}
      </p>
    </div>
  );
}

function take(idea: string): void {
  line.value = idea;
  document.getElementById("line")?.focus();
}

/** Morning, afternoon, evening. */
function partOfDay(hour: number): number {
  return hour < 5 || hour >= 18 ? 2 : hour < 12 ? 0 : 1;
}
