/** The thread: typed and spoken turns, tools and what they ask for, in one column. */

import type { VNode } from "preact";
import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { shown } from "../state/talks.js";
import type { Turn } from "../thread/turns.js";
import { ApprovalCard } from "./ApprovalCard.js";
import { Icon } from "./Icon.js";
import { MessageTurn } from "./MessageTurn.js";
import { ToolCard } from "./ToolCard.js";

/** Within this many pixels of the end the thread follows what is added; above, the person is reading. */
const FOLLOW_PX = 120;

export function ThreadView({ id }: { readonly id: string }): VNode {
  const { thread, phase } = shown.value;
  const scroller = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);

  const toEnd = (): void => {
    const box = scroller.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
  };
  useLayoutEffect(() => {
    following.current = true;
    toEnd();
    const again = requestAnimationFrame(toEnd); // turns that were outside the window now have their true heights
    return () => cancelAnimationFrame(again);
  }, [id]);
  useLayoutEffect(() => {
    if (following.current) toEnd();
  }, [thread]);
  useEffect(() => {
    const box = scroller.current;
    const column = box?.firstElementChild;
    if (box === null || !column) return undefined;
    const grown = new ResizeObserver(() => (following.current ? toEnd() : undefined));
    grown.observe(column);
    return () => grown.disconnect();
  }, []);

  const scrolled = (): void => {
    const box = scroller.current;
    if (box === null) return;
    following.current = box.scrollHeight - box.scrollTop - box.clientHeight < FOLLOW_PX;
    setAway(!following.current);
  };
  const last = thread.turns.at(-1);
  return (
    <div class="scroller" ref={scroller} onScroll={scrolled} tabIndex={0} role="log" aria-live="off" aria-label={words.value.thread.label} id="log">
      <div class="column">
        {thread.turns.map((turn) => (
          <AnyTurn key={turn.id} turn={turn} playing={turn.id === thread.playing} last={turn === last} />
        ))}
        {phase === "thinking" && !grows(last) && <Waiting />}
      </div>
      {away && (
        <button type="button" class="icon to-end" aria-label={words.value.thread.toEnd} title={words.value.thread.toEnd} onClick={toEnd}>
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

/** An answer whose words come. */
function grows(turn: Turn | undefined): boolean {
  return turn?.kind === "message" && turn.who === "vivavoce" && !turn.settled;
}

interface TurnProps {
  readonly turn: Turn;
  readonly playing: boolean;
  readonly last: boolean;
}

const AnyTurn = memo(({ turn, playing, last }: TurnProps): VNode => {
  switch (turn.kind) {
    case "message":
      return <MessageTurn message={turn} playing={playing} last={last} />;
    case "tool":
      return <ToolCard tool={turn} />;
    case "approval":
      return <ApprovalCard approval={turn} />;
  }
});

/** Keeps its place until the first words come, so that nothing jumps. */
function Waiting(): VNode {
  return (
    <div class="waiting" role="status">
      <span class="unseen">{words.value.thread.thinking}</span>
      <i />
      <i />
      <i />
    </div>
  );
}
