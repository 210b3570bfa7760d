/** The microphone: frames of 24 kHz PCM with the time at which they were spoken. */

import { INSECURE, MICROPHONE_LOST, type Problem, UNSUPPORTED, microphoneProblem, soundProblem } from "./remedies.js";
import type { CapturedFrame } from "./worklets/capture.js";
import captureWorklet from "./worklets/capture.ts?worker&url";

export interface SpokenFrame {
  readonly pcm: Int16Array;
  readonly level: number;
  /** When its last sample was captured, in ms of `performance.now()`. */
  readonly capturedAt: number;
}

export interface MicrophoneHooks {
  readonly frame: (frame: SpokenFrame) => void;
  /** The device went away by itself. */
  readonly lost: (problem: Problem) => void;
}

/** Carries the problem that the person is to read. */
export class MicrophoneRefused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.kind);
  }
}

const CONSTRAINTS = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly source: MediaStreamAudioSourceNode,
    /** A context of our own for hardware that the shared one cannot take, or null. */
    private readonly ownContext: AudioContext | null,
  ) {}

  /** Asks for the microphone and starts it; `device` "" is the system's own. Throws MicrophoneRefused. */
  static async open(shared: AudioContext, hooks: MicrophoneHooks, device = ""): Promise<Microphone> {
    const stream = await requestStream(device);
    try {
      const { source, ownContext } = await connect(shared, stream, hooks);
      const lost = (): void => hooks.lost(MICROPHONE_LOST);
      stream.getAudioTracks().forEach((track) => track.addEventListener("ended", lost));
      return new Microphone(stream, source, ownContext);
    } catch (error) {
      stream.getTracks().forEach((track) => track.stop());
      throw error instanceof MicrophoneRefused ? error : new MicrophoneRefused(soundProblem(error));
    }
  }

  /** A muted microphone sends silence: the server's clock and its sense of a finished turn need the samples. */
  set muted(muted: boolean) {
    this.stream.getAudioTracks().forEach((track) => (track.enabled = !muted));
  }

  /** For a call, whose sound goes over a track. */
  get track(): MediaStreamTrack | null {
    return this.stream.getAudioTracks()[0] ?? null;
  }

  close(): void {
    this.source.disconnect();
    this.stream.getTracks().forEach((track) => track.stop());
    void this.ownContext?.close();
  }
}

async function requestStream(device: string): Promise<MediaStream> {
  if (!window.isSecureContext) throw new MicrophoneRefused(INSECURE);
  if (navigator.mediaDevices === undefined) throw new MicrophoneRefused(UNSUPPORTED);
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...CONSTRAINTS, ...(device === "" ? {} : { deviceId: device }) } });
  } catch (error) {
    throw new MicrophoneRefused(microphoneProblem(error instanceof DOMException ? error.name : ""));
  }
}

interface Connection {
  readonly source: MediaStreamAudioSourceNode;
  readonly ownContext: AudioContext | null;
}

/** Firefox joins no stream to a context of another rate: there the worklet resamples in a context of its own. */
async function connect(shared: AudioContext, stream: MediaStream, hooks: MicrophoneHooks): Promise<Connection> {
  let ownContext: AudioContext | null = null;
  let source: MediaStreamAudioSourceNode;
  try {
    source = shared.createMediaStreamSource(stream);
  } catch {
    ownContext = new AudioContext({ latencyHint: "interactive" });
    source = ownContext.createMediaStreamSource(stream);
  }
  const context = ownContext ?? shared;
  await context.audioWorklet.addModule(captureWorklet);
  const options = { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" as const };
  const node = new AudioWorkletNode(context, "vivavoce-capture", options);
  node.port.onmessage = ({ data }: MessageEvent<CapturedFrame>) => {
    const ago = (context.currentTime - data.endsAt) * 1000;
    hooks.frame({ pcm: data.pcm, level: data.level, capturedAt: performance.now() - ago });
  };
  source.connect(node);
  return { source, ownContext };
}
