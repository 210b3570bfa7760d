/** The page: shows what it is handed and tells what the person does. Decides nothing. */

import type { Entry, Phase } from "./captions.js";
import { EAGERNESS, type Manners } from "./manners.js";
import type { Problem } from "./remedies.js";

export interface Wishes {
  readonly toggle: () => void;
  readonly mute: () => void;
  readonly type: (text: string) => void;
  readonly voice: (name: string) => void;
  readonly manners: (manners: Manners) => void;
  readonly forget: () => void;
  readonly key: (key: string) => void;
}

export interface Shown {
  readonly phase: Phase;
  readonly microphone: "off" | "on" | "muted";
  readonly entries: readonly Entry[];
  readonly hearing: boolean;
  readonly droppedFrames: number;
}

const WORDS: { readonly [phase in Phase]: string } = {
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
  private readonly body = document.body;
  private readonly button = element("talk", HTMLButtonElement);
  private readonly state = element("state", HTMLElement);
  private readonly latency = element("latency", HTMLElement);
  private readonly mute = element("mute", HTMLButtonElement);
  private readonly forget = element("forget", HTMLButtonElement);
  private readonly log = element("log", HTMLElement);
  private readonly composed = element("line", HTMLInputElement);
  private readonly voices = element("voice", HTMLSelectElement);
  private readonly problem = element("problem", HTMLElement);
  private readonly announcer = element("announcer", HTMLElement);
  private readonly keyDialog = element("key-dialog", HTMLDialogElement);
  private readonly keyInput = element("key", HTMLInputElement);

  private readonly mannersDialog = element("manners-dialog", HTMLDialogElement);
  private readonly eagerness = element("eagerness", HTMLSelectElement);
  private readonly openers = element("openers", HTMLInputElement);
  private readonly listeningSignals = element("listening-signals", HTMLInputElement);
  private readonly ignoreSideTalk = element("side-talk", HTMLInputElement);

  private readonly lines = new Map<string, { entry: Entry; node: HTMLElement }>();
  private announced = new Set<string>();

  constructor(private readonly wishes: Wishes) {
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

  set voice(name: string) {
    this.voices.value = name;
  }

  get manners(): Manners {
    return {
      eagerness: EAGERNESS.find((name) => name === this.eagerness.value) ?? "auto",
      openers: this.openers.checked,
      listeningSignals: this.listeningSignals.checked,
      ignoreSideTalk: this.ignoreSideTalk.checked,
    };
  }

  set manners(manners: Manners) {
    this.eagerness.value = manners.eagerness;
    this.openers.checked = manners.openers;
    this.listeningSignals.checked = manners.listeningSignals;
    this.ignoreSideTalk.checked = manners.ignoreSideTalk;
  }

  /** What was typed and could not be sent. */
  set line(text: string) {
    this.composed.value = text;
  }

  show(shown: Shown): void {
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

  showProblem(problem: Problem): void {
    this.problem.dataset["kind"] = problem.kind;
    this.problem.hidden = false;
    setText(element("problem-title", HTMLElement), problem.title);
    setText(element("problem-remedy", HTMLElement), problem.remedy);
    if (problem.kind === "key" && !this.keyDialog.open) this.askKey();
  }

  clearProblem(...kinds: readonly Problem["kind"][]): void {
    const shown = this.problem.dataset["kind"] as Problem["kind"];
    if (kinds.length === 0 || kinds.includes(shown)) this.problem.hidden = true;
  }

  private askKey(): void {
    this.keyInput.value = "";
    this.keyDialog.showModal();
  }

  private submitKey(): void {
    const key = this.keyInput.value.trim();
    this.keyInput.value = "";
    if (key !== "") this.wishes.key(key);
  }

  private submitLine(event: Event): void {
    event.preventDefault();
    const text = this.composed.value.trim();
    this.composed.value = "";
    if (text !== "") this.wishes.type(text);
  }

  /** The space bar is the button, except where it already means something. */
  private pressed(event: KeyboardEvent): void {
    const free = event.target === this.body || event.target === this.log;
    if (event.code !== "Space" || event.repeat || !free || this.keyDialog.open || this.mannersDialog.open) return;
    event.preventDefault();
    this.wishes.toggle();
  }

  private showLatency(entries: readonly Entry[]): void {
    const last = entries.findLast((entry) => entry.latencyMs !== null)?.latencyMs ?? null;
    setText(this.latency, last === null ? "" : answeredIn(last));
    if (last === null) delete this.body.dataset["latencyMs"];
    else this.body.dataset["latencyMs"] = String(Math.round(last));
  }

  private showLog(entries: readonly Entry[]): void {
    const following = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < FOLLOW_PX;
    const kept = new Set(entries.map((entry) => entry.id));
    for (const [id, { node }] of this.lines) {
      if (kept.has(id)) continue;
      node.remove();
      this.lines.delete(id);
    }
    entries.forEach((entry) => this.showEntry(entry));
    if (following) this.log.scrollTop = this.log.scrollHeight;
  }

  private showEntry(entry: Entry): void {
    const known = this.lines.get(entry.id);
    if (known?.entry === entry) return;
    const node = known?.node ?? this.log.appendChild(captionNode());
    fillCaption(node, entry);
    this.lines.set(entry.id, { entry, node });
    this.announce(entry);
  }

  /** Screen readers hear whole captions, not every word that grows. */
  private announce(entry: Entry): void {
    if (!entry.settled || entry.text === "" || this.announced.has(entry.id)) return;
    this.announced = new Set([...this.announced, entry.id].slice(-10));
    setText(this.announcer, `${speaker(entry)}: ${entry.text}`);
  }
}

function captionNode(): HTMLElement {
  const node = document.createElement("article");
  for (const part of ["who", "heard", "ahead", "mark", "took"]) {
    const span = document.createElement("span");
    span.className = part;
    node.append(span);
  }
  return node;
}

function fillCaption(node: HTMLElement, entry: Entry): void {
  const [who, heard, ahead, mark, took] = [...node.children] as HTMLElement[];
  node.className = `caption ${entry.who}`;
  node.dataset["who"] = entry.who;
  node.dataset["settled"] = String(entry.settled);
  node.dataset["interrupted"] = String(entry.interrupted);
  if (entry.latencyMs !== null) node.dataset["latencyMs"] = String(Math.round(entry.latencyMs));
  setText(who, speaker(entry));
  setText(heard, entry.text.slice(0, entry.heard));
  setText(ahead, entry.interrupted ? "" : entry.text.slice(entry.heard));
  setText(mark, entry.interrupted ? "interrupted" : "");
  setText(took, entry.latencyMs === null ? "" : answeredIn(entry.latencyMs));
}

function speaker(entry: Entry): string {
  return entry.who === "you" ? "You" : "vivavoce";
}

function answeredIn(ms: number): string {
  return `answered in ${(ms / 1000).toFixed(2)} s`;
}

function setText(node: HTMLElement | undefined, text: string): void {
  if (node !== undefined && node.textContent !== text) node.textContent = text;
}

function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}
