/** A tool that was used: folded, with what it was given and what came of it. */

import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import type { ToolUse } from "../thread/turns.js";
import { Icon } from "./Icon.js";

export function ToolCard({ tool }: { readonly tool: ToolUse }): VNode {
  const said = words.value.tools;
  const state = tool.error !== null ? "failed" : tool.settled ? "done" : "running";
  const title = { failed: said.failed, done: said.called, running: said.calling }[state](readable(tool.name));
  return (
    <details class="tool" data-state={state}>
      <summary>
        <Icon name={state === "failed" ? "warning" : "tool"} />
        <span class="name">{title}</span>
        {state === "running" && tool.progress !== "" && <span class="from">{tool.progress}</span>}
        {tool.server !== "" && tool.server !== "vivavoce" && <span class="from">{tool.server}</span>}
        <Icon name="chevron" />
      </summary>
      <Part label={said.arguments} text={pretty(tool.arguments)} />
      {tool.error !== null && <Part label={said.error} text={tool.error} />}
      {tool.output !== null && <Part label={said.result} text={pretty(tool.output)} />}
    </details>
  );
}

export function Part({ label, text }: { readonly label: string; readonly text: string }): VNode | null {
  if (text === "" || text === "{}") return null;
  return (
    <div class="part">
      <span>{label}</span>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

/** `set_timer` is a name for machines. */
export function readable(name: string): string {
  return name.replaceAll(/[_-]+/g, " ");
}

/** JSON on lines of its own; a single value or anything else as it is. */
export function pretty(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}
