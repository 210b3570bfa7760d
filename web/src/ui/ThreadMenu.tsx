/** What can be done with a stored thread, from its line in the list and from the bar over it. */

import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { pin, remove, rename, save } from "../state/threads.js";
import type { Conversation } from "../wire/conversations.js";
import { ConfirmDialog } from "./ConfirmDialog.js";
import { Menu } from "./Menu.js";

interface Props {
  readonly conversation: Conversation;
  /** The person wants to give it another name. */
  readonly rename: () => void;
}

export function ThreadMenu({ conversation, rename: startRenaming }: Props): VNode {
  const [deleting, setDeleting] = useState(false);
  const said = words.value.sidebar;
  const { id, pinned } = conversation;
  const title = conversation.title || said.untitled;
  return (
    <>
      <Menu
        label={said.menu(title)}
        choices={[
          { icon: "pencil", label: said.rename, act: startRenaming },
          { icon: "pin", label: pinned ? said.unpin : said.pin, act: () => void pin(id, !pinned) },
          { icon: "share", label: said.share, act: () => void save(conversation) },
          { icon: "trash", label: said.delete, danger: true, act: () => setDeleting(true) },
        ]}
      />
      {deleting && (
        <ConfirmDialog title={said.deleteTitle} text={said.deleteText(title)} action={said.delete} act={() => void remove(id)} close={() => setDeleting(false)} />
      )}
    </>
  );
}

/** Its title as a line to write in; Enter or going elsewhere keeps what stands there, Escape what stood there. */
export function Renaming({ conversation, done }: { readonly conversation: Conversation; readonly done: () => void }): VNode {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []); // before the next key, which is its own
  const submit = (event?: Event): void => {
    event?.preventDefault();
    void rename(conversation.id, input.current?.value ?? "");
    done();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    done();
  };
  return (
    <form class="renaming" onSubmit={submit}>
      <input ref={input} type="text" maxLength={200} defaultValue={conversation.title} aria-label={words.value.sidebar.rename} onKeyDown={pressed} onBlur={() => submit()} />
    </form>
  );
}
