/** One thread in the list: its title, where the search found something, and what can be done with it. */

import type { VNode } from "preact";
import { useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { openRoom } from "../state/room.js";
import type { Conversation } from "../wire/conversations.js";
import { leaveDrawer } from "./Sidebar.js";
import { Renaming, ThreadMenu } from "./ThreadMenu.js";

interface Props {
  readonly conversation: Conversation;
  readonly open: boolean;
}

export function ThreadLine({ conversation, open }: Props): VNode {
  const [renaming, setRenaming] = useState(false);
  const { id, snippet } = conversation;
  if (renaming) {
    return (
      <li class="line">
        <Renaming conversation={conversation} done={() => setRenaming(false)} />
      </li>
    );
  }
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
        <span class="title">{conversation.title || words.value.sidebar.untitled}</span>
        {snippet.length > 0 && (
          <span class="snippet">
            {snippet.map((piece, place) => (piece.match ? <mark key={place}>{piece.text}</mark> : piece.text))}
          </span>
        )}
      </a>
      <ThreadMenu conversation={conversation} rename={() => setRenaming(true)} />
    </li>
  );
}
