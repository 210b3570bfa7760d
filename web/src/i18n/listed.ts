/** `a, b and c` in a language. */
export function listed(language: string, parts: readonly string[]): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(parts);
}
