/** What lies over the page. */

import { signal } from "@preact/signals";

export const SECTIONS = ["general", "voice", "devices", "personal", "memory", "data", "shortcuts"] as const;

export type Section = (typeof SECTIONS)[number];

/** The part of the settings that is open, or null. */
export const settingsOpen = signal<Section | null>(null);
