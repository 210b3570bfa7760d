/** Who thinks: the choice of a model, where there is one. */

import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { prefer, preferences } from "../state/preferences.js";
import { models, ownModel } from "../state/server.js";
import { Icon } from "./Icon.js";
import { Menu } from "./Menu.js";

/** "" and what it is called, then every other mind; one that was chosen earlier stays, though the server lost it. */
export function minds(): readonly (readonly [string, string])[] {
  const { model } = preferences.value;
  const own = words.value.settings.modelDefault;
  const others = [...new Set([...models.value, ...(model === "" ? [] : [model])])];
  return others.length === 0 ? [] : [["", ownModel.value === "" ? own : `${own}: ${ownModel.value}`], ...others.map((name) => [name, name] as const)];
}

export function ModelMenu(): VNode | null {
  const { model } = preferences.value;
  const said = words.value.settings;
  const known = minds();
  if (known.length === 0) return null;
  return (
    <Menu label={said.model} choices={known.map(([id, label]) => ({ label, chosen: id === model, act: () => prefer({ model: id }) }))}>
      <span>{model || said.modelDefault}</span>
      <Icon name="chevron" />
    </Menu>
  );
}
