/** The microphone: frames of 24 kHz PCM with the time at which they were spoken. */
import { INSECURE, MICROPHONE_LOST, UNSUPPORTED, microphoneProblem, soundProblem } from "./remedies.js";
/** Carries the problem that the person is to read. */
export class MicrophoneRefused extends Error {
    problem;
    constructor(problem) {
        super(problem.title);
        this.problem = problem;
    }
}
const CONSTRAINTS = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
export class Microphone {
    stream;
    source;
    ownContext;
    constructor(stream, source, 
    /** A context of our own for hardware that the shared one cannot take, or null. */
    ownContext) {
        this.stream = stream;
        this.source = source;
        this.ownContext = ownContext;
    }
    /** Asks for the microphone and starts it. Throws MicrophoneRefused. */
    static async open(shared, hooks) {
        const stream = await requestStream();
        try {
            const { source, ownContext } = await connect(shared, stream, hooks);
            const lost = () => hooks.lost(MICROPHONE_LOST);
            stream.getAudioTracks().forEach((track) => track.addEventListener("ended", lost));
            return new Microphone(stream, source, ownContext);
        }
        catch (error) {
            stream.getTracks().forEach((track) => track.stop());
            throw error instanceof MicrophoneRefused ? error : new MicrophoneRefused(soundProblem(error));
        }
    }
    /** A muted microphone sends silence: the server's clock and its sense of a finished turn need the samples. */
    set muted(muted) {
        this.stream.getAudioTracks().forEach((track) => (track.enabled = !muted));
    }
    close() {
        this.source.disconnect();
        this.stream.getTracks().forEach((track) => track.stop());
        void this.ownContext?.close();
    }
}
async function requestStream() {
    if (!window.isSecureContext)
        throw new MicrophoneRefused(INSECURE);
    if (navigator.mediaDevices === undefined)
        throw new MicrophoneRefused(UNSUPPORTED);
    try {
        return await navigator.mediaDevices.getUserMedia({ audio: CONSTRAINTS });
    }
    catch (error) {
        throw new MicrophoneRefused(microphoneProblem(error instanceof DOMException ? error.name : ""));
    }
}
/** Firefox joins no stream to a context of another rate: there the worklet resamples in a context of its own. */
async function connect(shared, stream, hooks) {
    let ownContext = null;
    let source;
    try {
        source = shared.createMediaStreamSource(stream);
    }
    catch {
        ownContext = new AudioContext({ latencyHint: "interactive" });
        source = ownContext.createMediaStreamSource(stream);
    }
    const context = ownContext ?? shared;
    await context.audioWorklet.addModule(new URL("worklets/capture.js", import.meta.url));
    const options = { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" };
    const node = new AudioWorkletNode(context, "vivavoce-capture", options);
    node.port.onmessage = ({ data }) => {
        const ago = (context.currentTime - data.endsAt) * 1000;
        hooks.frame({ pcm: data.pcm, level: data.level, capturedAt: performance.now() - ago });
    };
    source.connect(node);
    return { source, ownContext };
}
