/** The thread that is open. */

import { signal } from "@preact/signals";

export interface Room {
  /** Of its stored conversation; null while there is none. */
  readonly id: string | null;
  readonly temporary: boolean;
  readonly state: "ready" | "loading" | "gone" | "failed";
  /** Another one for each thread that is opened. */
  readonly visit: number;
}

export const room = signal<Room>({ id: null, temporary: false, state: "ready", visit: 0 });
