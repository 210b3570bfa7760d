import type { VNode } from "preact";

import { words } from "../../i18n/index.js";
import { readAloud, reading } from "../../state/aloud.js";
import { SPEEDS, prefer, preferences } from "../../state/preferences.js";
import { type VoiceName, voices } from "../../state/server.js";
import { EAGERNESS, type Manners } from "../../voice/manners.js";
import { Icon } from "../Icon.js";
import { Row, Select, Switch } from "./rows.js";

export function VoiceSettings(): VNode {
  const said = words.value.settings;
  const { speed, pushToTalk, captionsOnly, manners } = preferences.value;
  const change = (patch: Partial<Manners>): void => prefer({ manners: { ...manners, ...patch } });
  return (
    <>
      <Voices />
      <Row label={said.speed}>
        {(ids) => (
          <span class="slider">
            <input
              {...ids}
              type="range"
              min={SPEEDS.least}
              max={SPEEDS.most}
              step={SPEEDS.step}
              value={speed}
              aria-valuetext={said.speedShown(speed)}
              onInput={(event) => prefer({ speed: Number(event.currentTarget.value) })}
            />
            <output for={ids.id}>{said.speedShown(speed)}</output>
          </span>
        )}
      </Row>
      <Switch label={said.pushToTalk} note={said.pushToTalkNote} on={pushToTalk} set={(on) => prefer({ pushToTalk: on })} />
      <Switch label={said.captionsOnly} note={said.captionsOnlyNote} on={captionsOnly} set={(on) => prefer({ captionsOnly: on })} />
      <h3>{said.manners}</h3>
      <Select
        label={said.eagerness}
        value={manners.eagerness}
        options={EAGERNESS.map((name) => [name, said.eagernesses[name]])}
        set={(eagerness) => change({ eagerness })}
      />
      <Switch label={said.openers} on={manners.openers} set={(openers) => change({ openers })} />
      <Switch label={said.listeningSignals} on={manners.listeningSignals} set={(listeningSignals) => change({ listeningSignals })} />
      <Switch label={said.idlePrompts} on={manners.idlePrompts} set={(idlePrompts) => change({ idlePrompts })} />
      <Switch label={said.sideTalk} on={manners.ignoreSideTalk} set={(ignoreSideTalk) => change({ ignoreSideTalk })} />
    </>
  );
}

/** Every voice with a sample, those of one language together. */
function Voices(): VNode {
  const said = words.value.settings;
  const { voice } = preferences.value;
  const known = voices.value.some(({ id }) => id === voice) ? voices.value : [{ id: voice, language: "", description: "" }, ...voices.value];
  const languages = [...new Set(known.map(({ language }) => language))];
  return (
    <fieldset class="voices">
      <legend>
        <h3>{said.voice}</h3>
      </legend>
      <div class="voice-list" tabIndex={0}>
        {languages.map((language) => (
          <div key={language}>
            {language !== "" && <h4>{languageName(language)}</h4>}
            {known
              .filter((one) => one.language === language)
              .map((one) => (
                <VoiceChoice key={one.id} voice={one} chosen={one.id === voice} />
              ))}
          </div>
        ))}
      </div>
    </fieldset>
  );
}

function VoiceChoice({ voice, chosen }: { readonly voice: VoiceName; readonly chosen: boolean }): VNode {
  const said = words.value.settings;
  const sample = `sample-${voice.id}`;
  const playing = reading.value === sample;
  return (
    <div class="voice-choice" data-chosen={chosen}>
      <label title={voice.description}>
        <input type="radio" name="voice" value={voice.id} checked={chosen} onChange={() => prefer({ voice: voice.id })} />
        {shownName(voice.id)}
      </label>
      <button type="button" class="icon small" aria-label={playing ? said.stopSample : said.sample(voice.id)} onClick={() => void readAloud(sample, said.sampleText, voice.id)}>
        <Icon name={playing ? "stop" : "speaker"} />
      </button>
    </div>
  );
}

/** `af_heart` is a name for machines. */
function shownName(id: string): string {
  const name = id.replace(/^[a-z]{2}_/, "").replaceAll(/[_-]+/g, " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([words.value.language], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
