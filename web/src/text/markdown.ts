/** Markdown as a tree of tokens, with mathematics. Nothing of it is ever HTML: see `Markdown.tsx`. */

import { Marked, type Token, type TokenizerExtension, type Tokens } from "marked";

export interface MathToken {
  readonly type: "math";
  readonly raw: string;
  readonly text: string;
  readonly display: boolean;
}

/** `$$…$$` and `\[…\]` on lines of their own. */
const mathBlock: TokenizerExtension = {
  name: "mathBlock",
  level: "block",
  start: (source) => at(source.search(/(^|\n) {0,3}(\$\$|\\\[)/)),
  tokenizer(source) {
    const found = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n|$)/.exec(source);
    return found === null ? undefined : math(found[0], found[1] ?? found[2] ?? "", true);
  },
};

/** `$…$` hugging its formula, so that prices stay prices, and `\(…\)`. */
const mathInline: TokenizerExtension = {
  name: "mathInline",
  level: "inline",
  start: (source) => at(source.search(/\$|\\[([]/)),
  tokenizer(source) {
    const found =
      /^\$\$([^$]+?)\$\$/.exec(source) ??
      /^\\\(([\s\S]+?)\\\)/.exec(source) ??
      /^\\\[([\s\S]+?)\\\]/.exec(source) ??
      /^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(source);
    return found === null ? undefined : math(found[0], found[1] ?? "", /^(\$\$|\\\[)/.test(found[0]));
  },
};

function at(place: number): number | undefined {
  return place < 0 ? undefined : place;
}

function math(raw: string, text: string, display: boolean): MathToken {
  return { type: "math", raw, text: text.trim(), display };
}

const marked = new Marked({ gfm: true, breaks: true, extensions: [mathBlock, mathInline] });

export function parseMarkdown(source: string): readonly Token[] {
  const tokens = marked.lexer(source).filter(({ type }) => type !== "space");
  const depths = [...new Set(tokens.flatMap((token) => (isHeading(token) ? [token.depth] : [])))].sort();
  return tokens.map((token) => (isHeading(token) ? { ...token, depth: depths.indexOf(token.depth) + 1 } : token));
}

/** Headings count from the largest that there is, so that a message that begins small skips no level. */
function isHeading(token: Token): token is Tokens.Heading {
  return token.type === "heading";
}

/** Where a link may lead: to pages and mail, never to a script. */
export function safeLink(href: string): string | null {
  try {
    const { protocol, href: whole } = new URL(href);
    return ["http:", "https:", "mailto:"].includes(protocol) ? whole : null;
  } catch {
    return null;
  }
}

/** Pictures come along with the message or not at all: one fetched from elsewhere would tell that it was read. */
export function safeImage(href: string): string | null {
  return /^data:image\/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=]+$/.test(href) ? href : null;
}
