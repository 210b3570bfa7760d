import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { Icon } from "./Icon.js";

const SHOWN_MS = 1_600;

/** Copies `text`, and says for a moment that it did. */
export function CopyButton({ text }: { readonly text: string }): VNode {
  const [copied, setCopied] = useState(false);
  const { copy, copied: done } = words.value.thread;
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button type="button" class="icon small" title={copied ? done : copy} aria-label={copied ? done : copy} onClick={() => void put(text).then(setCopied)}>
      <Icon name={copied ? "check" : "copy"} />
    </button>
  );
}

/** A page that is not safe has no clipboard of the newer kind. */
async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
