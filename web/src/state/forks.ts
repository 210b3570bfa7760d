/** Going on from an earlier point of a thread: edit, answer again, branch. Each is a branch that is stored. */

import { computed } from "@preact/signals";

import { room } from "./room.js";

/** Branches are made at the server, so only of what is stored there. */
export const canFork = computed(() => room.value.id !== null);

export async function editAndSend(_message: string, _text: string): Promise<void> {}

export async function regenerate(_message: string): Promise<void> {}

export async function branchFrom(_message: string): Promise<void> {}
