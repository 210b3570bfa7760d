/** Everything that can go wrong, in plain words, with what the person can do about it. */
export const INSECURE = {
    kind: "insecure",
    title: "The browser gives the microphone only to safe pages.",
    remedy: "Open this page over https, or on the server's own machine as http://localhost. You can still type.",
};
export const UNSUPPORTED = {
    kind: "unsupported",
    title: "This browser cannot play or record sound the way this page needs.",
    remedy: "Use a current Chrome, Edge, Firefox or Safari.",
};
export const MICROPHONE_LOST = {
    kind: "microphone-lost",
    title: "The microphone went away.",
    remedy: "Plug it in again or choose another one, then press the button. You can still type.",
};
export const UNREACHABLE = {
    kind: "unreachable",
    title: "The server does not answer.",
    remedy: "Check that vivavoce is running and that this device is on its network, then press the button again.",
};
export const REFUSED = {
    kind: "refused",
    title: "The server is there but refused the conversation.",
    remedy: "Press the button to try again; the server's own log says why.",
};
export const LOST = {
    kind: "lost",
    title: "The connection was lost.",
    remedy: "Trying again by itself. What was said stays here.",
};
export const BUSY = {
    kind: "busy",
    title: "The server is talking with as many people as it can.",
    remedy: "Leave this page open: it tries again by itself.",
};
export const KEY_NEEDED = {
    kind: "key",
    title: "The server wants a valid key.",
    remedy: "Enter the key that was set when the server was started.",
};
export const KEY_UNSENDABLE = {
    kind: "key",
    title: "This key has characters that a browser cannot send.",
    remedy: "Keys are made of letters, digits and simple marks, without spaces.",
};
/** Words for sound that could not be set up: its worklets are fetched only then, so the network may be at fault. */
export function soundProblem(error) {
    return error instanceof DOMException && error.name === "AbortError" ? UNREACHABLE : UNSUPPORTED;
}
/** Words for a refusal by getUserMedia; `name` is the DOMException's. */
export function microphoneProblem(name) {
    switch (name) {
        case "NotAllowedError":
        case "SecurityError":
            return {
                kind: "microphone-denied",
                title: "The microphone is blocked for this page.",
                remedy: "Allow it through the icon beside the address, then press the button again. You can still type.",
            };
        case "NotFoundError":
        case "OverconstrainedError":
            return {
                kind: "microphone-missing",
                title: "No microphone was found.",
                remedy: "Plug one in or switch it on, then press the button again. You can still type.",
            };
        default:
            return {
                kind: "microphone-busy",
                title: "The microphone could not be opened.",
                remedy: "Close other programs that use it, then press the button again. You can still type.",
            };
    }
}
/** An `error` event: the session goes on. */
export function sessionProblem(message) {
    return { kind: "session", title: message, remedy: "The conversation goes on: say or type it again." };
}
/** A response that ended as failed. */
export function failedReply(message) {
    const reason = message === undefined || message === "" ? "" : ` (${message.replace(/\.$/, "")})`;
    return { kind: "session", title: `This reply failed${reason}.`, remedy: "The conversation goes on: ask again." };
}
