/** Talking: the orb that lives on the sound itself, captions of both sides, and the few things one does meanwhile. */

import { signal } from "@preact/signals";
import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { prefer, preferences } from "../state/preferences.js";
import { held, hold, shown, stopTalking, toggleMute } from "../state/talks.js";
import { muted } from "../state/sound.js";
import type { Message, Turn } from "../thread/turns.js";
import { Icon } from "./Icon.js";
import { OrbCanvas } from "./OrbCanvas.js";
import { PhaseWord } from "./PhaseWord.js";

/** Whether the orb has the stage, or the thread has it and the orb sits below. */
export const onStage = signal(true);

export function VoiceStage(): VNode {
  const { thread } = shown.value;
  return (
    <section class="voice stage" aria-label={words.value.voice.label}>
      <div class="orb">
        <OrbCanvas />
      </div>
      <PhaseWord />
      <VoiceTime />
      <Captions turns={thread.turns} />
      <VoiceControls />
    </section>
  );
}

/** The same, small, under the thread. */
export function VoiceDock(): VNode {
  return (
    <section class="voice dock" aria-label={words.value.voice.label}>
      <div class="orb">
        <OrbCanvas />
      </div>
      <div class="state">
        <PhaseWord />
        <VoiceTime />
      </div>
      <VoiceControls />
    </section>
  );
}

/** From the end of one's own voice to the first sound of the answer. */
function VoiceTime(): VNode {
  const said = words.value;
  const last = shown.value.thread.turns.findLast((turn): turn is Message => turn.kind === "message" && turn.latencyMs !== null);
  const ms = last?.latencyMs ?? null;
  return (
    <p id="latency" data-latency-ms={ms === null ? undefined : Math.round(ms)}>
      {ms === null ? "\u00a0" : said.answeredIn(ms < 1_000 ? `${Math.round(ms)} ms` : said.seconds(ms / 1_000))}
    </p>
  );
}

/** The last words of either side. */
function Captions({ turns }: { readonly turns: readonly Turn[] }): VNode {
  const said = words.value.voice;
  const lines = turns.filter((turn): turn is Message => turn.kind === "message").slice(-2);
  return (
    <div class="captions" id="captions">
      {lines.length === 0 && <p class="hint">{preferences.value.pushToTalk ? said.holdHint : said.sayHint}</p>}
      {lines.map((message) => (
        <p key={message.id} class={message.who} data-settled={message.settled} data-interrupted={message.interrupted}>
          <span class="heard">{message.text.slice(0, message.heard)}</span>
          {message.who === "you" && !message.settled && <span class="growing"> …</span>}
          <span class="ahead">{message.text.slice(message.heard)}</span>
        </p>
      ))}
    </div>
  );
}

function VoiceControls(): VNode {
  const said = words.value.voice;
  const { pushToTalk, captionsOnly } = preferences.value;
  const flip = { name: onStage.value ? said.showThread : said.showOrb, icon: onStage.value ? "thread" : "wave" } as const;
  return (
    <div class="controls">
      {pushToTalk ? (
        <button
          type="button"
          class="hold"
          aria-pressed={held.value}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            hold(true);
          }}
          onPointerUp={() => hold(false)}
          onPointerCancel={() => hold(false)}
        >
          <Icon name="microphone" />
          {said.hold}
        </button>
      ) : (
        <button id="mute" type="button" class="round" aria-pressed={muted.value} aria-label={muted.value ? said.unmute : said.mute} title={muted.value ? said.unmute : said.mute} onClick={toggleMute}>
          <Icon name={muted.value ? "muted" : "microphone"} />
        </button>
      )}
      <button
        type="button"
        class="round"
        aria-pressed={captionsOnly}
        aria-label={said.captions}
        title={captionsOnly ? said.captionsOff : said.captions}
        onClick={() => prefer({ captionsOnly: !captionsOnly })}
      >
        <Icon name="captions" />
      </button>
      <button type="button" class="round" aria-label={flip.name} title={flip.name} onClick={() => (onStage.value = !onStage.value)}>
        <Icon name={flip.icon} />
      </button>
      <button id="end" type="button" class="round end" aria-label={said.end} title={said.end} onClick={stopTalking}>
        <Icon name="close" />
      </button>
    </div>
  );
}
