/** Code in a message. Its colours come when the highlighter has been fetched, which the first code block asks for. */

import type { Element, ElementContent, Root } from "hast";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { CopyButton } from "./CopyButton.js";

/** Longer code stays plain: colouring it would make the page wait. */
const LONGEST = 20_000;

export function CodeBlock({ code, language }: { readonly code: string; readonly language: string }): VNode {
  const name = language.split(/\s/)[0] ?? "";
  const tree = useColours(code, name);
  return (
    <figure class="code">
      <figcaption>
        <span>{name || words.value.thread.code}</span>
        <CopyButton text={code} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{tree === null ? code : tree.children.map((node, place) => coloured(node as ElementContent, place))}</code>
      </pre>
    </figure>
  );
}

function useColours(code: string, language: string): Root | null {
  const [tree, setTree] = useState<{ code: string; root: Root } | null>(null);
  useEffect(() => {
    if (language === "" || code.length > LONGEST) return;
    let wanted = true;
    void import("../text/highlight.js").then(({ highlight }) => {
      const root = highlight(code, language);
      if (wanted && root !== null) setTree({ code, root });
    });
    return () => {
      wanted = false;
    };
  }, [code, language]);
  return tree?.code === code ? tree.root : null;
}

function coloured(node: ElementContent | Element, key: number): ComponentChildren {
  if (node.type === "text") return node.value;
  if (node.type !== "element") return null;
  const names = node.properties["className"];
  return (
    <span key={key} class={Array.isArray(names) ? names.join(" ") : undefined}>
      {node.children.map((child, place) => coloured(child, place))}
    </span>
  );
}
