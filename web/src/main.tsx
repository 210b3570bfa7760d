/** Where the page begins. */

import { effect } from "@preact/signals";
import { render } from "preact";

import "@fontsource-variable/figtree/wght.css";
import "./styles/index.css";
import { followLanguage } from "./i18n/index.js";
import { followAppearance, prefer } from "./state/preferences.js";
import { addressed } from "./state/address.js";
import { newRoom, openRoom, room } from "./state/room.js";
import { followStatus, keysTried, learnModels, learnToolServers, learnVoices, ready } from "./state/server.js";
import { comeBack } from "./state/sound.js";
import { followReminders } from "./state/reminders.js";
import { followMicrophone, followWishes, hurry, leave } from "./state/talks.js";
import { followThreads, query, refresh } from "./state/threads.js";
import { App } from "./ui/App.js";
import { listenToKeys, shortcut } from "./ui/keys.js";
import { settingsOpen } from "./ui/overlays.js";
import { begin, drawer, isNarrow } from "./ui/Sidebar.js";

followAppearance();
followLanguage();
followWishes();
followMicrophone();
listenToKeys();
followThreads();

shortcut("KeyO", () => begin(false));
shortcut("Comma", () => (settingsOpen.value = "general"));
shortcut("KeyL", () => document.getElementById("line")?.focus());
shortcut("KeyK", () => {
  drawer.value = isNarrow();
  prefer({ sidebar: true });
  query.value = "";
  requestAnimationFrame(() => document.getElementById("search")?.focus());
});

/** The thread that the address names. */
function goToAddress(): void {
  const id = addressed(location.hash);
  if (id === null) newRoom();
  else if (id !== room.value.id) void openRoom(id);
}

window.addEventListener("popstate", goToAddress); // one goes back and forth
goToAddress();

let reminding = false;

/** What the server offers is asked as soon as it is ready, and again with another key. */
effect(() => {
  if (ready.value !== true || keysTried.value < 0) return;
  hurry();
  for (const learn of [learnVoices, learnModels, learnToolServers]) void learn().catch(() => undefined);
  void refresh();
  if (!reminding) followReminders();
  reminding = true;
});
void followStatus();

void navigator.serviceWorker?.register(new URL("sw.js", document.baseURI)).catch(() => undefined); // only on safe pages
window.addEventListener("online", hurry);
/** The microphone never stays on behind a page that was left. */
window.addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", comeBack);

render(<App />, document.getElementById("app") as HTMLElement);
