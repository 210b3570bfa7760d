/** Going on from an earlier point of a thread: edit, answer again, branch. Each is a thread of its own that is stored. */

import { computed } from "@preact/signals";

import type { Turn } from "../thread/turns.js";
import { openRoom, newRoom, room } from "./room.js";
import { conversations } from "./server.js";
import { answerAgain, shown, write } from "./talks.js";
import { attempt, refresh } from "./threads.js";

/** Branches are made at the server, so only of what is stored there. */
export const canFork = computed(() => room.value.id !== null);

/** Says it again in other words, in a branch that leaves the thread before them. */
export async function editAndSend(message: string, changed: string): Promise<void> {
  const { before, turn } = place(message);
  const attachments = turn?.kind === "message" ? turn.attachments : [];
  await attempt(async () => {
    await branch(before);
    await write(changed, attachments);
  });
}

/** Another answer to the same words. */
export async function regenerate(message: string): Promise<void> {
  const turns = shown.value.thread.turns;
  const here = turns.findIndex(({ id }) => id === message);
  const asked = turns.slice(0, here).findLast((turn) => turn.kind === "message" && turn.who === "you");
  if (asked === undefined) return;
  await attempt(async () => {
    await branch(asked.id);
    answerAgain();
  });
}

/** A thread that goes on from here by itself. */
export async function branchFrom(message: string): Promise<void> {
  await attempt(() => branch(message));
}

/** Opens a copy of the thread up to and with the item; null: an empty one. */
async function branch(upTo: string | null): Promise<void> {
  const { id, temporary } = room.value;
  if (upTo === null || id === null) return newRoom(temporary);
  const made = await conversations.fork(id, upTo);
  await openRoom(made.id);
  void refresh();
}

function place(message: string): { readonly before: string | null; readonly turn: Turn | undefined } {
  const turns = shown.value.thread.turns;
  const here = turns.findIndex(({ id }) => id === message);
  return { before: turns[here - 1]?.id ?? null, turn: turns[here] };
}
