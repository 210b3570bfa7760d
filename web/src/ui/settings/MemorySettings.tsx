/** What is remembered of the person, shown, edited and forgotten by the person. */

import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { words } from "../../i18n/index.js";
import { type Memory, addMemory, changeProfile, editMemory, failing, forget, learnMemories, learnProfile, memories, profile } from "../../state/profile.js";
import { ConfirmDialog } from "../ConfirmDialog.js";
import { Icon } from "../Icon.js";
import { Switch } from "./rows.js";

const LONGEST = 500;

export function MemorySettings(): VNode {
  const said = words.value.settings;
  const input = useRef<HTMLInputElement>(null);
  const [told, setTold] = useState("");
  const [asking, setAsking] = useState(false);
  const tell = (act: Promise<void>): void => void failing(act).then((failure) => setTold(failure === null ? "" : `${said.failed} ${failure}`));
  useEffect(() => {
    tell(learnMemories());
    tell(learnProfile());
  }, []);
  const kept = memories.value ?? [];
  const add = (event: Event): void => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? "";
    if (text === "") return;
    if (input.current !== null) input.current.value = "";
    tell(addMemory(text));
  };
  return (
    <>
      {profile.value !== null && <Switch label={said.memoryOn} on={profile.value.memory} set={(memory) => tell(changeProfile({ memory }))} />}
      <form class="memory-add" onSubmit={add}>
        <input ref={input} type="text" maxLength={LONGEST} placeholder={said.memoryAdd} aria-label={said.memoryAdd} />
        <button type="submit" class="quiet">
          {said.memoryAddButton}
        </button>
      </form>
      {memories.value !== null && kept.length === 0 && <p>{said.memoryEmpty}</p>}
      <ul class="memories">
        {kept.map((memory) => (
          <MemoryLine key={memory.id} memory={memory} tell={tell} />
        ))}
      </ul>
      {kept.length > 1 && (
        <div class="choices">
          <button type="button" class="quiet danger" onClick={() => setAsking(true)}>
            {said.memoryForgetAll}
          </button>
        </div>
      )}
      <p class="told-how" role="status">
        {told}
      </p>
      {asking && <ConfirmDialog title={said.memoryForgetAllTitle} text={said.memoryForgetAllText} action={said.memoryForgetAll} act={() => tell(forget(null))} close={() => setAsking(false)} />}
    </>
  );
}

function MemoryLine({ memory, tell }: { readonly memory: Memory; readonly tell: (act: Promise<void>) => void }): VNode {
  const said = words.value.settings;
  const [editing, setEditing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => (editing ? input.current?.focus() : undefined), [editing]);
  const done = (): void => {
    const text = input.current?.value.trim() ?? "";
    setEditing(false);
    if (text !== "" && text !== memory.text) tell(editMemory(memory.id, text));
  };
  if (editing) {
    return (
      <li>
        <input
          ref={input}
          type="text"
          maxLength={LONGEST}
          defaultValue={memory.text}
          aria-label={said.memoryEdit}
          onBlur={done}
          onKeyDown={(event) => (event.key === "Enter" ? done() : undefined)}
        />
      </li>
    );
  }
  return (
    <li>
      <span>{memory.text}</span>
      <button type="button" class="icon small" aria-label={`${said.memoryEdit}: ${memory.text}`} title={said.memoryEdit} onClick={() => setEditing(true)}>
        <Icon name="pencil" />
      </button>
      <button type="button" class="icon small" aria-label={`${said.memoryForget}: ${memory.text}`} title={said.memoryForget} onClick={() => tell(forget(memory.id))}>
        <Icon name="trash" />
      </button>
    </li>
  );
}
