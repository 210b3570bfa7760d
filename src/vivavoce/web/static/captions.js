/** The conversation as it is read: a pure function of what the server says and of what was heard here. */
/** Older lines leave the page: an hour of talk must not slow it down. */
const KEPT_ENTRIES = 200;
export const NO_CAPTIONS = { entries: [], hearing: false, awaiting: false, response: null, playing: null };
export function reduce(captions, event) {
    return event.type.startsWith("local.")
        ? reduceLocal(captions, event)
        : reduceServer(captions, event);
}
function reduceServer(captions, event) {
    switch (event.type) {
        case "input_audio_buffer.speech_started":
            return { ...withEntry(captions, yours(event.item_id)), hearing: true, awaiting: false };
        case "input_audio_buffer.speech_stopped":
            return { ...captions, hearing: false, awaiting: true };
        case "conversation.item.input_audio_transcription.delta":
        case "conversation.item.input_audio_transcription.completed":
        case "conversation.item.input_audio_transcription.failed":
            return transcribe(captions, event);
        case "response.created":
            return { ...captions, awaiting: false, response: event.response.id };
        case "response.output_audio_transcript.delta":
            return grow(captions, event.item_id, event.response_id, event.delta, 0);
        case "response.output_text.delta":
            return grow(captions, event.item_id, event.response_id, event.delta, event.delta.length);
        case "response.done":
            return finish(captions, event.response.id, event.response.status);
        case "vivavoce.output_audio.ducked":
        case "vivavoce.output_audio.held":
        case "vivavoce.output_audio.resumed":
        case "session.created":
        case "session.updated":
        case "response.output_audio.delta":
        case "error":
            return captions;
    }
}
function reduceLocal(captions, event) {
    switch (event.type) {
        case "local.typed": {
            const entry = { ...yours(event.id), text: event.text, heard: event.text.length, settled: true };
            return { ...withEntry(captions, entry), awaiting: true };
        }
        case "local.started": {
            const patch = event.latencyMs === null ? {} : { latencyMs: event.latencyMs };
            return { ...patched(captions, event.item, patch), playing: event.item };
        }
        case "local.heard":
            return { ...patched(captions, event.item, { heard: event.characters }), playing: event.item };
        case "local.drained": {
            const heard = entryOf(captions, event.item)?.text.length ?? 0;
            return { ...patched(captions, event.item, { heard }), playing: null };
        }
        case "local.cut":
            return tidied({
                ...patched(captions, event.item, { heard: event.characters, interrupted: true, settled: true }),
                playing: null,
            });
        case "local.waited":
            return { ...captions, awaiting: false };
        case "local.disconnected":
            return tidied({ ...NO_CAPTIONS, entries: captions.entries.map((entry) => ({ ...entry, settled: true })) });
    }
}
function transcribe(captions, event) {
    const known = withEntry(captions, yours(event.item_id));
    switch (event.type) {
        case "conversation.item.input_audio_transcription.delta": {
            const text = (entryOf(known, event.item_id)?.text ?? "") + event.delta;
            return patched(known, event.item_id, { text, heard: text.length });
        }
        case "conversation.item.input_audio_transcription.completed": {
            const text = event.transcript.trim();
            const settled = patched(known, event.item_id, { text, heard: text.length, settled: true });
            return text === "" ? tidied({ ...settled, awaiting: false }) : settled;
        }
        case "conversation.item.input_audio_transcription.failed":
            return patched(known, event.item_id, { text: "(not understood)", heard: 0, settled: true });
    }
}
function grow(captions, id, response, delta, heard) {
    const known = withEntry(captions, { ...yours(id), who: "vivavoce", response });
    const entry = entryOf(known, id);
    if (entry === undefined || entry.settled)
        return known;
    return patched(known, id, { text: entry.text + delta, heard: entry.heard + heard });
}
function finish(captions, response, status) {
    const ended = status === "completed" ? { settled: true } : { settled: true, interrupted: status === "cancelled" };
    const entries = captions.entries.map((entry) => (entry.response === response ? { ...entry, ...ended } : entry));
    return tidied({ ...captions, entries, response: captions.response === response ? null : captions.response });
}
function yours(id) {
    return { id, who: "you", text: "", heard: 0, settled: false, interrupted: false, latencyMs: null, response: null };
}
function entryOf(captions, id) {
    return captions.entries.find((entry) => entry.id === id);
}
function withEntry(captions, entry) {
    if (entryOf(captions, entry.id) !== undefined)
        return captions;
    return { ...captions, entries: [...captions.entries, entry].slice(-KEPT_ENTRIES) };
}
function patched(captions, id, patch) {
    const entries = captions.entries.map((entry) => (entry.id === id ? { ...entry, ...patch } : entry));
    return { ...captions, entries };
}
/**
 * Without the lines that turned out to be nothing: noise taken for speech, replies cut before their first word.
 * Of the one that sounds it is not known yet.
 */
function tidied(captions) {
    const unheard = (entry) => entry.text === "" || (entry.interrupted && entry.heard === 0);
    const kept = captions.entries.filter((entry) => !entry.settled || entry.id === captions.playing || !unheard(entry));
    return { ...captions, entries: kept };
}
/** The one word under the button. Without a microphone an idle session is merely ready. */
export function phase(link, listening, captions) {
    if (link === "off")
        return "ready";
    if (link === "connecting")
        return "connecting";
    if (link === "waiting")
        return "reconnecting";
    if (captions.playing !== null)
        return "speaking";
    if (captions.awaiting || captions.response !== null)
        return "thinking";
    return listening ? "listening" : "ready";
}
