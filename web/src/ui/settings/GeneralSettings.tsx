import type { VNode } from "preact";

import { words } from "../../i18n/index.js";
import { LANGUAGES, THEMES, prefer, preferences } from "../../state/preferences.js";
import { models } from "../../state/server.js";
import { Select, Switch } from "./rows.js";

export function GeneralSettings(): VNode {
  const said = words.value.settings;
  const { theme, language, lessMotion, model } = preferences.value;
  const minds = [...new Set([...models.value, ...(model === "" ? [] : [model])])];
  return (
    <>
      <Select label={said.theme} value={theme} options={THEMES.map((name) => [name, said.themes[name]])} set={(chosen) => prefer({ theme: chosen })} />
      <Select label={said.language} value={language} options={LANGUAGES.map((name) => [name, said.languages[name]])} set={(chosen) => prefer({ language: chosen })} />
      {minds.length > 0 && (
        <Select
          label={said.model}
          note={said.modelNote}
          value={model}
          options={[["", said.modelDefault], ...minds.map((name) => [name, name] as const)]}
          set={(chosen) => prefer({ model: chosen })}
        />
      )}
      <Switch label={said.lessMotion} note={said.lessMotionNote} on={lessMotion} set={(on) => prefer({ lessMotion: on })} />
    </>
  );
}
