/** What is wrong, and the way on. */

import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { clearProblem, keyWanted, problem } from "../state/problems.js";
import { Icon } from "./Icon.js";

export function ProblemBar(): VNode | null {
  const found = problem.value;
  if (found === null) return null;
  const said = words.value;
  const { title, remedy } = said.problems[found.kind];
  return (
    <div id="problem" role="alert" data-kind={found.kind}>
      <Icon name="warning" />
      <div>
        <p id="problem-title">{[title, found.detail].filter((part) => part !== "").join(" ")}</p>
        <p id="problem-remedy">{remedy}</p>
      </div>
      {found.again !== null && (
        <button type="button" class="quiet" onClick={found.again}>
          {said.tryAgain}
        </button>
      )}
      {found.kind === "key" && (
        <button type="button" class="quiet" onClick={() => (keyWanted.value = true)}>
          {said.key.label}
        </button>
      )}
      <button type="button" class="icon small" aria-label={said.dismiss} onClick={() => clearProblem()}>
        <Icon name="close" />
      </button>
    </div>
  );
}
