/** One WebSocket to the server, and how to read its end. */
import { isSendable, parse, subprotocols } from "./protocol.js";
/** RFC 6455: "try again later". */
const CLOSE_TRY_AGAIN_LATER = 1013;
/** The registered "unauthorized". */
const CLOSE_UNAUTHORIZED = 3000;
const CODE_BUSY = "server_busy";
const CODE_KEY = "invalid_api_key";
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8_000;
const BUSY_RETRY_MS = 3_000;
/** How a connection that closed with `code` ended, after the error codes it had sent. */
export function endingOf(code, opened, errors) {
    if (errors.has(CODE_BUSY) || code === CLOSE_TRY_AGAIN_LATER)
        return "busy";
    if (errors.has(CODE_KEY) || code === CLOSE_UNAUTHORIZED)
        return "key";
    return opened ? "lost" : "never-opened";
}
/** Doubling, with jitter so that a restarted server does not meet all its pages at once. `random` is in [0, 1). */
export function retryDelay(attempt, busy, random) {
    const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
    return Math.max(busy ? BUSY_RETRY_MS : 0, delay) * (0.75 + 0.5 * random);
}
export function realtimeUrl(page) {
    const url = new URL("v1/realtime?model=vivavoce", page);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
}
export class Link {
    hooks;
    socket;
    errors = new Set();
    wasOpen = false;
    /** Throws nothing for a key that cannot be sent: look before with `isSendable`. */
    constructor(url, key, hooks) {
        this.hooks = hooks;
        this.socket = new WebSocket(url, subprotocols(key !== null && isSendable(key) ? key : null));
        this.socket.onopen = () => {
            this.wasOpen = true;
            hooks.opened();
        };
        this.socket.onmessage = ({ data }) => this.take(data);
        this.socket.onclose = ({ code }) => hooks.ended(endingOf(code, this.wasOpen, this.errors));
    }
    get open() {
        return this.socket.readyState === WebSocket.OPEN;
    }
    get buffered() {
        return this.socket.bufferedAmount;
    }
    send(event) {
        if (this.open)
            this.socket.send(JSON.stringify(event));
    }
    /** Ends the connection on purpose: no hook is called any more. */
    close() {
        this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
        this.socket.close(1000);
    }
    take(data) {
        const event = typeof data === "string" ? parse(data) : null;
        if (event === null)
            return;
        if (event.type === "error" && typeof event.error.code === "string")
            this.errors.add(event.error.code);
        this.hooks.event(event);
    }
}
