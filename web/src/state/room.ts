/** The thread that is open. Which one it is stands in the page's address, so that a reload finds it again. */

import { batch, signal } from "@preact/signals";

import { NO_THREAD, threadFrom } from "../thread/turns.js";
import { Refused } from "../wire/rest.js";
import { hushAloud } from "./aloud.js";
import { conversations } from "./server.js";
import { followTo } from "./address.js";
import { clearProblem } from "./problems.js";
import { type Keeping, turnTo } from "./talks.js";

export interface Room {
  /** Of its stored conversation; null while there is none. */
  readonly id: string | null;
  readonly temporary: boolean;
  readonly state: "ready" | "loading" | "gone" | "failed";
  /** Another one for each thread that is opened. */
  readonly visit: number;
}

export const room = signal<Room>({ id: null, temporary: false, state: "ready", visit: 0 });
/** Whether this server keeps threads; null until it is known. */
export const stores = signal<boolean | null>(null);

let visits = 0;

/** A thread that has not begun; `temporary`: nobody keeps or remembers it. */
export function newRoom(temporary = false): void {
  enter({ id: null, temporary, state: "ready" });
  turnTo(NO_THREAD, keeping(null, temporary));
}

/** Opens a stored thread. */
export async function openRoom(id: string): Promise<void> {
  const visit = enter({ id, temporary: isTemporary(id), state: "loading" });
  turnTo(NO_THREAD, keeping(id, isTemporary(id)));
  try {
    const thread = threadFrom(await conversations.items(id));
    if (room.value.visit !== visit) return;
    batch(() => {
      room.value = { ...room.value, state: "ready" };
      turnTo(thread, keeping(id, isTemporary(id)));
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (room.value.visit === visit) room.value = { ...room.value, state: error.absent ? "gone" : "failed" };
  }
}

function enter(entered: Omit<Room, "visit">): number {
  hushAloud();
  clearProblem();
  visits += 1;
  batch(() => {
    room.value = { ...entered, visit: visits };
    followTo(entered.id, entered.temporary);
  });
  return visits;
}

/** How the server names those that are not to be kept. */
function isTemporary(id: string): boolean {
  return id.startsWith("conv_temp");
}

function keeping(conversation: string | null, temporary: boolean): Keeping {
  const visit = visits;
  return { conversation, profile: !temporary, make: () => make(visit, temporary) };
}

/** Stores the thread as soon as there is something to store. */
async function make(visit: number, temporary: boolean): Promise<string | null> {
  if (stores.value === false) return null;
  try {
    const made = await conversations.make(temporary ? { temporary: "true" } : {});
    if (room.value.visit === visit) {
      room.value = { ...room.value, id: made.id };
      followTo(made.id, temporary);
    }
    return made.id;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.absent) stores.value = false;
    return null; // what is wrong with the server is said when the talk finds it
  }
}
