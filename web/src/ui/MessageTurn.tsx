/** One message: what was said or written, how much of it was heard, and what can be done with it. */

import type { VNode } from "preact";
import { useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { reading, readAloud } from "../state/aloud.js";
import { branchFrom, canFork, editAndSend, regenerate } from "../state/forks.js";
import type { Message } from "../thread/turns.js";
import type { Attachment } from "../wire/items.js";
import { CopyButton } from "./CopyButton.js";
import { EditBox } from "./EditBox.js";
import { Icon, type IconName } from "./Icon.js";
import { Markdown } from "./Markdown.js";

interface Props {
  readonly message: Message;
  readonly playing: boolean;
  readonly last: boolean;
}

export function MessageTurn({ message, playing, last }: Props): VNode {
  const [editing, setEditing] = useState(false);
  const { who, text, spoken, settled, interrupted, latencyMs } = message;
  const said = words.value;
  return (
    <article
      class={`turn ${who}`}
      data-who={who}
      data-item={message.id}
      data-spoken={spoken}
      data-settled={settled}
      data-interrupted={interrupted}
      data-unasked={message.unasked}
      data-latency-ms={latencyMs === null ? undefined : Math.round(latencyMs)}
      aria-label={who === "you" ? said.you : said.assistant}
    >
      <Attached attachments={message.attachments} />
      {editing ? (
        <EditBox text={text} cancel={() => setEditing(false)} send={(changed) => void editAndSend(message.id, changed)} />
      ) : (
        (text !== "" || spoken) && (
          <div class="words">
            <Said message={message} playing={playing} />
          </div>
        )
      )}
      {!editing && <Foot message={message} last={last} edit={() => setEditing(true)} />}
    </article>
  );
}

/** Written words are markdown; spoken ones are told apart into those that were heard and those that were not. */
function Said({ message, playing }: { readonly message: Message; readonly playing: boolean }): VNode {
  const { who, text, heard, spoken, settled, interrupted } = message;
  if (who === "you" && spoken && !settled) {
    return (
      <p class="plain">
        <span class="heard">{text}</span>
        <span class="growing"> …</span>
      </p>
    );
  }
  if (who === "you") return <p class="plain heard">{text}</p>;
  if (spoken && (playing || heard < text.length)) {
    return (
      <p class="plain">
        <span class="heard">{text.slice(0, heard)}</span>
        <span class="ahead">{text.slice(heard)}</span>
        {interrupted && heard < text.length && <span class="unseen"> ({words.value.thread.unheard})</span>}
      </p>
    );
  }
  return (
    <div class="heard">
      <Markdown text={text} />
    </div>
  );
}

function Attached({ attachments }: { readonly attachments: readonly Attachment[] }): VNode | null {
  if (attachments.length === 0) return null;
  return (
    <div class="attached">
      {attachments.map((part, place) =>
        part.kind === "image" && /^data:image\//.test(part.url) ? (
          <img key={place} src={part.url} alt={part.name || words.value.thread.image} />
        ) : (
          <span key={place} class="chip">
            <Icon name="file" />
            {part.name}
          </span>
        ),
      )}
    </div>
  );
}

interface FootProps {
  readonly message: Message;
  readonly last: boolean;
  readonly edit: () => void;
}

function Foot({ message, last, edit }: FootProps): VNode {
  const { id, who, text, spoken, settled, interrupted, latencyMs } = message;
  const said = words.value.thread;
  const done = settled && text !== "";
  return (
    <footer class={last ? "foot last" : "foot"}>
      {spoken && (
        <span class="mark voice" title={said.voiceTurn}>
          <Icon name="wave" />
          <span class="unseen">{said.voiceTurn}</span>
        </span>
      )}
      {message.unasked && (
        <span class="mark unasked">
          <Icon name="bell" />
          {said.unasked}
        </span>
      )}
      {interrupted && <span class="mark cut">{said.interrupted}</span>}
      {latencyMs !== null && <span class="took">{took(latencyMs)}</span>}
      {done && (
        <span class="actions">
          <CopyButton text={text} />
          {who === "vivavoce" && <AloudButton id={id} text={text} />}
          {canFork.value && who === "you" && <Action icon="pencil" label={said.edit} act={edit} />}
          {canFork.value && who === "vivavoce" && <Action icon="redo" label={said.regenerate} act={() => void regenerate(id)} />}
          {canFork.value && who === "vivavoce" && <Action icon="branch" label={said.branch} act={() => void branchFrom(id)} />}
        </span>
      )}
    </footer>
  );
}

function AloudButton({ id, text }: { readonly id: string; readonly text: string }): VNode {
  const said = words.value.thread;
  const on = reading.value === id;
  return <Action icon={on ? "stop" : "speaker"} label={on ? said.stopReading : said.readAloud} act={() => void readAloud(id, text)} />;
}

interface ActionProps {
  readonly icon: IconName;
  readonly label: string;
  readonly act: () => void;
}

function Action({ icon, label, act }: ActionProps): VNode {
  return (
    <button type="button" class="icon small" title={label} aria-label={label} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}

/** Short times in ms, as engineers of voice count them. */
function took(ms: number): string {
  const said = words.value;
  return said.answeredIn(ms < 1_000 ? `${Math.round(ms)} ms` : said.seconds(ms / 1_000));
}
