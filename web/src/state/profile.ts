/** What the assistant knows of the person: instructions, persona, memories. Kept at the server. */

import { signal } from "@preact/signals";

import { records, text } from "../wire/items.js";
import { Refused } from "../wire/rest.js";
import { offered, rest } from "./server.js";

const PROFILE = "v1/vivavoce/profile";
const MEMORIES = "v1/vivavoce/memories";

export interface Persona {
  readonly name: string;
  readonly description: string;
}

export interface Profile {
  readonly name: string;
  readonly instructions: string;
  /** "": none. */
  readonly persona: string;
  readonly personas: readonly Persona[];
  /** Things are remembered across threads. */
  readonly memory: boolean;
  /** The sound of what the person says is kept with the threads. */
  readonly keep_audio: boolean;
}

export interface Memory {
  readonly id: string;
  readonly text: string;
}

/** Null until it is known. */
export const profileOffered = signal<boolean | null>(null);
export const memoriesOffered = signal<boolean | null>(null);
export const profile = signal<Profile | null>(null);
export const memories = signal<readonly Memory[] | null>(null);

/** How often each was asked for or changed: only the newest answer holds. */
const asked = { profile: 0, memories: 0 };

export async function learnProfile(): Promise<void> {
  const mine = ++asked.profile;
  const found = await offered(PROFILE, readProfile);
  if (mine !== asked.profile) return;
  profileOffered.value = found !== null;
  profile.value = found;
}

/** Throws Refused. */
export async function changeProfile(patch: Partial<Pick<Profile, "name" | "instructions" | "persona" | "memory" | "keep_audio">>): Promise<void> {
  const mine = ++asked.profile;
  const found = readProfile(await rest.ask(PROFILE, { method: "PATCH", body: patch }));
  if (mine === asked.profile) profile.value = found;
}

export async function learnMemories(): Promise<void> {
  const mine = ++asked.memories;
  const found = await offered(MEMORIES, (answer) => records(answer, "data").map(readMemory));
  if (mine !== asked.memories) return;
  memoriesOffered.value = found !== null;
  memories.value = found;
}

export async function addMemory(words: string): Promise<void> {
  await rest.ask(MEMORIES, { body: { text: words } });
  await learnMemories();
}

export async function editMemory(id: string, words: string): Promise<void> {
  await rest.ask(`${MEMORIES}/${encodeURIComponent(id)}`, { method: "PATCH", body: { text: words } });
  await learnMemories();
}

/** One, or with null all. */
export async function forget(id: string | null): Promise<void> {
  await rest.ask(id === null ? MEMORIES : `${MEMORIES}/${encodeURIComponent(id)}`, { method: "DELETE" });
  await learnMemories();
}

/** What went wrong, in the server's words; null when it went well. */
export async function failing(act: Promise<void>): Promise<string | null> {
  try {
    await act;
    return null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message;
  }
}

function readMemory(fields: Readonly<Record<string, unknown>>): Memory {
  return { id: text(fields, "id"), text: text(fields, "text") };
}

function readProfile(fields: Readonly<Record<string, unknown>>): Profile {
  return {
    name: text(fields, "name"),
    instructions: text(fields, "instructions"),
    persona: text(fields, "persona"),
    personas: records(fields, "personas").map((one) => ({ name: text(one, "name"), description: text(one, "description") })),
    memory: fields["memory"] !== false,
    keep_audio: fields["keep_audio"] === true,
  };
}
