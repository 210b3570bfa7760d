/** What the page speaks: the part of OpenAI's Realtime GA contract that it needs, and nothing else of it. */
const ITEM = { item_id: "string" };
const REPLY = { response_id: "string", item_id: "string", delta: "string" };
/** The fields without which an event means nothing to the page. */
const REQUIRED = {
    "session.created": {},
    "session.updated": {},
    "input_audio_buffer.speech_started": { ...ITEM, audio_start_ms: "number" },
    "input_audio_buffer.speech_stopped": { ...ITEM, audio_end_ms: "number" },
    "conversation.item.input_audio_transcription.delta": { ...ITEM, delta: "string" },
    "conversation.item.input_audio_transcription.completed": { ...ITEM, transcript: "string" },
    "conversation.item.input_audio_transcription.failed": ITEM,
    "response.created": { response: { id: "string" } },
    "response.output_audio_transcript.delta": REPLY,
    "response.output_text.delta": REPLY,
    "response.output_audio.delta": REPLY,
    "response.done": { response: { id: "string", status: "string" } },
    "vivavoce.output_audio.ducked": { ...ITEM, gain_db: "number" },
    "vivavoce.output_audio.held": ITEM,
    "vivavoce.output_audio.resumed": ITEM,
    error: { error: { message: "string" } },
};
/** The event in a message, or null for one that the page has no use for or cannot read. */
export function parse(message) {
    const value = json(message);
    if (!isRecord(value) || typeof value["type"] !== "string")
        return null;
    const type = value["type"];
    if (!Object.hasOwn(REQUIRED, type))
        return null;
    return fits(value, REQUIRED[type]) ? value : null;
}
function json(message) {
    try {
        return JSON.parse(message);
    }
    catch {
        return null;
    }
}
function fits(value, fields) {
    if (!isRecord(value))
        return false;
    return Object.entries(fields).every(([name, kind]) => typeof kind === "string" ? typeof value[name] === kind : fits(value[name], kind));
}
function isRecord(value) {
    return typeof value === "object" && value !== null;
}
const PCM = { type: "audio/pcm", rate: 24_000 };
export function sessionUpdate(voice, manners) {
    const input = { format: PCM, transcription: { model: "whisper-1" }, turn_detection: turns(manners) };
    const audio = { input, output: { format: PCM, voice } };
    const vivavoce = { managed_playback: true, ...ours(manners) };
    return { type: "session.update", session: { type: "realtime", output_modalities: ["audio"], audio, vivavoce } };
}
/** Allowed at any time, unlike another voice. */
export function mannersUpdate(manners) {
    const audio = { input: { turn_detection: turns(manners) } };
    return { type: "session.update", session: { type: "realtime", audio, vivavoce: ours(manners) } };
}
function turns(manners) {
    return { type: "semantic_vad", eagerness: manners.eagerness };
}
function ours(manners) {
    return {
        openers: manners.openers ? "auto" : "off",
        listening_signals: manners.listeningSignals,
        side_talk: manners.ignoreSideTalk ? "ignore" : "answer",
    };
}
export function voiceUpdate(voice) {
    return { type: "session.update", session: { type: "realtime", audio: { output: { voice } } } };
}
export function append(audio) {
    return { type: "input_audio_buffer.append", audio };
}
export function message(id, role, text) {
    const content = [{ type: role === "user" ? "input_text" : "output_text", text }];
    return { type: "conversation.item.create", item: { id, type: "message", role, content } };
}
export function truncate(item, audioEndMs) {
    return { type: "conversation.item.truncate", item_id: item, content_index: 0, audio_end_ms: audioEndMs };
}
export const respond = { type: "response.create" };
export const cancel = { type: "response.cancel" };
/** A browser cannot set headers on a WebSocket: the key travels among the subprotocols. */
export function subprotocols(key) {
    return key === null ? ["realtime"] : ["realtime", `openai-insecure-api-key.${key}`];
}
/** Whether `key` may stand in a subprotocol (RFC 9110 token). */
export function isSendable(key) {
    return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(key);
}
