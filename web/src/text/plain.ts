/** Markdown as somebody would say it. */

export function spokenForm(markdown: string): string {
  return markdown
    .replace(/```[\s\S]*?(```|$)/g, " ")
    .replace(/`([^`]*)`/g, "$1")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s{0,3}(#{1,6}|>|[-*+]|\d+[.)])\s+/gm, "")
    .replace(/[*_~]{1,3}(\S(?:[^*_~]*\S)?)[*_~]{1,3}/g, "$1")
    .replace(/\n{2,}/g, "\n")
    .trim();
}
