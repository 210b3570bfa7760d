/** Mathematics as the browser's own MathML. Its typesetter is fetched with the first formula. */

import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  readonly text: string;
  readonly display: boolean;
}

export function Formula({ text, display }: Props): VNode {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let wanted = true;
    void import("../text/mathematics.js").then(({ typeset }) => {
      if (wanted && place.current !== null) typeset(text, display, place.current);
    });
    return () => {
      wanted = false;
    };
  }, [text, display]);
  return (
    <span class={display ? "formula display" : "formula"} tabIndex={display ? 0 : undefined}>
      <span ref={place} class="source" key={text}>
        {text}
      </span>
    </span>
  );
}
