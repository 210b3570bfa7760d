/** A menu that opens from a button: arrows go through it, Escape, Tab and a press elsewhere close it. */

import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { Icon, type IconName } from "./Icon.js";

export interface Choice {
  readonly icon?: IconName;
  readonly label: string;
  /** Of choices that exclude one another: whether it is the one that holds. */
  readonly chosen?: boolean;
  readonly danger?: boolean;
  readonly act: () => void;
}

interface Props {
  readonly label: string;
  readonly choices: readonly Choice[];
  /** What the button shows; three dots if nothing. */
  readonly children?: ComponentChildren;
}

const ITEM = "[role^=menuitem]";

export function Menu({ label, choices, children }: Props): VNode {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    // before the next key: an effect that waits for the paint would take the focus back from it
    if (!open) return undefined;
    const list = place.current;
    (list?.querySelector<HTMLElement>("[aria-checked=true]") ?? list?.querySelector<HTMLElement>(ITEM))?.focus();
    const elsewhere = (event: Event): void => {
      if (!place.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open]);
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    }
    if (event.key === "Tab") setOpen(false);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event, place.current);
  };
  return (
    <div class="menu" ref={place} onKeyDown={pressed}>
      <button
        ref={button}
        type="button"
        class={children === undefined ? "icon small" : "choice"}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {children ?? <Icon name="more" />}
      </button>
      {open && (
        <div role="menu" aria-label={label}>
          {choices.map(({ icon, label: name, danger, chosen, act }) => (
            <button
              key={name}
              type="button"
              role={chosen === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={chosen}
              class={danger ? "danger" : undefined}
              onClick={() => {
                setOpen(false);
                button.current?.focus();
                act();
              }}
            >
              {icon !== undefined && <Icon name={icon} />}
              {name}
              {chosen === true && <Icon name="check" />}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function move(event: KeyboardEvent, menu: HTMLElement | null): void {
  const items = [...(menu?.querySelectorAll<HTMLElement>(ITEM) ?? [])];
  if (items.length === 0) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  const here = Math.max(items.indexOf(document.activeElement as HTMLElement), step < 0 ? 0 : -1);
  items[(here + step + items.length) % items.length]?.focus();
}
