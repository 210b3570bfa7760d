/** One WebSocket to the server, and how to read its end. */

import { type ClientEvent, isSendable, subprotocols } from "./commands.js";
import { type ServerEvent, parse } from "./protocol.js";

/** Why a connection ended. "gone": the conversation that it was to go on with has ended. */
export type Ending = "lost" | "busy" | "key" | "gone" | "never-opened";

/** One connection to the server, of whatever kind. */
export interface Connection {
  readonly open: boolean;
  /** Bytes handed over that the network has not taken yet. */
  readonly buffered: number;
  /** The sound of answers comes as events and is played here; else it comes on a track, as the server paces it. */
  readonly playsHere: boolean;
  send(event: ClientEvent): void;
  /** Ends the connection on purpose: no hook is called any more. */
  close(): void;
}

export interface LinkHooks {
  readonly event: (event: ServerEvent) => void;
  readonly ended: (ending: Ending) => void;
}

/** RFC 6455: "try again later". */
const CLOSE_TRY_AGAIN_LATER = 1013;
/** The registered "unauthorized". */
const CLOSE_UNAUTHORIZED = 3000;
const CODE_BUSY = "server_busy";
const CODE_KEY = "invalid_api_key";
const CODE_GONE = "call_not_found";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8_000;
const BUSY_RETRY_MS = 3_000;

/** How a connection that closed with `code` ended, after the error codes it had sent. */
export function endingOf(code: number, opened: boolean, errors: ReadonlySet<string>): Ending {
  if (errors.has(CODE_BUSY) || code === CLOSE_TRY_AGAIN_LATER) return "busy";
  if (errors.has(CODE_KEY) || code === CLOSE_UNAUTHORIZED) return "key";
  if (errors.has(CODE_GONE)) return "gone";
  return opened ? "lost" : "never-opened";
}

/** Doubling, with jitter so that a restarted server does not meet all its pages at once. `random` is in [0, 1). */
export function retryDelay(attempt: number, busy: boolean, random: number): number {
  const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return Math.max(busy ? BUSY_RETRY_MS : 0, delay) * (0.75 + 0.5 * random);
}

/** `resume`: the session to go on with, null for a new one. */
export function realtimeUrl(page: string, model: string, resume: string | null): string {
  const url = new URL("v1/realtime", page);
  url.searchParams.set("model", model || "vivavoce");
  if (resume !== null) url.searchParams.set("resume", resume);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

export class Link implements Connection {
  readonly playsHere = true;
  private readonly socket: WebSocket;
  private readonly errors = new Set<string>();
  private wasOpen = false;

  /** Throws nothing for a key that cannot be sent: look before with `isSendable`. */
  constructor(url: string, key: string | null, private readonly hooks: LinkHooks) {
    this.socket = new WebSocket(url, subprotocols(key !== null && isSendable(key) ? key : null));
    this.socket.onopen = () => {
      this.wasOpen = true;
    };
    this.socket.onmessage = ({ data }: MessageEvent<unknown>) => this.take(data);
    this.socket.onclose = ({ code }) => hooks.ended(endingOf(code, this.wasOpen, this.errors));
  }

  get open(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  get buffered(): number {
    return this.socket.bufferedAmount;
  }

  send(event: ClientEvent): void {
    if (this.open) this.socket.send(JSON.stringify(event));
  }

  close(): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close(1000);
  }

  private take(data: unknown): void {
    const event = typeof data === "string" ? parse(data) : null;
    if (event === null) return;
    if (event.type === "error" && typeof event.error.code === "string") this.errors.add(event.error.code);
    this.hooks.event(event);
  }
}
