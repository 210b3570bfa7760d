import type { VNode } from "preact";

import { words } from "../i18n/index.js";
import { Dialog } from "./Dialog.js";

interface Props {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly act: () => void;
  readonly close: () => void;
}

/** Asks before something is gone for good. */
export function ConfirmDialog({ title, text, action, act, close }: Props): VNode {
  return (
    <Dialog title={title} close={close}>
      <p>{text}</p>
      <div class="choices">
        <button type="button" class="quiet" onClick={close}>
          {words.value.cancel}
        </button>
        <button
          type="button"
          class="primary danger"
          onClick={() => {
            close();
            act();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
