/** What is being written, and what goes along with it. */

import { signal } from "@preact/signals";

import type { Attachment } from "../wire/items.js";
import { text } from "../wire/items.js";
import { Refused } from "../wire/rest.js";
import { report } from "./problems.js";
import { rest } from "./server.js";
import { write } from "./talks.js";

export interface Draft {
  readonly key: number;
  readonly name: string;
  /** Null while it is on its way to the server. */
  readonly attachment: Attachment | null;
}

export const drafts = signal<readonly Draft[]>([]);

const LARGEST = 20 * 1024 * 1024;
/** Pictures go along in the message itself, small enough for a data channel. */
const LARGEST_SIDE = 1024;
const MOST_FILES = 8;
const JPEG_QUALITY = 0.82;

let keys = 0;

/** Those that are too many are named. */
export async function attach(files: Iterable<File>): Promise<void> {
  const [all, room] = [[...files], MOST_FILES - drafts.value.length];
  if (all.length > room) report({ kind: "too-many-files", detail: all.slice(room).map(({ name }) => name).join(", ") });
  await Promise.all(all.slice(0, room).map(add));
}

export function detach(key: number): void {
  drafts.value = drafts.value.filter((draft) => draft.key !== key);
}

export async function send(line: string): Promise<void> {
  const attachments = drafts.value.flatMap(({ attachment }) => (attachment === null ? [] : [attachment]));
  drafts.value = [];
  if (line !== "" || attachments.length > 0) await write(line, attachments);
}

async function add(file: File): Promise<void> {
  const key = ++keys;
  drafts.value = [...drafts.value, { key, name: file.name, attachment: null }];
  try {
    if (file.size > LARGEST) throw new Refused(413, "");
    const attachment = /^image\/(png|jpeg|gif|webp)$/.test(file.type) ? await picture(file) : await upload(file);
    drafts.value = drafts.value.map((draft) => (draft.key === key ? { ...draft, attachment } : draft));
  } catch (error) {
    detach(key);
    report({ kind: "file", detail: [file.name, error instanceof Refused ? error.message : ""].filter((part) => part !== "").join(": ") });
  }
}

async function upload(file: File): Promise<Attachment> {
  const form = new FormData();
  form.append("purpose", "user_data");
  form.append("file", file);
  const answer = await rest.ask("v1/files", { body: form, deadlineMs: 120_000 });
  return { kind: "file", id: text(answer, "id"), name: file.name };
}

/** Brought down to a size that every model takes. Throws for what is no picture. */
async function picture(file: File): Promise<Attachment> {
  const bitmap = await createImageBitmap(file);
  const share = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * share));
  canvas.height = Math.max(1, Math.round(bitmap.height * share));
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Refused(0, "");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { kind: "image", url: canvas.toDataURL("image/jpeg", JPEG_QUALITY), name: file.name };
}
