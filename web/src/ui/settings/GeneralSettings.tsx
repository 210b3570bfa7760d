import type { VNode } from "preact";
import { useState } from "preact/hooks";

import { words } from "../../i18n/index.js";
import { mayNotify } from "../../state/announce.js";
import { LANGUAGES, THEMES, prefer, preferences } from "../../state/preferences.js";
import { minds } from "../ModelMenu.js";
import { Row, Select, Switch } from "./rows.js";

export function GeneralSettings(): VNode {
  const said = words.value.settings;
  const { theme, language, lessMotion, model } = preferences.value;
  const known = minds();
  return (
    <>
      <Select label={said.theme} value={theme} options={THEMES.map((name) => [name, said.themes[name]])} set={(chosen) => prefer({ theme: chosen })} />
      <Select label={said.language} value={language} options={LANGUAGES.map((name) => [name, said.languages[name]])} set={(chosen) => prefer({ language: chosen })} />
      {known.length > 0 && <Select label={said.model} note={said.modelNote} value={model} options={known} set={(chosen) => prefer({ model: chosen })} />}
      <Switch label={said.lessMotion} note={said.lessMotionNote} on={lessMotion} set={(on) => prefer({ lessMotion: on })} />
      <Notifications />
    </>
  );
}

/** Only the browser can take the permission back. */
function Notifications(): VNode | null {
  const said = words.value.settings;
  const [may, setMay] = useState(mayNotify());
  if (!("Notification" in window)) return null;
  const ask = (): void => void Notification.requestPermission().then(() => setMay(mayNotify()));
  return (
    <Row label={said.notifications} note={may === false ? said.notificationsDenied : said.notificationsNote}>
      {(ids) => (
        <button {...ids} type="button" class="quiet" disabled={may !== null} onClick={ask}>
          {may === true ? said.notificationsOn : said.notificationsAsk}
        </button>
      )}
    </Row>
  );
}
