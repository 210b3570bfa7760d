/** TeX to MathML. Fetched with the first formula. */

import temml from "temml";

/** Longer formulas stay source: nobody writes them, and they would make the page wait. */
const LONGEST = 4_000;

/** Puts the formula in the place of `element`'s text, which stays when the formula cannot be read. */
export function typeset(text: string, displayMode: boolean, element: HTMLElement): void {
  if (text.length > LONGEST) return;
  const formula = document.createElement("span");
  try {
    temml.render(text, formula, { displayMode, throwOnError: true, trust: false, maxSize: [20, 20], maxExpand: 200 });
  } catch {
    return;
  }
  element.replaceChildren(...formula.childNodes);
}
