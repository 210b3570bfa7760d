/** One line of the settings: what it is, and how it is changed. */

import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";

interface RowProps {
  readonly label: string;
  readonly note?: string;
  readonly children: (ids: { readonly id: string; readonly "aria-describedby"?: string }) => ComponentChildren;
  readonly tall?: boolean;
}

export function Row({ label, note, children, tall }: RowProps): VNode {
  const id = useId();
  const noted = `${id}-note`;
  return (
    <div class={tall ? "row tall" : "row"}>
      <div class="told">
        <label for={id}>{label}</label>
        {note !== undefined && <p id={noted}>{note}</p>}
      </div>
      {children(note === undefined ? { id } : { id, "aria-describedby": noted })}
    </div>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly note?: string;
  readonly on: boolean;
  readonly set: (on: boolean) => void;
}

export function Switch({ label, note, on, set }: SwitchProps): VNode {
  return (
    <Row label={label} {...(note === undefined ? {} : { note })}>
      {(ids) => <input {...ids} type="checkbox" role="switch" class="switch" checked={on} onChange={(event) => set(event.currentTarget.checked)} />}
    </Row>
  );
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly note?: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly set: (value: T) => void;
}

export function Select<T extends string>({ label, note, value, options, set }: SelectProps<T>): VNode {
  return (
    <Row label={label} {...(note === undefined ? {} : { note })}>
      {(ids) => (
        <select {...ids} value={value} onChange={(event) => set(event.currentTarget.value as T)}>
          {options.map(([name, shown]) => (
            <option key={name} value={name} selected={name === value}>
              {shown}
            </option>
          ))}
        </select>
      )}
    </Row>
  );
}
