/** Timers and reminders that come due while no session is open: one is opened, in which the server tells them. */

import { effect } from "@preact/signals";

import { records } from "../wire/items.js";
import { Refused } from "../wire/rest.js";
import { offered } from "./server.js";
import { standBy, standDown, turns } from "./talks.js";

const REMINDERS = "v1/vivavoce/reminders";
/** They may be set elsewhere, and the clock stands still while a laptop sleeps. */
const LOOK_AGAIN_MS = 60_000;
/** The time in which the server tells them where a session is open. */
const GRACE_MS = 2_000;

let next: ReturnType<typeof setTimeout> | undefined;
let looking = false;

/** For as long as the page lives; of several pages of a browser one does it. */
export function followReminders(): void {
  const follow = (): Promise<never> => {
    looking = true;
    effect(() => {
      if (turns.value >= 0) plan(GRACE_MS); // the turn may have set one
    });
    return new Promise(() => undefined);
  };
  if (navigator.locks === undefined) void follow();
  else void navigator.locks.request("vivavoce.reminders", follow);
}

function plan(wait: number): void {
  clearTimeout(next);
  if (looking) next = setTimeout(() => void look(), wait);
}

async function look(): Promise<void> {
  try {
    const due = await offered(REMINDERS, (answer) => records(answer, "data").map(({ due_in_ms: ms }) => (typeof ms === "number" ? ms : Infinity)));
    looking = due !== null; // this server has none
    const wait = Math.min(...(due ?? [])) + GRACE_MS;
    if (wait <= 0) await standBy();
    else standDown();
    plan(wait > 0 ? Math.min(wait, LOOK_AGAIN_MS) : LOOK_AGAIN_MS);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    plan(LOOK_AGAIN_MS);
  }
}
