import { signal } from "@preact/signals";

/** What is written and not sent yet; it outlives a change of view. */
export const line = signal("");
