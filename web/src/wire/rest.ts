/** Plain requests to the server beside the live connection. */

import { isSendable } from "./commands.js";
import { isRecord, record, text } from "./items.js";

const DEADLINE_MS = 20_000;

/** The server said no, or nothing. `status` 0: it could not be reached. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The server has no such route, or no such thing. */
  get absent(): boolean {
    return this.status === 404 || this.status === 405 || this.status === 501;
  }
}

export interface Request {
  readonly method?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export class Rest {
  constructor(
    private readonly page: string,
    private readonly key: () => string | null,
  ) {}

  /** The answer's JSON. Throws Refused. */
  async ask(path: string, request: Request = {}): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.fetch(path, request);
    if (answer.status === 204) return {};
    const value: unknown = await answer.json().catch(() => null);
    return isRecord(value) ? value : { data: value };
  }

  /** The answer itself, for what is no JSON. Throws Refused. */
  async fetch(path: string, { method, body, signal, deadlineMs }: Request = {}): Promise<Response> {
    const key = this.key();
    const headers: Record<string, string> = key !== null && isSendable(key) ? { Authorization: `Bearer ${key}` } : {};
    const isForm = body instanceof FormData || body instanceof Blob;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    const sent = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
    const deadline = AbortSignal.timeout(deadlineMs ?? DEADLINE_MS);
    const options = { method: method ?? (body === undefined ? "GET" : "POST"), headers, ...sent };
    let answer: Response;
    try {
      answer = await fetch(new URL(path, this.page), { ...options, signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]) });
    } catch (error) {
      throw new Refused(0, error instanceof Error ? error.message : "");
    }
    if (!answer.ok) throw new Refused(answer.status, await complaint(answer));
    return answer;
  }
}

async function complaint(answer: Response): Promise<string> {
  const value: unknown = await answer.json().catch(() => null);
  return isRecord(value) ? text(record(value, "error"), "message") || answer.statusText : answer.statusText;
}
