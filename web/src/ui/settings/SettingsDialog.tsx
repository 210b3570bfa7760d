/** The settings, in parts. Fetched when they are first opened. */

import type { ComponentType, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import "../../styles/settings.css";
import { words } from "../../i18n/index.js";
import { failing, learnMemories, learnProfile, memoriesOffered, profileOffered } from "../../state/profile.js";
import { stores } from "../../state/room.js";
import { Dialog } from "../Dialog.js";
import { Icon, type IconName } from "../Icon.js";
import { SECTIONS, type Section, settingsOpen } from "../overlays.js";
import { DataSettings } from "./DataSettings.js";
import { DeviceSettings } from "./DeviceSettings.js";
import { GeneralSettings } from "./GeneralSettings.js";
import { MemorySettings } from "./MemorySettings.js";
import { PersonalSettings } from "./PersonalSettings.js";
import { ShortcutSettings } from "./ShortcutSettings.js";
import { VoiceSettings } from "./VoiceSettings.js";

const PARTS: Readonly<Record<Section, { readonly icon: IconName; readonly Part: ComponentType }>> = {
  general: { icon: "settings", Part: GeneralSettings },
  voice: { icon: "wave", Part: VoiceSettings },
  devices: { icon: "microphone", Part: DeviceSettings },
  personal: { icon: "person", Part: PersonalSettings },
  memory: { icon: "memory", Part: MemorySettings },
  data: { icon: "data", Part: DataSettings },
  shortcuts: { icon: "keyboard", Part: ShortcutSettings },
};

export function SettingsDialog(): VNode {
  useEffect(() => {
    for (const learn of [learnProfile, learnMemories]) void failing(learn());
  }, []);
  const said = words.value.settings;
  const open = settingsOpen.value ?? "general";
  const { Part } = PARTS[open];
  const list = useRef<HTMLElement>(null);
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" }), [open]); // on phones it is a strip
  const close = (): void => {
    settingsOpen.value = null;
  };
  return (
    <Dialog id="settings" class="settings" title={said.title} close={close}>
      <button type="button" class="icon close" aria-label={words.value.close} title={words.value.close} onClick={close}>
        <Icon name="close" />
      </button>
      <div class="parts">
        <nav ref={list} aria-label={said.title}>
          {SECTIONS.filter(isOffered).map((section) => (
            <button key={section} type="button" aria-current={section === open ? "true" : undefined} onClick={() => (settingsOpen.value = section)}>
              <Icon name={PARTS[section].icon} />
              {said.sections[section]}
            </button>
          ))}
        </nav>
        <div class="part-body" role="group" aria-label={said.sections[open]}>
          <Part />
        </div>
      </div>
    </Dialog>
  );
}

/** What this server does not have is not shown. */
function isOffered(section: Section): boolean {
  if (section === "personal") return profileOffered.value !== false;
  if (section === "memory") return memoriesOffered.value !== false;
  return section === "data" ? stores.value !== false : true;
}
