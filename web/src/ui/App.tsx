/** The page: threads at the side, the open one in the middle, and what lies over them. */

import type { VNode } from "preact";
import { useEffect } from "preact/hooks";

import { words } from "../i18n/index.js";
import { keyWanted } from "../state/problems.js";
import { room } from "../state/room.js";
import { ready } from "../state/server.js";
import { microphone, muted } from "../state/sound.js";
import { shown } from "../state/talks.js";
import { Announcer } from "./Announcer.js";
import { Composer } from "./Composer.js";
import { Empty } from "./Empty.js";
import { KeyDialog } from "./KeyDialog.js";
import { ProblemBar } from "./ProblemBar.js";
import { ThreadView } from "./ThreadView.js";
import { VoiceDock, VoiceStage, onStage } from "./VoiceView.js";

export function App(): VNode {
  useBodyState();
  const talking = microphone.value !== null;
  const stage = talking && onStage.value;
  const empty = shown.value.thread.turns.length === 0;
  return (
    <>
      <main class={empty && !talking ? "fresh" : undefined}>
        {stage ? <VoiceStage /> : empty ? <Empty /> : <ThreadView id={`${room.value.visit}`} />}
        <div class="bottom">
          {ready.value === false && <Loading />}
          <ProblemBar />
          {talking && !stage && <VoiceDock />}
          <Composer />
          <p class="note">{words.value.composer.note}</p>
        </div>
      </main>
      {keyWanted.value && <KeyDialog />}
      <Announcer />
    </>
  );
}

function Loading(): VNode {
  const said = words.value.loading;
  return (
    <div class="loading" role="status">
      <progress aria-label={said.title} />
      <p>
        <strong>{said.title}.</strong> {said.line}
      </p>
    </div>
  );
}

/** For style sheets, and for whoever watches the page from outside. */
function useBodyState(): void {
  const { phase, thread, droppedFrames } = shown.value;
  const state = microphone.value === null ? "off" : muted.value ? "muted" : "on";
  useEffect(() => {
    Object.assign(document.body.dataset, { state: phase, microphone: state, hearing: `${thread.hearing}`, droppedFrames: `${droppedFrames}` });
  }, [phase, state, thread.hearing, droppedFrames]);
}
