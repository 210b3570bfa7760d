/** Parts that are fetched when they are first opened. */

import { signal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";

import { settingsOpen } from "./overlays.js";

const loaded = signal<ComponentType | null>(null);

export function Settings(): VNode | null {
  if (settingsOpen.value === null) return null;
  const Loaded = loaded.value;
  if (Loaded === null) void import("./settings/SettingsDialog.js").then(({ SettingsDialog }) => (loaded.value = SettingsDialog));
  return Loaded === null ? null : <Loaded />;
}
