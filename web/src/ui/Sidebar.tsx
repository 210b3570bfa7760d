/** The threads at the side: a drawer on phones. */

import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { words } from "../i18n/index.js";
import { prefer, preferences } from "../state/preferences.js";
import { newRoom, room, stores } from "../state/room.js";
import { grouped } from "../state/groups.js";
import { list, more, query, refresh, showMore, state } from "../state/threads.js";
import type { Conversation } from "../wire/conversations.js";
import { Icon } from "./Icon.js";
import { settingsOpen } from "./overlays.js";
import { ThreadLine } from "./ThreadLine.js";

/** On phones, where it lies over the page. */
export const drawer = signal(false);

const NARROW = "(max-width: 52rem)";

matchMedia(NARROW).addEventListener("change", () => leaveDrawer());

export function isNarrow(): boolean {
  return matchMedia(NARROW).matches;
}

export function toggleSidebar(): void {
  if (isNarrow()) drawer.value = !drawer.value;
  else prefer({ sidebar: !preferences.value.sidebar });
}

/** What opened it has the focus again. */
function leaveForBar(): void {
  leaveDrawer();
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".sidebar-toggle")?.focus()); // once the page takes it again
}

/** What the person chose on a phone is what they want to see. */
export function leaveDrawer(): void {
  drawer.value = false;
}

export function Sidebar(): VNode {
  const said = words.value.sidebar;
  const aside = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (drawer.value) aside.current?.querySelector<HTMLElement>("button")?.focus();
  }, [drawer.value]);
  return (
    <>
      {drawer.value && <div class="veil" onClick={leaveDrawer} />}
      <aside
        ref={aside}
        id="sidebar"
        class="sidebar"
        data-drawer={drawer.value}
        data-shown={preferences.value.sidebar}
        aria-label={said.title}
        onKeyDown={(event) => (event.key === "Escape" && drawer.value ? leaveForBar() : undefined)}
      >
        <div class="head">
          <span class="brand">vivavoce</span>
          <button type="button" class="icon" aria-label={said.close} title={said.close} onClick={isNarrow() ? leaveForBar : toggleSidebar}>
            <Icon name="panel" />
          </button>
        </div>
        <button type="button" class="new" onClick={() => begin(false)}>
          <Icon name="compose" />
          {words.value.newChat}
        </button>
        {stores.value === false ? <p class="quiet-note">{said.notStored}</p> : <Threads />}
        <button type="button" class="foot-button" onClick={() => (settingsOpen.value = "general")}>
          <Icon name="settings" />
          {said.settings}
        </button>
      </aside>
    </>
  );
}

export function begin(temporary: boolean): void {
  newRoom(temporary);
  leaveDrawer();
  document.getElementById("line")?.focus();
}

function Threads(): VNode {
  const said = words.value.sidebar;
  const searched = query.value.trim() !== "";
  return (
    <>
      <div class="search" role="search">
        <Icon name="search" />
        <input id="search" type="search" value={query.value} placeholder={said.search} aria-label={said.search} onInput={(event) => (query.value = event.currentTarget.value)} />
      </div>
      <p class="unseen" role="status">
        {searched && state.value === "ready" ? said.found(list.value.length) : ""}
      </p>
      <nav class="threads" aria-label={said.title}>
        {state.value === "failed" ? <Failed /> : list.value.length === 0 ? <Nothing searched={searched} /> : <Groups searched={searched} />}
        {more.value && state.value === "ready" && (
          <button type="button" class="quiet" onClick={() => void showMore()}>
            {said.more}
          </button>
        )}
      </nav>
    </>
  );
}

function Groups({ searched }: { readonly searched: boolean }): VNode {
  const said = words.value.sidebar;
  const now = new Date();
  const groups: readonly (readonly [string, readonly Conversation[]])[] = searched ? [["", list.value]] : grouped(list.value, now).map(([name, found]) => [said[name], found]);
  return (
    <>
      {groups.map(([name, found]) => (
        <section key={name}>
          {name !== "" && <h2>{name}</h2>}
          <ul>
            {found.map((conversation) => (
              <ThreadLine key={conversation.id} conversation={conversation} open={conversation.id === room.value.id} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Nothing({ searched }: { readonly searched: boolean }): VNode | null {
  const said = words.value.sidebar;
  if (state.value === "loading") return null;
  return <p class="quiet-note">{searched ? said.nothingFound : said.nothingYet}</p>;
}

function Failed(): VNode {
  return (
    <div class="quiet-note">
      <p>{words.value.sidebar.unreadable}</p>
      <button type="button" class="quiet" onClick={() => void refresh()}>
        {words.value.tryAgain}
      </button>
    </div>
  );
}
