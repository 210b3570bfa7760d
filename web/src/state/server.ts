/** The server of this page: how it is asked, whether it is ready, and what it offers. */

import { batch, signal } from "@preact/signals";

import { Conversations } from "../wire/conversations.js";
import { record, records, text, texts } from "../wire/items.js";
import { Refused, Rest } from "../wire/rest.js";

/** For this tab only: a key is not left behind on a shared machine. */
const KEY_SLOT = "vivavoce.key";
const POLL_MS = 1_000;

export const page = new URL("./", document.baseURI).href;

export function key(): string | null {
  return sessionStorage.getItem(KEY_SLOT);
}

/** Grows with each key that is tried. */
export const keysTried = signal(0);

export function useKey(value: string): void {
  sessionStorage.setItem(KEY_SLOT, value);
  keysTried.value += 1;
}

export const rest = new Rest(page, key);
export const conversations = new Conversations(rest);

/** Null until it is known. False while the models load. */
export const ready = signal<boolean | null>(null);

/** How far it has come: kinds of models, as the server names them. */
export interface Loading {
  readonly loaded: readonly string[];
  readonly of: readonly string[];
}

export const loading = signal<Loading>({ loaded: [], of: [] });

/** Asks until the server is ready. */
export async function followStatus(): Promise<void> {
  for (;;) {
    ready.value = await isReady();
    if (ready.value) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A server that cannot be reached is told of when it is needed. */
async function isReady(): Promise<boolean | null> {
  try {
    const told = await rest.ask("status");
    loading.value = { loaded: texts(told, "loaded"), of: texts(told, "of") };
    return text(told, "status") === "ok";
  } catch {
    return null;
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

/** OpenAI's names for talking models: apps look for them, a person does not. */
const ALIASES = /^gpt-(realtime|audio|4o(-mini)?-realtime)/;
/** The server's own choice, as "" is. */
const OWN = "vivavoce";

/** The minds that one can choose, beside the server's own. */
export const models = signal<readonly string[]>([]);
/** The model that the server chooses itself; "" until it is known. */
export const ownModel = signal("");

/** Labels of what has tools at this server: they run there, and ask first where they should. */
export const toolServers = signal<readonly string[]>(["vivavoce"]);

export async function learnToolServers(): Promise<void> {
  const labels = (answer: Readonly<Record<string, unknown>>): readonly string[] => records(answer, "data").map((server) => text(server, "server_label"));
  toolServers.value = (await offered("v1/vivavoce/tool_servers", labels)) ?? [];
}

export interface VoiceName {
  readonly id: string;
  readonly language: string;
  readonly description: string;
}

export const voices = signal<readonly VoiceName[]>(
  ["marin", "cedar", "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"].map((id) => ({ id, language: "", description: "" })),
);

export async function learnVoices(): Promise<void> {
  const found = await offered("v1/audio/voices", (answer) => records(answer, "data").map(readVoice));
  if (found !== null && found.length > 0) voices.value = found;
}

export async function learnModels(): Promise<void> {
  const minds = (answer: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> =>
    new Map(records(answer, "data").filter((model) => told(model, "kind") === "mind").map((model) => [text(model, "id"), told(model, "model")]));
  const found = (await offered("v1/models", minds)) ?? new Map<string, string>();
  const own = found.get(OWN) ?? "";
  batch(() => {
    ownModel.value = own;
    models.value = [...found.keys()].filter((id) => id !== OWN && id !== own && !ALIASES.test(id));
  });
}

function told(model: Readonly<Record<string, unknown>>, name: string): string {
  return text(record(model, "vivavoce"), name);
}

function readVoice(fields: Readonly<Record<string, unknown>>): VoiceName {
  return { id: text(fields, "id"), language: text(fields, "language"), description: text(fields, "description") };
}
