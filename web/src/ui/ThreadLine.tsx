/** One thread in the list: its title, where the search found something, and what can be done with it. */

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { openRoom } from "../state/room.js";
import { pin, remove, rename, save } from "../state/threads.js";
import type { Conversation } from "../wire/conversations.js";
import { ConfirmDialog } from "./ConfirmDialog.js";
import { Menu } from "./Menu.js";
import { leaveDrawer } from "./Sidebar.js";

interface Props {
  readonly conversation: Conversation;
  readonly open: boolean;
}

export function ThreadLine({ conversation, open }: Props): VNode {
  const [doing, setDoing] = useState<"nothing" | "renaming" | "deleting">("nothing");
  const said = words.value.sidebar;
  const { id, pinned, snippet } = conversation;
  const title = conversation.title || said.untitled;
  if (doing === "renaming") return <Renaming conversation={conversation} done={() => setDoing("nothing")} />;
  return (
    <li class="line" data-open={open}>
      <a
        href={`#${id}`}
        aria-current={open ? "page" : undefined}
        onClick={(event) => {
          event.preventDefault();
          leaveDrawer();
          void openRoom(id);
        }}
      >
        <span class="title">{title}</span>
        {snippet.length > 0 && (
          <span class="snippet">
            {snippet.map((piece, place) => (piece.match ? <mark key={place}>{piece.text}</mark> : piece.text))}
          </span>
        )}
      </a>
      <Menu
        label={said.menu(title)}
        choices={[
          { icon: "pencil", label: said.rename, act: () => setDoing("renaming") },
          { icon: "pin", label: pinned ? said.unpin : said.pin, act: () => void pin(id, !pinned) },
          { icon: "share", label: said.share, act: () => void save(conversation) },
          { icon: "trash", label: said.delete, danger: true, act: () => setDoing("deleting") },
        ]}
      />
      {doing === "deleting" && (
        <ConfirmDialog title={said.deleteTitle} text={said.deleteText(title)} action={said.delete} act={() => void remove(id)} close={() => setDoing("nothing")} />
      )}
    </li>
  );
}

function Renaming({ conversation, done }: { readonly conversation: Conversation; readonly done: () => void }): VNode {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
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
    <li class="line">
      <form onSubmit={submit}>
        <input ref={input} type="text" maxLength={200} defaultValue={conversation.title} aria-label={words.value.sidebar.rename} onKeyDown={pressed} onBlur={() => submit()} />
      </form>
    </li>
  );
}
