import type { VNode } from "preact";

import { words } from "../../i18n/index.js";

const KEYS = [
  ["talk", ["␣"]],
  ["send", ["↵"]],
  ["line", ["⇧", "↵"]],
  ["stop", ["Esc"]],
  ["newChat", ["Ctrl", "⇧", "O"]],
  ["search", ["Ctrl", "⇧", "K"]],
  ["focus", ["Ctrl", "⇧", "L"]],
  ["mute", ["Ctrl", "⇧", "M"]],
  ["settings", ["Ctrl", "⇧", ","]],
] as const;

export function ShortcutSettings(): VNode {
  const said = words.value;
  const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
  const shown = (key: string): string => (key === "␣" ? said.empty.space : key === "Ctrl" && mac ? "⌘" : key);
  return (
    <dl class="shortcuts">
      {KEYS.map(([name, keys]) => (
        <div key={name}>
          <dt>{said.shortcuts[name]}</dt>
          <dd>
            {keys.map((key) => (
              <kbd key={key}>{shown(key)}</kbd>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
