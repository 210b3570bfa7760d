/** A message's markdown as elements. Text becomes text nodes, so markup and script inside a message stay what they are: words. */

import type { Token, Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";

import { type MathToken, parseMarkdown, safeImage, safeLink } from "../text/markdown.js";
import { CodeBlock } from "./CodeBlock.js";
import { Formula } from "./Formula.js";

export function Markdown({ text }: { readonly text: string }): VNode {
  const tokens = useMemo(() => parseMarkdown(text), [text]);
  return (
    <div class="markdown">
      {tokens.map((token, place) => (
        <Block key={place} token={token} raw={token.raw} />
      ))}
    </div>
  );
}

/** While a message grows only its last block is drawn anew. */
const Block = memo(
  ({ token }: { readonly token: Token; readonly raw: string }) => <>{element(token, 0)}</>,
  (before, after) => before.raw === after.raw,
);

function elements(tokens: readonly Token[] | undefined): ComponentChildren {
  return (tokens ?? []).map((token, place) => element(token, place));
}

function element(token: Token, key: number): ComponentChildren {
  return block(token as Tokens.Generic, key) ?? inline(token as Tokens.Generic, key);
}

function block(token: Tokens.Generic, key: number): ComponentChildren {
  switch (token.type) {
    case "paragraph":
      return <p key={key}>{elements(token.tokens)}</p>;
    case "heading": {
      const Heading = `h${Math.min(6, (token["depth"] as number) + 1)}` as "h2";
      return <Heading key={key}>{elements(token.tokens)}</Heading>;
    }
    case "code":
      return <CodeBlock key={key} code={token["text"] as string} language={(token as Tokens.Code).lang ?? ""} />;
    case "blockquote":
      return <blockquote key={key}>{elements(token.tokens)}</blockquote>;
    case "list":
      return list(token as Tokens.List, key);
    case "table":
      return table(token as Tokens.Table, key);
    case "hr":
      return <hr key={key} />;
    default:
      return null;
  }
}

function inline(token: Tokens.Generic, key: number): ComponentChildren {
  switch (token.type) {
    case "strong":
      return <strong key={key}>{elements(token.tokens)}</strong>;
    case "em":
      return <em key={key}>{elements(token.tokens)}</em>;
    case "del":
      return <del key={key}>{elements(token.tokens)}</del>;
    case "codespan":
      return <code key={key}>{token["text"]}</code>;
    case "br":
      return <br key={key} />;
    case "link":
      return link(token as Tokens.Link, key);
    case "image":
      return image(token as Tokens.Image, key);
    case "math": {
      const { text, display } = token as unknown as MathToken;
      return <Formula key={key} text={text} display={display} />;
    }
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw.trim()) ? <br key={key} /> : token.raw;
    case "text":
      return token.tokens === undefined ? decoded(token["text"] as string) : elements(token.tokens);
    case "escape":
      return token["text"] as string;
    case "space":
    case "def":
      return null;
    default:
      return token.raw;
  }
}

function link({ href, tokens }: Tokens.Link, key: number): ComponentChildren {
  const safe = safeLink(href);
  if (safe === null) return <span key={key}>{elements(tokens)}</span>;
  return (
    <a key={key} href={safe} target="_blank" rel="noopener noreferrer">
      {elements(tokens)}
    </a>
  );
}

function image({ href, text }: Tokens.Image, key: number): ComponentChildren {
  const picture = safeImage(href);
  if (picture !== null) return <img key={key} src={picture} alt={text} />;
  const safe = safeLink(href);
  if (safe === null) return text;
  return (
    <a key={key} href={safe} target="_blank" rel="noopener noreferrer">
      {text || safe}
    </a>
  );
}

function list({ ordered, start, items }: Tokens.List, key: number): VNode {
  const lines = items.map((item, place) => (
    <li key={place} class={item.task ? "task" : undefined}>
      {item.task ? <span aria-hidden="true">{item.checked ? "☑ " : "☐ "}</span> : null}
      {elements(item.tokens.filter(({ type }) => type !== "checkbox"))}
    </li>
  ));
  return ordered ? (
    <ol key={key} start={start === "" ? 1 : start}>
      {lines}
    </ol>
  ) : (
    <ul key={key}>{lines}</ul>
  );
}

function table({ header, rows }: Tokens.Table, key: number): VNode {
  const cell = (Cell: "th" | "td") => ({ tokens, align }: Tokens.TableCell, place: number) => (
    <Cell key={place} class={align ?? undefined}>
      {elements(tokens)}
    </Cell>
  );
  return (
    <div key={key} class="table" tabIndex={0}>
      <table>
        <thead>
          <tr>{header.map(cell("th"))}</tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>{row.map(cell("td"))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0", copy: "©", mdash: "—", ndash: "–", hellip: "…" };

/** Entities, which markdown allows in its text, as the characters that they are. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name as string] ?? whole;
    const point = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
