/** Which microphone and loudspeaker, with the level that comes in. */

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { words } from "../../i18n/index.js";
import { prefer, preferences } from "../../state/preferences.js";
import { report } from "../../state/problems.js";
import { openSound } from "../../state/sound.js";
import { Microphone, MicrophoneRefused } from "../../voice/microphone.js";
import { Row, Select, Switch } from "./rows.js";

interface Device {
  readonly id: string;
  readonly name: string;
}

export function DeviceSettings(): VNode {
  const said = words.value.settings;
  const { microphone, loudspeaker, webrtc } = preferences.value;
  const [testing, setTesting] = useState(false);
  const devices = useDevices(testing);
  const options = (kind: MediaDeviceKind): readonly (readonly [string, string])[] => [
    ["", said.deviceDefault],
    ...(devices.get(kind) ?? []).map(({ id, name }) => [id, name] as const),
  ];
  const choosable = "setSinkId" in AudioContext.prototype;
  return (
    <>
      <Select label={said.microphone} note={said.devicesNote} value={microphone} options={options("audioinput")} set={(id) => prefer({ microphone: id })} />
      <Row label={said.level}>
        {(ids) => (
          <span class="slider">
            <Meter {...ids} device={testing ? microphone : null} />
            <button type="button" class="quiet" aria-pressed={testing} onClick={() => setTesting(!testing)}>
              {testing ? said.stopTest : said.test}
            </button>
          </span>
        )}
      </Row>
      {choosable && <Select label={said.loudspeaker} value={loudspeaker} options={options("audiooutput")} set={(id) => prefer({ loudspeaker: id })} />}
      <Switch label={said.webrtc} note={said.webrtcNote} on={webrtc} set={(on) => prefer({ webrtc: on })} />
    </>
  );
}

/** Named only once the microphone was allowed, so they are asked again when a test begins. */
function useDevices(testing: boolean): ReadonlyMap<MediaDeviceKind, readonly Device[]> {
  const [devices, setDevices] = useState<ReadonlyMap<MediaDeviceKind, readonly Device[]>>(new Map());
  useEffect(() => {
    const { mediaDevices } = navigator;
    if (mediaDevices === undefined) return undefined;
    const look = (): void => void mediaDevices.enumerateDevices().then((found) => setDevices(sorted(found)));
    const soon = setTimeout(look, testing ? 600 : 0);
    mediaDevices.addEventListener("devicechange", look);
    return () => {
      clearTimeout(soon);
      mediaDevices.removeEventListener("devicechange", look);
    };
  }, [testing]);
  return devices;
}

function sorted(found: readonly MediaDeviceInfo[]): ReadonlyMap<MediaDeviceKind, readonly Device[]> {
  const devices = new Map<MediaDeviceKind, Device[]>();
  for (const { kind, deviceId, label } of found) {
    if (deviceId === "" || deviceId === "default" || label === "") continue;
    devices.set(kind, [...(devices.get(kind) ?? []), { id: deviceId, name: label }]);
  }
  return devices;
}

interface MeterProps {
  readonly id: string;
  /** The microphone to listen to; null: none. */
  readonly device: string | null;
}

/** Moves without being drawn anew: frames come fifty times a second. */
function Meter({ id, device }: MeterProps): VNode {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    if (device === null) return undefined;
    let opened: Microphone | null = null;
    let left = false;
    const show = (level: number): void => {
      if (meter.current !== null) meter.current.value = left ? 0 : Math.min(1, Math.sqrt(level) * 1.6);
    };
    void listen(device, show).then((microphone) => {
      opened = microphone;
      if (left) opened?.close();
    });
    return () => {
      left = true;
      opened?.close();
      show(0);
    };
  }, [device]);
  return <meter ref={meter} id={id} min={0} max={1} value={0} />;
}

async function listen(device: string, show: (level: number) => void): Promise<Microphone | null> {
  const context = await openSound();
  if (context === null) return null;
  try {
    return await Microphone.open(context, { frame: ({ level }) => show(level), lost: report }, device);
  } catch (error) {
    if (!(error instanceof MicrophoneRefused)) throw error;
    report(error.problem);
    return null;
  }
}
