"""LiveKit Agents on the wire of `vivavoce bench peers`: an AgentSession with its own VAD and turn detector, whose sound
comes and goes over a WebSocket through its public `AudioInput` and `AudioOutput`. No room, no LiveKit server, no cloud.

    PEER_PYTHON bench/peers/livekit_peer.py --port PORT --models http://127.0.0.1:PORT/v1 --settings defaults|best

Run by the peer's own Python, which has livekit-agents and not vivavoce. Each connection has a session of its own.
"""

import argparse
import asyncio
import time

from aiohttp import WSMsgType, web
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice import io
from livekit.plugins import openai

HEARD_RATE, SPOKEN_RATE = 16_000, 24_000


class Microphone(io.AudioInput):
    def __init__(self) -> None:
        super().__init__(label="wire")
        self.frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self.frames.get()
        if frame is None:
            raise StopAsyncIteration
        return frame


class Loudspeaker(io.AudioOutput):
    """Sends sound as it comes, and tells the session when the last of it has been played."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        super().__init__(label="wire", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=SPOKEN_RATE)
        self.socket = socket
        self.began: float | None = None
        self.seconds = 0.0
        self.ending: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self.began is None:
            self.began, self.seconds = time.time(), 0.0
            self.on_playback_started(created_at=self.began)
        self.seconds += frame.duration
        if not self.socket.closed:
            await self.socket.send_bytes(bytes(frame.data))

    def flush(self) -> None:
        super().flush()
        if self.began is not None:
            self.ending = asyncio.create_task(self._end())

    def clear_buffer(self) -> None:
        if self.began is not None:
            if self.ending:
                self.ending.cancel()
            asyncio.ensure_future(self._say("flush"))  # noqa: RUF006
            self._finish(time.time() - self.began, interrupted=True)

    async def _say(self, word: str) -> None:
        if not self.socket.closed:
            await self.socket.send_str(word)

    async def _end(self) -> None:
        await asyncio.sleep(max(0.0, self.began + self.seconds - time.time()))
        self._finish(self.seconds, interrupted=False)

    def _finish(self, position: float, interrupted: bool) -> None:
        self.began = None
        self.on_playback_finished(playback_position=min(position, self.seconds), interrupted=interrupted)


def session(args: argparse.Namespace) -> AgentSession:
    server = {"api_key": "none", "base_url": args.models}
    stages = {
        "stt": openai.STT(model="whisper-1", **server),
        "llm": openai.LLM(model="vivavoce", **server),
        "tts": openai.TTS(model="tts-1", voice="marin", response_format="pcm", **server),
    }
    if args.settings == "defaults":
        return AgentSession(**stages)
    return AgentSession(
        **stages,
        turn_handling={
            "endpointing": {"min_delay": 0.0, "max_delay": 1.0},
            "preemptive_generation": {"enabled": True, "preemptive_tts": True},
        },
    )


async def converse(request: web.Request) -> web.WebSocketResponse:
    args = request.app["args"]
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    talk, microphone = session(args), Microphone()
    talk.input.audio, talk.output.audio = microphone, Loudspeaker(socket)
    await talk.start(agent=Agent(instructions=args.instructions))
    await socket.send_str("ready")
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await microphone.frames.put(rtc.AudioFrame(message.data, HEARD_RATE, 1, len(message.data) // 2))
    finally:
        await microphone.frames.put(None)
        await talk.aclose()
    return socket


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("port", "models", "settings", "instructions"):
        parser.add_argument(f"--{name}", required=True, type=int if name == "port" else str)
    app = web.Application()
    app["args"] = parser.parse_known_args()[0]
    app.router.add_get("/", converse)
    web.run_app(app, host="127.0.0.1", port=app["args"].port, print=None)


if __name__ == "__main__":
    main()
