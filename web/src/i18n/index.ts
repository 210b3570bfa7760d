/** The words of the page, in the language that the person chose or that the browser asks for. */

import { effect, signal } from "@preact/signals";

import { preferences } from "../state/preferences.js";
import { en, type Words } from "./en.js";

export const words = signal<Words>(en);

/** The language to use: a choice, or the first of the browser's that there is. */
export function languageOf(choice: "system" | "en" | "it", asked: readonly string[]): "en" | "it" {
  if (choice !== "system") return choice;
  const known = asked.map((name) => name.slice(0, 2).toLowerCase()).find((name) => name === "en" || name === "it");
  return known === "it" ? "it" : "en";
}

/** Follows the person's choice for as long as the page lives. */
export function followLanguage(): void {
  effect(() => {
    const language = languageOf(preferences.value.language, navigator.languages);
    document.documentElement.lang = language;
    if (language === "en") words.value = en;
    else void import("./it.js").then(({ it }) => (words.value = it));
  });
}
