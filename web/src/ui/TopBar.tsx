import type { VNode } from "preact";
import { useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { preferences } from "../state/preferences.js";
import { room } from "../state/room.js";
import { shown } from "../state/talks.js";
import { open, title } from "../state/threads.js";
import { Icon } from "./Icon.js";
import { ModelMenu } from "./ModelMenu.js";
import { begin, drawer, toggleSidebar } from "./Sidebar.js";
import { Renaming, ThreadMenu } from "./ThreadMenu.js";

/** Who answers, what is open and can be done with it, and the ways to another thread. */
export function TopBar(): VNode {
  const said = words.value;
  const [renamed, setRenamed] = useState<string | null>(null);
  const { temporary } = room.value;
  const conversation = open.value;
  const fresh = shown.value.thread.turns.length === 0;
  return (
    <header class="top">
      <button
        type="button"
        class="icon sidebar-toggle"
        data-shown={preferences.value.sidebar}
        aria-label={said.sidebar.open}
        title={said.sidebar.open}
        aria-expanded={drawer.value}
        aria-controls="sidebar"
        onClick={toggleSidebar}
      >
        <Icon name="menu" />
      </button>
      <ModelMenu />
      {conversation !== undefined && renamed === conversation.id ? (
        <Renaming conversation={conversation} done={() => setRenamed(null)} />
      ) : (
        <h1>{temporary ? said.sidebar.temporary : title.value || "vivavoce"}</h1>
      )}
      {conversation !== undefined && <ThreadMenu key={conversation.id} conversation={conversation} rename={() => setRenamed(conversation.id)} />}
      <button
        type="button"
        class="icon"
        aria-label={said.sidebar.temporary}
        title={`${said.sidebar.temporary}: ${said.sidebar.temporaryNote}`}
        aria-pressed={temporary}
        onClick={() => begin(!(temporary && fresh))}
      >
        <Icon name="ghost" />
      </button>
      <button type="button" class="icon" aria-label={said.newChat} title={said.newChat} onClick={() => begin(false)}>
        <Icon name="compose" />
      </button>
    </header>
  );
}
