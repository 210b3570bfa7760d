/** The keyboard, wherever the focus is. */

import { preferences } from "../state/preferences.js";
import { microphone } from "../state/sound.js";
import { hold, hush, shown, toggleMute, toggleTalking } from "../state/talks.js";

/** Elements in which a key already means something. */
const BUSY = "input, textarea, select, button:not(.hold), a, summary, dialog, [contenteditable], [role=menu]";

export interface Shortcut {
  readonly keys: string;
  readonly act: () => void;
}

/** With Ctrl, or ⌘ on a Mac, and Shift. */
const shortcuts = new Map<string, () => void>();

export function shortcut(key: string, act: () => void): void {
  shortcuts.set(key, act);
}

export function listenToKeys(): void {
  document.addEventListener("keydown", pressed);
  document.addEventListener("keyup", released);
  window.addEventListener("blur", () => hold(false)); // another window sees the key let go
}

function pressed(event: KeyboardEvent): void {
  if (event.code === "Space" && isFree(event)) return space(event);
  if (event.key === "Escape" && document.querySelector("dialog[open], [role=menu]") === null) return void stopAnswer();
  if (!(event.ctrlKey || event.metaKey) || !event.shiftKey) return;
  const act = shortcuts.get(event.code);
  if (act === undefined) return;
  event.preventDefault();
  act();
}

function stopAnswer(): void {
  const { response, playing, awaiting } = shown.value.thread;
  if (response !== null || playing !== null || awaiting) hush();
}

/** The space bar starts and ends talking; with push-to-talk it is held while one speaks. */
function space(event: KeyboardEvent): void {
  event.preventDefault();
  if (event.repeat) return;
  if (preferences.value.pushToTalk && microphone.value !== null) hold(true);
  else toggleTalking();
}

function released(event: KeyboardEvent): void {
  if (event.code === "Space") hold(false);
}

function isFree({ target }: Event): boolean {
  return target instanceof Element && target.closest(BUSY) === null && document.querySelector("dialog[open]") === null;
}

shortcut("KeyM", toggleMute);
