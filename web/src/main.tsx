/** Where the page begins. */

import { render } from "preact";

import "@fontsource-variable/figtree/wght.css";
import "./styles/index.css";
import { followLanguage } from "./i18n/index.js";
import { followAppearance } from "./state/preferences.js";
import { followHealth } from "./state/server.js";
import { comeBack } from "./state/sound.js";
import { followWishes, hurry, stopTalking } from "./state/talks.js";
import { App } from "./ui/App.js";
import { listenToKeys } from "./ui/keys.js";

followAppearance();
followLanguage();
followWishes();
listenToKeys();
void followHealth();

window.addEventListener("online", hurry);
/** The microphone never stays on behind a page that was left. */
window.addEventListener("pagehide", stopTalking);
document.addEventListener("visibilitychange", comeBack);

render(<App />, document.getElementById("app") as HTMLElement);
