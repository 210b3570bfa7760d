import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { levels, shown } from "../state/talks.js";
import { Orb } from "../voice/orb.js";

/** The orb, fed with the sound that is heard. */
export function OrbCanvas(): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const orb = useRef<Orb | null>(null);
  const { phase } = shown.value;
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const drawn = new Orb(canvas.current);
    const hear = (level: number): void => drawn.hear(level);
    orb.current = drawn;
    levels.add(hear);
    return () => {
      levels.delete(hear);
      drawn.close();
    };
  }, []);
  useEffect(() => orb.current?.show(phase), [phase]);
  return <canvas ref={canvas} aria-hidden="true" />;
}
