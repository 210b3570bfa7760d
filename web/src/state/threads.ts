/** The threads at the side: listed, searched, renamed, pinned, deleted, saved. */

import { computed, effect, signal, untracked } from "@preact/signals";

import type { Conversation } from "../wire/conversations.js";
import { Refused } from "../wire/rest.js";
import { KEY_NEEDED } from "../voice/remedies.js";
import { downloadBlob } from "./files.js";
import { report } from "./problems.js";
import { newRoom, room, stores } from "./room.js";
import { conversations } from "./server.js";
import { shown, turns } from "./talks.js";

const TYPING_MS = 180;
/** The server thinks of a title some seconds after the first answer. */
const TITLED_MS = [600, 4_000, 12_000];

export const query = signal("");
export const list = signal<readonly Conversation[]>([]);
export const more = signal(false);
export const state = signal<"loading" | "ready" | "failed">("loading");

/** The open thread, where it is among those that are listed. */
export const open = computed(() => list.value.find(({ id }) => id === room.value.id));

/** What it is called. */
export const title = computed(() => open.value?.title || firstWords.value);

const firstWords = computed(() => {
  const first = shown.value.thread.turns.find((turn) => turn.kind === "message" && turn.who === "you");
  return first?.kind === "message" ? short(first.text) : "";
});

const LONGEST_TITLE = 60;

export function short(text: string): string {
  const line = text.trim().split("\n")[0] ?? "";
  return line.length <= LONGEST_TITLE ? line : `${line.slice(0, LONGEST_TITLE).replace(/\s+\S*$/, "")}…`;
}

/** The list that is on its way. */
let asked: AbortController | null = null;
let changing = 0;
/** A list was wanted, or on its way, while something was changed: it would have taken the change back. */
let missed = false;

/** The newest threads, or those that are searched for. */
export async function refresh(): Promise<void> {
  if (changing > 0) {
    missed = true;
    return;
  }
  asked?.abort();
  const mine = new AbortController();
  asked = mine;
  try {
    const found = await conversations.list(query.value.trim(), null, mine.signal);
    if (mine.signal.aborted) return;
    list.value = found.conversations;
    more.value = found.more;
    state.value = "ready";
    stores.value = true;
  } catch (error) {
    if (mine.signal.aborted || !(error instanceof Refused)) return;
    if (error.absent) stores.value = false;
    if (error.status === 401) report(KEY_NEEDED);
    state.value = error.absent ? "ready" : "failed";
  } finally {
    if (asked === mine) asked = null;
  }
}

export async function showMore(): Promise<void> {
  const last = list.value.at(-1);
  if (last === undefined) return;
  await attempt(async () => {
    const found = await conversations.list(query.value.trim(), last.id);
    const known = new Set(list.value.map(({ id }) => id));
    list.value = [...list.value, ...found.conversations.filter(({ id }) => !known.has(id))];
    more.value = found.more;
  });
}

export async function rename(id: string, name: string): Promise<void> {
  const wanted = name.trim();
  if (wanted === "") return;
  patch(id, { title: wanted });
  await change(() => conversations.describe(id, { title: wanted }));
}

export async function pin(id: string, pinned: boolean): Promise<void> {
  patch(id, { pinned });
  await change(() => conversations.describe(id, { pinned: pinned ? "true" : null }));
}

export async function remove(id: string): Promise<void> {
  await change(async () => {
    await conversations.delete(id);
    list.value = list.value.filter((conversation) => conversation.id !== id);
    if (room.value.id === id) newRoom();
  });
}

export async function save({ id, title: name }: Conversation): Promise<void> {
  await attempt(async () => downloadBlob(await conversations.export(id), `${fileName(name)}.md`));
}

export function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || "vivavoce";
}

function patch(id: string, changes: Partial<Conversation>): void {
  list.value = list.value.map((conversation) => (conversation.id === id ? { ...conversation, ...changes } : conversation));
}

/** What fails is said, and the list is as the server has it. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    report({ kind: error.status === 0 ? "unreachable" : "request", detail: error.status === 0 ? "" : error.message });
    void refresh();
  }
}

/** What is changed here stays so: no list that the server gave before it. */
async function change(act: () => Promise<void>): Promise<void> {
  missed ||= asked !== null;
  asked?.abort();
  changing += 1;
  try {
    await attempt(act);
  } finally {
    changing -= 1;
    if (changing === 0 && missed) {
      missed = false;
      void refresh();
    }
  }
}

/** Keeps the list as the server has it. */
export function followThreads(): void {
  let typing: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const searched = query.value;
    clearTimeout(typing);
    typing = setTimeout(() => void refresh(), searched === "" ? 0 : TYPING_MS);
  });
  effect(() => {
    const [ended, { id }] = [turns.value, room.value];
    if (ended === 0 || id === null || untracked(() => query.value) !== "") return;
    const wait = untracked(() => title.value) === "" || !untracked(() => known(id)) ? TITLED_MS : TITLED_MS.slice(0, 1);
    wait.forEach((ms) => setTimeout(() => void refresh(), ms));
  });
}

function known(id: string): boolean {
  return list.value.some((conversation) => conversation.id === id && conversation.title !== "");
}
