/** Taking everything along, bringing it in, and deleting it. */

import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";

import { words } from "../../i18n/index.js";
import { downloadBlob } from "../../state/files.js";
import { changeProfile, failing, profile } from "../../state/profile.js";
import { newRoom } from "../../state/room.js";
import { conversations } from "../../state/server.js";
import { list, refresh } from "../../state/threads.js";
import { Refused } from "../../wire/rest.js";
import { ConfirmDialog } from "../ConfirmDialog.js";
import { Row, Switch } from "./rows.js";

export function DataSettings(): VNode {
  const said = words.value.settings;
  const picker = useRef<HTMLInputElement>(null);
  const [told, setTold] = useState("");
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);

  /** Does it, and says how it went. */
  const run = async (act: () => Promise<string>): Promise<void> => {
    setBusy(true);
    setTold("");
    try {
      setTold(await act());
      await refresh();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTold(error.absent ? said.notHere : `${said.failed} ${error.message}`);
    } finally {
      setBusy(false);
    }
  };
  const exported = async (): Promise<string> => {
    downloadBlob(await conversations.exportAll(), "vivavoce-threads.json");
    return "";
  };
  const imported = async (file: File): Promise<string> => said.imported(await conversations.import(file));
  const deleted = async (): Promise<string> => {
    await conversations.deleteAll();
    newRoom();
    list.value = [];
    return "";
  };
  return (
    <>
      {profile.value !== null && (
        <Switch label={said.keepAudio} note={said.keepAudioNote} on={profile.value.keep_audio} set={(keep_audio) => void failing(changeProfile({ keep_audio })).then((failure) => setTold(failure ?? ""))} />
      )}
      <Row label={said.export} note={said.exportNote}>
        {(ids) => (
          <button {...ids} type="button" class="quiet" disabled={busy} onClick={() => void run(exported)}>
            {said.exportButton}
          </button>
        )}
      </Row>
      <Row label={said.import} note={said.importNote}>
        {(ids) => (
          <button {...ids} type="button" class="quiet" disabled={busy} onClick={() => picker.current?.click()}>
            {said.importButton}
          </button>
        )}
      </Row>
      <input
        ref={picker}
        type="file"
        accept=".json,.zip,application/json,application/zip"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file !== undefined) void run(() => imported(file));
        }}
      />
      <Row label={said.deleteAll} note={said.deleteAllText}>
        {(ids) => (
          <button {...ids} type="button" class="quiet danger" disabled={busy} onClick={() => setAsking(true)}>
            {words.value.sidebar.delete}
          </button>
        )}
      </Row>
      <p class="told-how" role="status">
        {told}
      </p>
      {asking && (
        <ConfirmDialog title={said.deleteAllTitle} text={said.deleteAllText} action={words.value.sidebar.delete} act={() => void run(deleted)} close={() => setAsking(false)} />
      )}
    </>
  );
}
