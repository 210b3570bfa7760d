/** The words of the page, in the language that the person chose or that the browser asks for. */

import { effect, signal } from "@preact/signals";

import { preferences } from "../state/preferences.js";
import { en, type Words } from "./en.js";

export const words = signal<Words>(en);

type Language = "en" | keyof typeof others;

/** English comes with the page, and they when they are wanted. */
const others = {
  de: () => import("./de.js").then(({ de }) => de),
  es: () => import("./es.js").then(({ es }) => es),
  fr: () => import("./fr.js").then(({ fr }) => fr),
  it: () => import("./it.js").then(({ it }) => it),
};

/** The language to use: a choice, or the first of the browser's that there is. */
export function languageOf(choice: "system" | Language, asked: readonly string[]): Language {
  if (choice !== "system") return choice;
  return asked.map((name) => name.slice(0, 2).toLowerCase()).find(isKnown) ?? "en";
}

function isKnown(name: string): name is Language {
  return name === "en" || Object.hasOwn(others, name);
}

/** Follows the person's choice for as long as the page lives. */
export function followLanguage(): void {
  effect(() => {
    const language = languageOf(preferences.value.language, navigator.languages);
    document.documentElement.lang = language;
    if (language === "en") words.value = en;
    else void others[language]().then((found) => (document.documentElement.lang === language ? (words.value = found) : undefined));
  });
}
