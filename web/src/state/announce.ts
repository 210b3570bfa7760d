/** Words that nobody waited for, while no microphone is open: read aloud, and shown by the system where the page is not. */

import type { Message } from "../thread/turns.js";
import { readAloud } from "./aloud.js";

export function announce({ id, text }: Message): void {
  if (navigator.userActivation?.hasBeenActive !== false) void readAloud(id, text); // else no browser lets it sound
  if (document.hidden && mayNotify() === true) void notify(id, text);
}

/** Null: the browser cannot, or the person has to be asked. */
export function mayNotify(): boolean | null {
  if (!("Notification" in window) || Notification.permission === "default") return null;
  return Notification.permission === "granted";
}

async function notify(tag: string, body: string): Promise<void> {
  const worker = await navigator.serviceWorker?.ready; // phones take them from nobody else
  await worker?.showNotification("vivavoce", { body, tag, icon: "icon-192.png" });
}
