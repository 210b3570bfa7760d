/** A tool that asks before it is used. */

import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { decide } from "../state/talks.js";
import type { Approval } from "../thread/turns.js";
import { Icon } from "./Icon.js";
import { Part, pretty, readable } from "./ToolCard.js";

export function ApprovalCard({ approval }: { readonly approval: Approval }): VNode {
  const said = words.value.tools;
  const { id, name, server, approved, open } = approval;
  const outcome = approved === null ? said.expired : approved ? said.approved : said.denied;
  return (
    <section class="approval" data-open={open} data-approved={approved ?? undefined} aria-label={said.asks(readable(name))}>
      <header>
        <Icon name="shield" />
        <div>
          <strong>{said.asks(readable(name))}</strong>
          <p>{[server === "vivavoce" ? "" : server, open ? said.asksNote : outcome].filter((part) => part !== "").join(" · ")}</p>
        </div>
      </header>
      <Part label={said.arguments} text={pretty(approval.arguments)} />
      {open && (
        <div class="choices">
          <button type="button" class="quiet" onClick={() => decide(id, false)}>
            {said.deny}
          </button>
          <button type="button" class="primary" onClick={() => decide(id, true)}>
            {said.approve}
          </button>
        </div>
      )}
    </section>
  );
}
