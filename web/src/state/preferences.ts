/** What the person likes, kept in this browser. */

import { effect, signal } from "@preact/signals";

import { DEFAULT_MANNERS, type Manners, readManners } from "../voice/manners.js";
import { isRecord } from "../wire/items.js";

export const THEMES = ["system", "light", "dark"] as const;
export const LANGUAGES = ["system", "en", "de", "es", "fr", "it"] as const;

export interface Preferences {
  readonly voice: string;
  readonly speed: number;
  readonly manners: Manners;
  readonly captionsOnly: boolean;
  readonly pushToTalk: boolean;
  /** "": the server's own. */
  readonly model: string;
  readonly theme: (typeof THEMES)[number];
  readonly language: (typeof LANGUAGES)[number];
  readonly lessMotion: boolean;
  /** Device ids; "" is the system's own. */
  readonly microphone: string;
  readonly loudspeaker: string;
  readonly webrtc: boolean;
  readonly sidebar: boolean;
}

export const SPEEDS = { least: 0.5, most: 1.5, step: 0.05 } as const;

export const DEFAULTS: Preferences = {
  voice: "marin",
  speed: 1,
  manners: DEFAULT_MANNERS,
  captionsOnly: false,
  pushToTalk: false,
  model: "",
  theme: "system",
  language: "system",
  lessMotion: false,
  microphone: "",
  loudspeaker: "",
  webrtc: true,
  sidebar: true,
};

const SLOT = "vivavoce.preferences";

/** What was kept; the default of whatever is missing or is nothing that we wrote. */
export function parsePreferences(kept: string | null): Preferences {
  const value = json(kept);
  const plain = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, fallback]) => [name, typeof value[name] === typeof fallback ? value[name] : fallback]),
  ) as unknown as Preferences;
  return {
    ...plain,
    speed: Math.min(SPEEDS.most, Math.max(SPEEDS.least, plain.speed)) || DEFAULTS.speed,
    manners: readManners(value["manners"]),
    theme: THEMES.find((name) => name === plain.theme) ?? DEFAULTS.theme,
    language: LANGUAGES.find((name) => name === plain.language) ?? DEFAULTS.language,
  };
}

function json(kept: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(kept ?? "{}");
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

const storage = typeof localStorage === "undefined" ? null : localStorage;

export const preferences = signal<Preferences>(parsePreferences(storage?.getItem(SLOT) ?? null));

export function prefer(patch: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...patch };
  storage?.setItem(SLOT, JSON.stringify(preferences.value));
}

/** Puts the theme and the wish for less motion on the page, for the style sheets and the browser's own bar to find. */
export function followAppearance(): void {
  effect(() => {
    const { theme, lessMotion } = preferences.value;
    document.documentElement.dataset["theme"] = theme;
    document.documentElement.dataset["motion"] = lessMotion ? "less" : "system";
    for (const bar of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
      const of = bar.dataset["of"];
      bar.media = theme === "system" ? `(prefers-color-scheme: ${of})` : theme === of ? "all" : "not all";
    }
  });
}
