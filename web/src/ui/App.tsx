/** The page: threads at the side, the open one in the middle, and what lies over them. */

import type { VNode } from "preact";
import { useEffect } from "preact/hooks";

import { words } from "../i18n/index.js";
import { keyWanted } from "../state/problems.js";
import { newRoom, openRoom, room } from "../state/room.js";
import { loading, ready } from "../state/server.js";
import { microphone, muted } from "../state/sound.js";
import { shown } from "../state/talks.js";
import { title } from "../state/threads.js";
import { Announcer } from "./Announcer.js";
import { Composer } from "./Composer.js";
import { Empty } from "./Empty.js";
import { KeyDialog } from "./KeyDialog.js";
import { ProblemBar } from "./ProblemBar.js";
import { Settings } from "./Lazy.js";
import { Sidebar, drawer } from "./Sidebar.js";
import { ThreadView } from "./ThreadView.js";
import { TopBar } from "./TopBar.js";
import { VoiceDock, VoiceStage, onStage } from "./VoiceView.js";

export function App(): VNode {
  useBodyState();
  const talking = microphone.value !== null;
  const stage = talking && onStage.value;
  const empty = shown.value.thread.turns.length === 0;
  return (
    <>
      <Sidebar />
      <main inert={drawer.value} data-fresh={empty && !talking && room.value.state === "ready"}>
        <TopBar />
        {stage ? <VoiceStage /> : room.value.state !== "ready" ? <NoThread /> : empty ? <Empty /> : <ThreadView id={`${room.value.visit}`} />}
        <div class="bottom">
          {ready.value === false && <Loading />}
          <ProblemBar />
          {talking && !stage && <VoiceDock />}
          <Composer />
          <p class="note">{words.value.composer.note}</p>
        </div>
      </main>
      <Settings />
      {keyWanted.value && <KeyDialog />}
      <Announcer />
    </>
  );
}

/** A thread that is on its way, or cannot be had. */
function NoThread(): VNode {
  const { state, id } = room.value;
  const said = words.value.thread;
  if (state === "loading") {
    return (
      <div class="absent" role="status">
        <span class="unseen">{said.loading}</span>
      </div>
    );
  }
  return (
    <div class="absent" role="alert">
      <h2>{state === "gone" ? said.gone : said.unreadable}</h2>
      {state === "gone" && <p>{said.goneRemedy}</p>}
      <div class="choices">
        {state === "failed" && id !== null && (
          <button type="button" class="quiet" onClick={() => void openRoom(id)}>
            {words.value.tryAgain}
          </button>
        )}
        <button type="button" class="primary" onClick={() => newRoom()}>
          {words.value.newChat}
        </button>
      </div>
    </div>
  );
}

/** Which of the models are still to come, and how many are there. */
function Loading(): VNode {
  const said = words.value.loading;
  const { loaded, of } = loading.value;
  const missing = of.filter((kind) => !loaded.includes(kind)).map((kind) => said.parts[kind] ?? kind);
  const share = of.length === 0 || missing.length === 0 ? {} : { value: loaded.length, max: of.length }; // then it is tried out
  return (
    <div class="loading" role="status">
      <progress aria-label={said.title} {...share} />
      <p>
        <strong>{missing.length === 0 ? said.title : said.left(missing)}.</strong> {said.line}
      </p>
    </div>
  );
}

/** For style sheets, the browser's tab, and whoever watches the page from outside. */
function useBodyState(): void {
  const { phase, thread, droppedFrames } = shown.value;
  const state = microphone.value === null ? "off" : muted.value ? "muted" : "on";
  useEffect(() => {
    Object.assign(document.body.dataset, { state: phase, microphone: state, hearing: `${thread.hearing}`, droppedFrames: `${droppedFrames}` });
  }, [phase, state, thread.hearing, droppedFrames]);
  const name = room.value.temporary ? "" : title.value;
  useEffect(() => {
    document.title = name || "vivavoce";
  }, [name]);
}
