import type { VNode } from "preact";
import { useRef } from "preact/hooks";

import { words } from "../i18n/index.js";
import { keyWanted, report, wishAgain } from "../state/problems.js";
import { useKey } from "../state/server.js";
import { KEY_UNSENDABLE } from "../voice/remedies.js";
import { isSendable } from "../wire/commands.js";
import { Dialog } from "./Dialog.js";

/** Asks for the server's key, and goes on with what the person wanted. */
export function KeyDialog(): VNode {
  const input = useRef<HTMLInputElement>(null);
  const said = words.value.key;
  const submit = (event: Event): void => {
    event.preventDefault();
    const key = input.current?.value.trim() ?? "";
    if (key === "") return;
    keyWanted.value = false;
    if (!isSendable(key)) return report(KEY_UNSENDABLE);
    useKey(key);
    wishAgain();
  };
  return (
    <Dialog id="key-dialog" title={said.title} close={() => (keyWanted.value = false)}>
      <form onSubmit={submit}>
        <p>{said.line}</p>
        <label for="key">{said.label}</label>
        <input id="key" ref={input} type="password" autocomplete="off" spellcheck={false} />
        <div class="choices">
          <button type="button" class="quiet" onClick={() => (keyWanted.value = false)}>
            {words.value.cancel}
          </button>
          <button type="submit" class="primary">
            {said.use}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
