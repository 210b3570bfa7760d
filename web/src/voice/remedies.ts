/** Everything that can go wrong; the words for it, and what the person can do, stand in `i18n/`. */

export type ProblemKind =
  | "insecure"
  | "microphone-denied"
  | "microphone-missing"
  | "microphone-busy"
  | "microphone-lost"
  | "unsupported"
  | "unreachable"
  | "refused"
  | "lost"
  | "busy"
  | "key"
  | "key-unsendable"
  | "session"
  | "reply"
  | "voice-later"
  | "file"
  | "too-many-files"
  | "picture"
  | "request";

export interface Problem {
  readonly kind: ProblemKind;
  /** What the server says of it, or the name of the file at fault. */
  readonly detail: string;
}

function plain(kind: ProblemKind): Problem {
  return { kind, detail: "" };
}

export const INSECURE = plain("insecure");
export const UNSUPPORTED = plain("unsupported");
export const MICROPHONE_LOST = plain("microphone-lost");
export const UNREACHABLE = plain("unreachable");
export const REFUSED = plain("refused");
export const LOST = plain("lost");
export const BUSY = plain("busy");
export const KEY_NEEDED = plain("key");
export const KEY_UNSENDABLE = plain("key-unsendable");
/** The mind sees none; the message was not taken. */
export const PICTURE = plain("picture");
export const VOICE_LATER = plain("voice-later");

/** Sound that could not be set up: its worklets are fetched only then, so the network may be at fault. */
export function soundProblem(error: unknown): Problem {
  return error instanceof DOMException && error.name === "AbortError" ? UNREACHABLE : UNSUPPORTED;
}

/** A refusal by getUserMedia; `name` is the DOMException's. */
export function microphoneProblem(name: string): Problem {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return plain("microphone-denied");
    case "NotFoundError":
    case "OverconstrainedError":
      return plain("microphone-missing");
    default:
      return plain("microphone-busy");
  }
}

/** Errors that the end of the connection explains better. */
const ENDINGS = new Set(["server_busy", "invalid_api_key", "call_not_found"]);

/** An `error` event: the session goes on. */
export function sessionProblem({ code, message }: { readonly code?: string | null; readonly message: string }): Problem | null {
  if (ENDINGS.has(code ?? "")) return null;
  return code === "image_not_supported" ? PICTURE : { kind: "session", detail: message };
}

/** A response that ended as failed. */
export function failedReply(message: string | undefined): Problem {
  return { kind: "reply", detail: message ?? "" };
}
