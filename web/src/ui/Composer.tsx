/** Where one writes: several lines, files by button, drop or paste, and the way into talking. */

import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";

import { words } from "../i18n/index.js";
import { attach, detach, drafts, send } from "../state/compose.js";
import { line } from "../state/line.js";
import { hush, shown, toggleTalking } from "../state/talks.js";
import { microphone } from "../state/sound.js";
import { Icon } from "./Icon.js";

const LONGEST = 32_000;

export function Composer(): VNode {
  const box = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const said = words.value.composer;
  const { thread } = shown.value;
  const busy = thread.response !== null || thread.awaiting || thread.playing !== null;
  const waiting = drafts.value.some(({ attachment }) => attachment === null);
  const empty = line.value.trim() === "" && drafts.value.length === 0;

  const submit = (event: Event): void => {
    event.preventDefault();
    if (empty || waiting) return;
    const text = line.value.trim();
    line.value = "";
    void send(text);
    box.current?.focus();
  };
  const pressed = (event: KeyboardEvent): void => {
    const newLine = event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !newLine) submit(event);
  };
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void attach(event.dataTransfer?.files ?? []);
  };
  const pasted = (event: ClipboardEvent): void => {
    const files = event.clipboardData?.files ?? [];
    if (files.length === 0) return;
    event.preventDefault();
    void attach(files);
  };
  const dragged = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  return (
    <form id="composer" class={over ? "composer over" : "composer"} onSubmit={submit} onDragOver={dragged} onDragLeave={() => setOver(false)} onDrop={dropped}>
      {over && <p class="drop">{said.drop}</p>}
      <Drafts />
      <textarea
        id="line"
        ref={box}
        rows={1}
        maxLength={LONGEST}
        value={line.value}
        aria-label={said.label}
        placeholder={said.placeholder}
        enterkeyhint="send"
        onInput={(event) => (line.value = event.currentTarget.value)}
        onKeyDown={pressed}
        onPaste={pasted}
      />
      <div class="tools">
        <input ref={picker} type="file" multiple hidden onChange={(event) => void attach(event.currentTarget.files ?? []).then(() => reset(picker.current))} />
        <button type="button" class="icon" aria-label={said.attach} title={said.attach} onClick={() => picker.current?.click()}>
          <Icon name="clip" />
        </button>
        <span class="space" />
        {microphone.value === null && (
          <button id="talk" type="button" class="talk" aria-label={said.talk} title={said.talk} onClick={toggleTalking}>
            <Icon name="wave" />
          </button>
        )}
        {busy && empty ? (
          <button id="stop" type="button" class="send" aria-label={said.stop} title={said.stop} onClick={hush}>
            <Icon name="stop" />
          </button>
        ) : (
          <button id="send" type="submit" class="send" aria-label={said.send} title={said.send} disabled={empty || waiting}>
            <Icon name="up" />
          </button>
        )}
      </div>
    </form>
  );
}

/** The same file can be picked again. */
function reset(input: HTMLInputElement | null): void {
  if (input !== null) input.value = "";
}

function Drafts(): VNode | null {
  const said = words.value.composer;
  if (drafts.value.length === 0) return null;
  return (
    <ul class="drafts">
      {drafts.value.map(({ key, name, attachment }) => (
        <li key={key} class="chip" data-state={attachment === null ? "uploading" : "ready"}>
          {attachment?.kind === "image" ? <img src={attachment.url} alt="" /> : <Icon name="file" />}
          <span>{attachment === null ? `${said.uploading} ${name}` : name}</span>
          <button type="button" class="icon small" aria-label={said.removeFile(name)} onClick={() => detach(key)}>
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
