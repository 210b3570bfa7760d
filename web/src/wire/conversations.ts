/** Stored threads: OpenAI's conversations, and what is ours beyond them. */

import { type Item, isRecord, readItem, record, records, text } from "./items.js";
import type { Rest } from "./rest.js";

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly pinned: boolean;
  /** Seconds of Unix time of the last change. */
  readonly updated: number;
  /** Where what was searched for is found. */
  readonly snippet: readonly Piece[];
}

export interface Piece {
  readonly text: string;
  readonly match: boolean;
}

export interface Listed {
  readonly conversations: readonly Conversation[];
  readonly more: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const PAGE = 40;
const ITEMS_PAGE = 100;
/** Years of talk take their time. */
const LONG_MS = 300_000;

export class Conversations {
  constructor(private readonly rest: Rest) {}

  /** The newest, or those in which `query` is found, after the one with the id `after`. Throws Refused. */
  async list(query: string, after: string | null, signal?: AbortSignal): Promise<Listed> {
    const asked = new URLSearchParams({ limit: `${PAGE}` });
    if (query !== "") asked.set("query", query);
    if (after !== null) asked.set("after", after);
    const answer = await this.rest.ask(`v1/conversations?${asked}`, signal === undefined ? {} : { signal });
    return { conversations: records(answer, "data").map(readConversation), more: answer["has_more"] === true };
  }

  async make(metadata: Readonly<Record<string, string>>): Promise<Conversation> {
    return readConversation(await this.rest.ask("v1/conversations", { body: { metadata } }));
  }

  async get(id: string): Promise<Conversation> {
    return readConversation(await this.rest.ask(path(id)));
  }

  /** All items, the oldest first. */
  async items(id: string): Promise<readonly Item[]> {
    const found: Item[] = [];
    for (let more = true; more; ) {
      const asked = new URLSearchParams({ limit: `${ITEMS_PAGE}`, order: "asc" });
      const last = found.at(-1);
      if (last !== undefined) asked.set("after", last.id);
      const answer = await this.rest.ask(`${path(id)}/items?${asked}`);
      const page = records(answer, "data").flatMap((item) => readItem(item) ?? []);
      found.push(...page);
      more = answer["has_more"] === true && page.length > 0;
    }
    return found;
  }

  /** Changes what is named; null takes it away. */
  async describe(id: string, metadata: Readonly<Record<string, string | null>>): Promise<void> {
    await this.rest.ask(path(id), { method: "PATCH", body: { metadata } });
  }

  async delete(id: string): Promise<void> {
    await this.rest.ask(path(id), { method: "DELETE" });
  }

  /** One after the other: there is no one word for it that could be said by mistake. */
  async deleteAll(): Promise<void> {
    for (let more = true; more; ) {
      const listed = await this.list("", null);
      for (const { id } of listed.conversations) await this.delete(id);
      more = listed.more;
    }
  }

  /** A new one that begins as this one did, up to and with the item; null: as an empty one. */
  async fork(id: string, upTo: string): Promise<Conversation> {
    return readConversation(await this.rest.ask(`${path(id)}/fork`, { body: { up_to_item_id: upTo } }));
  }

  /** One thread, to be read by people. */
  async export(id: string): Promise<Blob> {
    return (await this.rest.fetch(`${path(id)}/export?format=markdown`)).blob();
  }

  /** All of them, to be read by machines. */
  async exportAll(): Promise<Blob> {
    return (await this.rest.fetch("v1/conversations/export", { deadlineMs: LONG_MS })).blob();
  }

  /** How many were read. */
  async import(file: Blob): Promise<number> {
    const answer = await this.rest.ask("v1/conversations/import", { method: "POST", body: file, deadlineMs: LONG_MS });
    const count = answer["imported"];
    return typeof count === "number" ? count : 0;
  }
}

function path(id: string): string {
  return `v1/conversations/${encodeURIComponent(id)}`;
}

function readConversation(fields: Fields): Conversation {
  const metadata = record(fields, "metadata");
  const [updated, created] = [fields["updated_at"], fields["created_at"]];
  return {
    id: text(fields, "id"),
    title: text(metadata, "title"),
    pinned: text(metadata, "pinned") === "true",
    updated: typeof updated === "number" ? updated : typeof created === "number" ? created : 0,
    snippet: pieces(records(fields, "snippets")[0]),
  };
}

function pieces(snippet: unknown): readonly Piece[] {
  if (!isRecord(snippet)) return [];
  return records(snippet, "pieces").map((piece) => ({ text: text(piece, "text"), match: piece["match"] === true }));
}
