/** Who the person is to the assistant, and how it is to be. */

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

import { words } from "../../i18n/index.js";
import { changeProfile, failing, learnProfile, profile } from "../../state/profile.js";
import { Row, Select } from "./rows.js";

const LONGEST = 4_000;

export function PersonalSettings(): VNode | null {
  const said = words.value.settings;
  const [told, setTold] = useState("");
  useEffect(() => void failing(learnProfile()).then((failure) => setTold(failure ?? "")), []);
  const known = profile.value;
  if (known === null) return <p role="status">{told}</p>;
  const change = async (patch: Parameters<typeof changeProfile>[0]): Promise<void> => {
    const failure = await failing(changeProfile(patch));
    setTold(failure === null ? said.saved : `${said.failed} ${failure}`);
  };
  return (
    <>
      <Row label={said.name}>
        {(ids) => <input {...ids} class="short" type="text" maxLength={100} defaultValue={known.name} autocomplete="off" onChange={(event) => void change({ name: event.currentTarget.value.trim() })} />}
      </Row>
      <Row label={said.instructions} note={said.personalNote} tall>
        {(ids) => (
          <textarea
            {...ids}
            maxLength={LONGEST}
            defaultValue={known.instructions}
            placeholder={said.instructionsPlaceholder}
            onChange={(event) => void change({ instructions: event.currentTarget.value.trim() })}
          />
        )}
      </Row>
      {known.personas.length > 0 && (
        <Select
          label={said.persona}
          value={known.persona}
          options={[["", said.personaNone], ...known.personas.map(({ name, description }) => [name, description === "" ? name : `${name}: ${description}`] as const)]}
          set={(persona) => void change({ persona })}
        />
      )}
      <p class="told-how" role="status">
        {told}
      </p>
    </>
  );
}
