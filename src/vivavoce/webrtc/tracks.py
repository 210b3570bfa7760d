"""The two directions of a call's sound, between aiortc's packets and samples at RATE."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCRtpReceiver
from aiortc.mediastreams import MediaStreamError

from vivavoce.audio.codecs import to_pcm16
from vivavoce.webrtc.jitter import Packet, Reorder
from vivavoce.webrtc.opus import CLOCK, Decoder, Encoder
from vivavoce.webrtc.playout import FRAME, RATE, Playout

FRAME_SECONDS = FRAME / RATE
LATE = 0.2
"""Seconds behind after which the clock is set anew: better a gap than a burst."""
TICKS = int(CLOCK * FRAME_SECONDS)


class Speaker(MediaStreamTrack):
    """What the caller hears: paced by our clock, encoded here, one packet every 20 ms."""

    kind = "audio"

    def __init__(self, playout: Playout) -> None:
        super().__init__()
        self._playout, self._encoder = playout, Encoder()
        self._due: float | None = None
        self._frames = 0

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._due is None or now - self._due > LATE:
            self._due = now
        if self._due > now:
            await asyncio.sleep(self._due - now)
        self._due += FRAME_SECONDS
        packet = av.Packet(self._encoder.encode(self._playout.take()))
        packet.pts, packet.time_base = self._frames * TICKS, Fraction(1, CLOCK)
        self._frames += 1
        return packet


class Microphone:
    """What the caller says, from RTP packets to base64 of 16-bit sound at RATE.

    aiortc's own jitter buffer delays every frame by 80 ms and, from the first lost packet on, by 320 ms for good
    (release 1.16). So this takes its place: it gets every packet, orders, decodes and conceals, and gives aiortc
    nothing to decode.
    """

    capacity = 16

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._reorder, self._decoder = Reorder(FRAME_SECONDS), Decoder()
        self._timer: asyncio.TimerHandle | None = None

    def listen_to(self, receiver: RTCRtpReceiver) -> None:
        vars(receiver)["_RTCRtpReceiver__jitter_buffer"] = self

    def add(self, packet: Any) -> tuple[bool, None]:
        """aiortc's side: whether a key frame is needed, and what to decode."""
        self._play(self._reorder.arrive(packet.sequence_number, packet.payload, self._now()))
        return False, None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _play(self, packets: list[Packet]) -> None:
        for packet in packets:
            samples = self._decoder.decode(packet.payload)
            if len(samples):
                self._hear(base64.b64encode(to_pcm16(samples)).decode("ascii"))
        self._watch()

    def _watch(self) -> None:
        self.close()
        if (deadline := self._reorder.deadline) is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._give_up)

    def _give_up(self) -> None:
        self._play(self._reorder.expire(self._now()))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
