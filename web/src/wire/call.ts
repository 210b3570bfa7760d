/** A call by WebRTC: sound on tracks, which the server paces, ducks and counts, and events on a data channel. */

import { type ClientEvent, isSendable } from "./commands.js";
import type { Connection, Ending, LinkHooks } from "./link.js";
import { parse } from "./protocol.js";

/** A server without WebRTC says so at once; a busy one may take its time to answer the offer. */
const ANSWERED_WITHIN_MS = 15_000;
/** After the answer, a network that lets no UDP through says nothing. */
const OPENED_WITHIN_MS = 5_000;
/** A connection that fails for a moment often comes back by itself. */
const LOST_AFTER_MS = 3_000;
/** A peer that is closed hangs up, where its network is back: one that failed is kept until the server has given it up. */
const GIVEN_UP_AFTER_MS = 60_000;
/** How the server refuses an offer to go on with a session; all else is for the WebSocket to find out. */
const REFUSALS: Readonly<Record<number, Ending>> = { 401: "key", 404: "gone", 503: "busy" };

export interface CallWorld {
  readonly page: string;
  readonly key: string | null;
  /** The session to go on with, null for a new one. */
  readonly resume: string | null;
  /** What the person says. */
  readonly track: MediaStreamTrack;
  /** What the person hears; null when the call is over. */
  readonly play: (sound: MediaStream | null) => void;
}

export class Call implements Connection {
  readonly playsHere = false;
  private readonly peer = new RTCPeerConnection();
  private readonly channel: RTCDataChannel;
  private readonly gone = new AbortController();
  private opened = false;
  private lost: ReturnType<typeof setTimeout> | undefined;
  private address = "";

  constructor(
    private readonly world: CallWorld,
    private readonly hooks: LinkHooks,
  ) {
    this.channel = this.peer.createDataChannel("oai-events");
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => this.take(data);
    this.channel.onclose = () => this.fail();
    this.peer.addTrack(world.track, new MediaStream([world.track]));
    this.peer.ontrack = ({ track, streams }) => world.play(streams[0] ?? new MediaStream([track]));
    this.peer.onconnectionstatechange = () => this.changed();
    void this.offer().catch(() => this.fail(this.world.resume === null ? "never-opened" : "lost"));
  }

  get open(): boolean {
    return this.channel.readyState === "open";
  }

  get buffered(): number {
    return this.channel.bufferedAmount;
  }

  send(event: ClientEvent): void {
    if (this.open) this.channel.send(JSON.stringify(event));
  }

  close(): void {
    if (this.gone.signal.aborted) return;
    this.leave();
    this.hangUp();
    this.peer.close();
  }

  private async offer(): Promise<void> {
    await this.peer.setLocalDescription(await this.peer.createOffer());
    const { page, resume } = this.world;
    const url = new URL("v1/realtime/calls", page);
    if (resume !== null) url.searchParams.set("resume", resume);
    const headers = { "Content-Type": "application/sdp", ...this.authorization() };
    const body = this.peer.localDescription?.sdp ?? "";
    const signal = AbortSignal.any([this.gone.signal, AbortSignal.timeout(ANSWERED_WITHIN_MS)]);
    const answer = await fetch(url, { method: "POST", headers, body, signal });
    if (!answer.ok) return this.fail((resume !== null && REFUSALS[answer.status]) || "never-opened");
    this.address = answer.headers.get("Location") ?? "";
    await this.peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    setTimeout(() => (this.opened ? undefined : this.fail()), OPENED_WITHIN_MS);
  }

  private authorization(): Readonly<Record<string, string>> {
    const { key } = this.world;
    return key !== null && isSendable(key) ? { Authorization: `Bearer ${key}` } : {};
  }

  /** The server notices by itself, but only after a while. */
  private hangUp(): void {
    if (this.address === "") return;
    const url = new URL(`${this.address}/hangup`.replace(/^\//, ""), this.world.page);
    void fetch(url, { method: "POST", headers: this.authorization(), keepalive: true }).catch(() => undefined);
  }

  private take(data: unknown): void {
    const event = typeof data === "string" ? parse(data) : null;
    if (event === null) return;
    this.opened = true;
    this.hooks.event(event);
  }

  private changed(): void {
    const state = this.peer.connectionState;
    clearTimeout(this.lost);
    if (state === "failed" || state === "closed") this.fail();
    if (state === "disconnected") this.lost = setTimeout(() => this.fail(), LOST_AFTER_MS);
  }

  /** A call that was lost goes on for the server, which is told nothing: the next connection may ask for it. */
  private fail(ending: Ending = this.opened ? "lost" : "never-opened"): void {
    if (this.gone.signal.aborted) return;
    if (this.opened || this.world.resume !== null) this.abandon();
    else this.close();
    this.hooks.ended(ending);
  }

  private abandon(): void {
    this.leave();
    for (const sender of this.peer.getSenders()) void sender.replaceTrack(null);
    setTimeout(() => this.peer.close(), GIVEN_UP_AFTER_MS);
  }

  private leave(): void {
    this.gone.abort();
    clearTimeout(this.lost);
    this.world.play(null);
  }
}

/** Calls in the one way and, when that fails before it began, silently in the other. */
export class Dial implements Connection {
  private chosen: Connection;

  constructor(first: (hooks: LinkHooks) => Connection, second: (hooks: LinkHooks) => Connection, hooks: LinkHooks) {
    this.chosen = first({
      event: hooks.event,
      ended: (ending) => {
        if (ending === "never-opened") this.chosen = second(hooks);
        else hooks.ended(ending);
      },
    });
  }

  get open(): boolean {
    return this.chosen.open;
  }

  get buffered(): number {
    return this.chosen.buffered;
  }

  get playsHere(): boolean {
    return this.chosen.playsHere;
  }

  send(event: ClientEvent): void {
    this.chosen.send(event);
  }

  close(): void {
    this.chosen.close();
  }
}
