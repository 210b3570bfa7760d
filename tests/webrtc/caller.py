"""A caller over WebRTC: aiortc's own peer connection, a voice from samples, an ear that keeps what it hears."""

from __future__ import annotations

import asyncio
import base64
import json
from fractions import Fraction
from typing import Any

import av
import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription

from tests.waiting import PATIENCE, until
from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.audio.pcm import Pcm
from vivavoce.webrtc.tracks import Microphone

RATE = 48_000
HEARD_RATE = 24_000
FRAME = RATE // 50
SILENT = 0.01
"""No sample of a frame of silence is louder."""


class Voice(MediaStreamTrack):
    """Silence, until something is said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._rest = np.zeros(0, np.float32)
        self._frames = 0
        self._began: float | None = None
        self.spoken = asyncio.Event()
        """What was said last is out."""

    def say(self, sound: Pcm) -> None:
        assert sound.rate == RATE
        self._rest = np.concatenate([self._rest, sound.samples])
        self.spoken.clear()

    async def recv(self) -> Any:
        loop = asyncio.get_running_loop()
        self._began = self._began or loop.time()
        await asyncio.sleep(max(0, self._began + self._frames * 0.02 - loop.time()))
        samples, self._rest = self._rest[:FRAME], self._rest[FRAME:]
        if not len(self._rest):
            self.spoken.set()
        data = np.pad(samples, (0, FRAME - len(samples)))
        frame = av.AudioFrame.from_ndarray(np.frombuffer(to_pcm16(data), "<i2").reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._frames * FRAME, Fraction(1, RATE)
        self._frames += 1
        return frame


class Caller:
    """`async with Caller(base) as caller:` is connected, and has read session.created."""

    def __init__(
        self,
        base: str,
        session: dict[str, Any] | None = None,
        key: str = "",
        tls: Any = True,
        resume: str = "",
        *,
        sounds: bool = True,
    ) -> None:
        """`tls`: how the server's certificate is checked, as httpx takes it. `resume`: a call to go on with. `sounds`:
        it has a microphone and hears."""
        self._base, self._session, self._tls = base, session, tls
        self._resume = {"resume": resume} if resume else {}
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.peer = RTCPeerConnection()
        self.voice = Voice()
        self.channel = self.peer.createDataChannel("oai-events")
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.seen: list[tuple[float, dict[str, Any]]] = []
        self.heard: list[tuple[float, Any]] = []
        """(loop time, samples at HEARD_RATE) of every frame."""
        self.call_id = self.session_id = ""
        self.closed = asyncio.Event()
        self._ear = Microphone(self._hear)
        if sounds:
            self.peer.addTrack(self.voice)

    async def __aenter__(self) -> Caller:
        opened = asyncio.Event()
        self.channel.on("open", opened.set)
        self.channel.on("close", self.closed.set)
        self.channel.on("message", self._take)
        self.peer.on("track", self._take_track)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        answer = await self._admitted()
        assert answer.status_code == 201, answer.text
        self.call_id = answer.headers["location"].rsplit("/", 1)[1]
        await self.peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        async with asyncio.timeout(PATIENCE):
            await opened.wait()
            created = await self.next()
            assert created["type"] == "session.created"
            self.session_id = created["session"]["id"]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ear.close()
        await self.peer.close()

    async def _admitted(self) -> httpx.Response:
        """A server that has its hands full is asked again: how many it takes in depends on how busy the machine is."""
        async with asyncio.timeout(PATIENCE):
            while (answer := await self.offer()).status_code == 503:
                await asyncio.sleep(0.5)
        return answer

    async def offer(self) -> httpx.Response:
        sdp = self.peer.localDescription.sdp
        url = f"{self._base}/v1/realtime/calls"
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, verify=self._tls, headers=self._headers) as web:
            if self._session is None:
                kind = {"content-type": "application/sdp"}
                return await web.post(url, content=sdp, headers=kind, params=self._resume)
            parts = {
                "sdp": (None, sdp, "application/sdp"),
                "session": (None, json.dumps(self._session), "application/json"),
            }
            return await web.post(url, files=parts, params=self._resume)

    def vanish(self) -> None:
        """Be gone without a word, as when a network fails: no packet leaves from now on."""
        for sender in self.peer.getSenders():
            connection: Any = sender.transport.transport._connection
            for protocol in connection._protocols:
                protocol.transport.abort()

    def send(self, kind: str, **fields: Any) -> None:
        self.channel.send(json.dumps({"type": kind, **fields}))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return await self.events.get()

    async def until(self, kind: str) -> dict[str, Any]:
        while (event := await self.next())["type"] != kind:
            assert event["type"] != "error", event
        return event

    @property
    def loud_ms(self) -> int:
        """For how long the assistant was heard: gaps, as a busy machine makes them, are not counted."""
        return 20 * sum(np.abs(samples).max() > SILENT for _, samples in self.heard)

    async def hears(self, seconds: float) -> None:
        """Until so much more of the assistant was heard."""
        enough = self.loud_ms + seconds * 1000
        await until(lambda: self.loud_ms >= enough)

    async def hears_nothing(self, seconds: float) -> None:
        """Until so much silence has come after the last sound."""
        frames = round(seconds * 50)
        await until(lambda: len(self.heard) >= frames and not self._loud(frames))

    def _loud(self, frames: int) -> bool:
        return any(np.abs(samples).max() > SILENT for _, samples in self.heard[-frames:])

    def heard_sound(self) -> Pcm:
        pieces = [samples for _, samples in self.heard]
        return Pcm(np.concatenate(pieces) if pieces else np.zeros(0, np.float32), HEARD_RATE)

    def _take(self, message: str) -> None:
        event = json.loads(message)
        self.seen.append((asyncio.get_running_loop().time(), event))
        self.events.put_nowait(event)

    def _take_track(self, track: Any) -> None:
        """Packets are put in order as a browser does it: aiortc's own way stalls at the first that is lost."""
        for receiver in self.peer.getReceivers():
            if receiver.track is track:
                self._ear.listen_to(receiver)

    def _hear(self, sound: str) -> None:
        self.heard.append((asyncio.get_running_loop().time(), from_pcm16(base64.b64decode(sound))))
