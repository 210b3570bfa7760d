import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Call } from "../src/wire/call.js";
import type { Ending } from "../src/wire/link.js";

class FakeChannel {
  readyState = "connecting";
  bufferedAmount = 0;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
}

class FakePeer {
  static last: FakePeer;
  connectionState = "new";
  localDescription = { sdp: "v=0 offer" };
  onconnectionstatechange: () => void = () => undefined;
  closed = false;
  readonly channel = new FakeChannel();
  readonly sender = { track: {} as unknown, replaceTrack: vi.fn(async () => undefined) };
  constructor() {
    FakePeer.last = this;
  }
  createDataChannel = (): FakeChannel => this.channel;
  addTrack = (): void => undefined;
  getSenders = (): unknown[] => [this.sender];
  createOffer = async (): Promise<unknown> => ({});
  setLocalDescription = async (): Promise<void> => undefined;
  setRemoteDescription = async (): Promise<void> => undefined;
  close(): void {
    this.closed = true;
  }
  becomes(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange();
  }
}

const asked: string[] = [];
let reply: () => Promise<Response>;

function call(resume: string | null): { readonly call: Call; readonly endings: Ending[]; readonly peer: FakePeer } {
  const endings: Ending[] = [];
  const world = { page: "http://host/", key: null, resume, track: {} as MediaStreamTrack, play: () => undefined };
  const made = new Call(world, { event: () => undefined, ended: (ending) => endings.push(ending) });
  return { call: made, endings, peer: FakePeer.last };
}

async function opened(resume: string | null): Promise<ReturnType<typeof call>> {
  const begun = call(resume);
  await vi.advanceTimersByTimeAsync(0);
  begun.peer.channel.onmessage?.({ data: '{"type":"session.created","session":{"id":"sess_1"}}' });
  return begun;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", FakePeer);
  vi.stubGlobal("MediaStream", class {});
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(url.href);
    return reply();
  });
  asked.length = 0;
  reply = async () => new Response("v=0 answer", { status: 201, headers: { Location: "/v1/realtime/calls/rtc_1" } });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a call", () => {
  it("that its person ends is hung up, so that it is over for the server at once", async () => {
    const { call, endings, peer } = await opened(null);
    call.close();
    expect(asked).toEqual(["http://host/v1/realtime/calls", "http://host/v1/realtime/calls/rtc_1/hangup"]);
    expect(peer.closed).toBe(true);
    expect(endings).toEqual([]);
  });

  it("whose network fails is not hung up: no word to the server, and the peer says none either", async () => {
    const { call, endings, peer } = await opened(null);
    peer.becomes("failed");
    call.close();
    expect(endings).toEqual(["lost"]);
    expect(asked).toHaveLength(1);
    expect(peer.closed).toBe(false);
    expect(peer.sender.replaceTrack).toHaveBeenCalledWith(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(peer.closed).toBe(true);
  });

  it("is lost only when its network stays away", async () => {
    const { endings, peer } = await opened(null);
    peer.becomes("disconnected");
    await vi.advanceTimersByTimeAsync(2_000);
    peer.becomes("connected");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(endings).toEqual([]);
    peer.becomes("disconnected");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(endings).toEqual(["lost"]);
  });

  it("goes on with the session that it names", async () => {
    await opened("sess_1");
    expect(asked).toEqual(["http://host/v1/realtime/calls?resume=sess_1"]);
  });

  it.each([
    ["gone", 404],
    ["key", 401],
    ["busy", 503],
    ["never-opened", 400],
  ] as const)("that cannot go on is %s for status %i", async (ending, status) => {
    reply = async () => new Response("", { status });
    const { endings } = call("sess_1");
    await vi.advanceTimersByTimeAsync(0);
    expect(endings).toEqual([ending]);
  });

  it("tries again where there is no network to go on by, and leaves a first try to the WebSocket", async () => {
    reply = () => Promise.reject(new TypeError("no network"));
    const [again, first] = [call("sess_1"), call(null)];
    await vi.advanceTimersByTimeAsync(0);
    expect(again.endings).toEqual(["lost"]);
    expect(first.endings).toEqual(["never-opened"]);
  });
});
