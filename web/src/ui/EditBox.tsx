/** What was written, to be written again: the thread goes on from there in a branch of its own. */

import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { words } from "../i18n/index.js";

interface Props {
  readonly text: string;
  readonly cancel: () => void;
  readonly send: (text: string) => void;
}

export function EditBox({ text, cancel, send }: Props): VNode {
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(text.length, text.length);
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const changed = box.current?.value.trim() ?? "";
    if (changed !== "") send(changed);
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  };
  return (
    <form class="edit" onSubmit={submit}>
      <textarea ref={box} aria-label={words.value.thread.edit} defaultValue={text} onKeyDown={pressed} rows={3} />
      <div class="choices">
        <button type="button" class="quiet" onClick={cancel}>
          {words.value.cancel}
        </button>
        <button type="submit" class="primary">
          {words.value.thread.send}
        </button>
      </div>
    </form>
  );
}
