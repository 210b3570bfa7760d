/** Items of a conversation, as Realtime events and the stored conversation both carry them. Nothing is taken on trust. */

export interface Item {
  readonly id: string;
  readonly type: string;
  readonly fields: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

/** Something that went along with a message. */
export type Attachment =
  | { readonly kind: "image"; readonly url: string; readonly name: string }
  | { readonly kind: "file"; readonly id: string; readonly name: string };

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `fields[name]` where it is text, else "". */
export function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

export function record(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isRecord(value) ? value : {};
}

export function records(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function texts(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Null for what is not an item with an id. */
export function readItem(value: unknown): Item | null {
  if (!isRecord(value)) return null;
  const [id, type] = [text(value, "id"), text(value, "type") || (text(value, "role") && "message")];
  return id === "" || type === "" ? null : { id, type, fields: value };
}

/** Realtime messages hold no files: the assistant is told of one, and reads it with a tool, as words of others. */
const FILE_NOTE = /^\[Attached file (file-[A-Za-z0-9_-]+): (.*)\]$/;

export function fileNote({ id, name }: { readonly id: string; readonly name: string }): string {
  return `[Attached file ${id}: ${name.replace(/[\]\n]/g, " ")}]`;
}

/** All words of a message, written or spoken. */
export function words(item: Item): string {
  const content = item.fields["content"];
  if (typeof content === "string") return content;
  const parts = records(item.fields, "content").map((part) => text(part, "text") || text(part, "transcript"));
  return parts.filter((part) => part !== "" && !FILE_NOTE.test(part)).join("\n\n");
}

export function isSpoken(item: Item): boolean {
  if (record(item.fields, "vivavoce")["spoken"] === true) return true; // as it is stored: its words alone
  return records(item.fields, "content").some((part) => /audio$/.test(text(part, "type")));
}

export function attachments(item: Item): readonly Attachment[] {
  return records(item.fields, "content").flatMap((part): Attachment[] => {
    switch (text(part, "type")) {
      case "input_image":
        return [{ kind: "image", url: text(part, "image_url"), name: text(part, "filename") }];
      case "input_file":
        return [{ kind: "file", id: text(part, "file_id"), name: text(part, "filename") || text(part, "file_id") }];
      default: {
        const [, id, name] = FILE_NOTE.exec(text(part, "text")) ?? [];
        return id === undefined || name === undefined ? [] : [{ kind: "file", id, name }];
      }
    }
  });
}

/** A tool's result or its error, as text. */
export function outcome(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (isRecord(value) && typeof value["message"] === "string") return value["message"];
  return JSON.stringify(value, null, 2);
}
