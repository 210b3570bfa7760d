/** The server of this page: how it is asked, whether it is ready, and what it offers. */

import { signal } from "@preact/signals";

import { isRecord, records, text } from "../wire/items.js";
import { Refused, Rest } from "../wire/rest.js";

/** For this tab only: a key is not left behind on a shared machine. */
const KEY_SLOT = "vivavoce.key";
const POLL_MS = 1_000;

export const page = new URL("./", document.baseURI).href;

export function key(): string | null {
  return sessionStorage.getItem(KEY_SLOT);
}

export function useKey(value: string): void {
  sessionStorage.setItem(KEY_SLOT, value);
}

export const rest = new Rest(page, key);

/** Null until it is known. False while the models load. */
export const ready = signal<boolean | null>(null);

/** Asks until the server is ready. */
export async function followHealth(): Promise<void> {
  for (;;) {
    ready.value = await isReady();
    if (ready.value) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A server that cannot be reached is told of when it is needed. */
async function isReady(): Promise<boolean | null> {
  try {
    await rest.ask("health");
    return true;
  } catch (error) {
    return error instanceof Refused && error.status === 503 ? false : null;
  }
}

/** A browser does not tell a page why a WebSocket was refused: a plain request does. */
export async function probe(): Promise<"unreachable" | "key" | "refused"> {
  try {
    await rest.ask("v1/models");
    return "refused";
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 0) return "unreachable";
    return error.status === 401 || error.status === 403 ? "key" : "refused";
  }
}

/** What a route answers; null where the server does not have it. Throws Refused for all else. */
export async function offered<T>(path: string, read: (answer: Readonly<Record<string, unknown>>) => T): Promise<T | null> {
  try {
    return read(await rest.ask(path));
  } catch (error) {
    if (error instanceof Refused && error.absent) return null;
    throw error;
  }
}

export const models = signal<readonly string[]>([]);
export const voices = signal<readonly string[]>(["marin", "cedar", "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"]);

export async function learnVoices(): Promise<void> {
  const found = await offered("v1/audio/voices", (answer) => names(answer["voices"] ?? answer["data"]));
  if (found !== null && found.length > 0) voices.value = found;
}

export async function learnModels(): Promise<void> {
  models.value = (await offered("v1/models", (answer) => records(answer, "data").map((model) => text(model, "id")))) ?? [];
}

function names(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown) => (typeof one === "string" ? [one] : isRecord(one) ? [text(one, "id") || text(one, "name")] : []));
}
