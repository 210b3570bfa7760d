/** A dialog of the browser's own: it keeps the focus, and Escape closes it. */

import type { ComponentChildren, VNode } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  readonly id?: string;
  readonly title: string;
  readonly class?: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ id, title, class: kind, close, children }: Props): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  const clicked = (event: MouseEvent): void => {
    if (event.target === dialog.current) close(); // the backdrop
  };
  return (
    <dialog id={id} class={kind} ref={dialog} aria-labelledby={name} onClose={close} onClick={clicked}>
      <div class="inside">
        <h2 id={name}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
