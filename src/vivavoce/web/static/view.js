/** The page: shows what it is handed and tells what the person does. Decides nothing. */
import { EAGERNESS } from "./manners.js";
const WORDS = {
    ready: "Ready",
    connecting: "Connecting",
    listening: "Listening",
    thinking: "Thinking",
    speaking: "Speaking",
    reconnecting: "Reconnecting",
};
/** Within this many pixels of the end the log follows what is added; above, the person is reading. */
const FOLLOW_PX = 80;
export class View {
    wishes;
    body = document.body;
    button = element("talk", HTMLButtonElement);
    state = element("state", HTMLElement);
    latency = element("latency", HTMLElement);
    mute = element("mute", HTMLButtonElement);
    forget = element("forget", HTMLButtonElement);
    log = element("log", HTMLElement);
    composed = element("line", HTMLInputElement);
    voices = element("voice", HTMLSelectElement);
    problem = element("problem", HTMLElement);
    announcer = element("announcer", HTMLElement);
    keyDialog = element("key-dialog", HTMLDialogElement);
    keyInput = element("key", HTMLInputElement);
    mannersDialog = element("manners-dialog", HTMLDialogElement);
    eagerness = element("eagerness", HTMLSelectElement);
    openers = element("openers", HTMLInputElement);
    listeningSignals = element("listening-signals", HTMLInputElement);
    ignoreSideTalk = element("side-talk", HTMLInputElement);
    lines = new Map();
    announced = new Set();
    constructor(wishes) {
        this.wishes = wishes;
        this.button.addEventListener("click", wishes.toggle);
        this.mute.addEventListener("click", wishes.mute);
        this.forget.addEventListener("click", wishes.forget);
        this.voices.addEventListener("change", () => wishes.voice(this.voices.value));
        element("dismiss", HTMLButtonElement).addEventListener("click", () => this.clearProblem());
        element("composer", HTMLFormElement).addEventListener("submit", (event) => this.submitLine(event));
        element("key-form", HTMLFormElement).addEventListener("submit", () => this.submitKey());
        element("key-cancel", HTMLButtonElement).addEventListener("click", () => this.keyDialog.close());
        element("manners", HTMLButtonElement).addEventListener("click", () => this.mannersDialog.showModal());
        for (const choice of [this.eagerness, this.openers, this.listeningSignals, this.ignoreSideTalk]) {
            choice.addEventListener("change", () => wishes.manners(this.manners));
        }
        document.addEventListener("keydown", (event) => this.pressed(event));
    }
    set voice(name) {
        this.voices.value = name;
    }
    get manners() {
        return {
            eagerness: EAGERNESS.find((name) => name === this.eagerness.value) ?? "auto",
            openers: this.openers.checked,
            listeningSignals: this.listeningSignals.checked,
            ignoreSideTalk: this.ignoreSideTalk.checked,
        };
    }
    set manners(manners) {
        this.eagerness.value = manners.eagerness;
        this.openers.checked = manners.openers;
        this.listeningSignals.checked = manners.listeningSignals;
        this.ignoreSideTalk.checked = manners.ignoreSideTalk;
    }
    /** What was typed and could not be sent. */
    set line(text) {
        this.composed.value = text;
    }
    show(shown) {
        const talking = shown.microphone !== "off";
        this.body.dataset["state"] = shown.phase;
        this.body.dataset["microphone"] = shown.microphone;
        this.body.dataset["hearing"] = String(shown.hearing);
        this.body.dataset["droppedFrames"] = String(shown.droppedFrames);
        setText(this.state, shown.microphone === "muted" && shown.phase === "listening" ? "Muted" : WORDS[shown.phase]);
        this.button.setAttribute("aria-pressed", String(talking));
        this.button.setAttribute("aria-label", talking ? "End the conversation" : "Start talking");
        this.mute.disabled = !talking;
        this.mute.setAttribute("aria-pressed", String(shown.microphone === "muted"));
        this.forget.hidden = shown.entries.length === 0;
        this.showLatency(shown.entries);
        this.showLog(shown.entries);
    }
    showProblem(problem) {
        this.problem.dataset["kind"] = problem.kind;
        this.problem.hidden = false;
        setText(element("problem-title", HTMLElement), problem.title);
        setText(element("problem-remedy", HTMLElement), problem.remedy);
        if (problem.kind === "key" && !this.keyDialog.open)
            this.askKey();
    }
    clearProblem(...kinds) {
        const shown = this.problem.dataset["kind"];
        if (kinds.length === 0 || kinds.includes(shown))
            this.problem.hidden = true;
    }
    askKey() {
        this.keyInput.value = "";
        this.keyDialog.showModal();
    }
    submitKey() {
        const key = this.keyInput.value.trim();
        this.keyInput.value = "";
        if (key !== "")
            this.wishes.key(key);
    }
    submitLine(event) {
        event.preventDefault();
        const text = this.composed.value.trim();
        this.composed.value = "";
        if (text !== "")
            this.wishes.type(text);
    }
    /** The space bar is the button, except where it already means something. */
    pressed(event) {
        const free = event.target === this.body || event.target === this.log;
        if (event.code !== "Space" || event.repeat || !free || this.keyDialog.open || this.mannersDialog.open)
            return;
        event.preventDefault();
        this.wishes.toggle();
    }
    showLatency(entries) {
        const last = entries.findLast((entry) => entry.latencyMs !== null)?.latencyMs ?? null;
        setText(this.latency, last === null ? "" : answeredIn(last));
        if (last === null)
            delete this.body.dataset["latencyMs"];
        else
            this.body.dataset["latencyMs"] = String(Math.round(last));
    }
    showLog(entries) {
        const following = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < FOLLOW_PX;
        const kept = new Set(entries.map((entry) => entry.id));
        for (const [id, { node }] of this.lines) {
            if (kept.has(id))
                continue;
            node.remove();
            this.lines.delete(id);
        }
        entries.forEach((entry) => this.showEntry(entry));
        if (following)
            this.log.scrollTop = this.log.scrollHeight;
    }
    showEntry(entry) {
        const known = this.lines.get(entry.id);
        if (known?.entry === entry)
            return;
        const node = known?.node ?? this.log.appendChild(captionNode());
        fillCaption(node, entry);
        this.lines.set(entry.id, { entry, node });
        this.announce(entry);
    }
    /** Screen readers hear whole captions, not every word that grows. */
    announce(entry) {
        if (!entry.settled || entry.text === "" || this.announced.has(entry.id))
            return;
        this.announced = new Set([...this.announced, entry.id].slice(-10));
        setText(this.announcer, `${speaker(entry)}: ${entry.text}`);
    }
}
function captionNode() {
    const node = document.createElement("article");
    for (const part of ["who", "heard", "ahead", "mark", "took"]) {
        const span = document.createElement("span");
        span.className = part;
        node.append(span);
    }
    return node;
}
function fillCaption(node, entry) {
    const [who, heard, ahead, mark, took] = [...node.children];
    node.className = `caption ${entry.who}`;
    node.dataset["who"] = entry.who;
    node.dataset["settled"] = String(entry.settled);
    node.dataset["interrupted"] = String(entry.interrupted);
    if (entry.latencyMs !== null)
        node.dataset["latencyMs"] = String(Math.round(entry.latencyMs));
    setText(who, speaker(entry));
    setText(heard, entry.text.slice(0, entry.heard));
    setText(ahead, entry.interrupted ? "" : entry.text.slice(entry.heard));
    setText(mark, entry.interrupted ? "interrupted" : "");
    setText(took, entry.latencyMs === null ? "" : answeredIn(entry.latencyMs));
}
function speaker(entry) {
    return entry.who === "you" ? "You" : "vivavoce";
}
function answeredIn(ms) {
    return `answered in ${(ms / 1000).toFixed(2)} s`;
}
function setText(node, text) {
    if (node !== undefined && node.textContent !== text)
        node.textContent = text;
}
function element(id, type) {
    const found = document.getElementById(id);
    if (!(found instanceof type))
        throw new Error(`the page has no #${id}`);
    return found;
}
