"""The two directions of a call's sound, between aiortc's packets and samples at RATE."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpTransceiver
from aiortc.codecs import CODECS
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.pcm import Samples
from vivavoce.webrtc.jitter import Packet, Reorder
from vivavoce.webrtc.keypad import CLOCKS, KeyPacket, Keypad
from vivavoce.webrtc.opus import CLOCK, Decoder, Encoder
from vivavoce.webrtc.playout import FRAME, RATE, Playout

FRAME_SECONDS = FRAME / RATE
LATE = 0.2
"""Seconds behind after which the clock is set anew: better a gap than a burst."""
TICKS = int(CLOCK * FRAME_SECONDS)
OPUS_MIME, KEYS_MIME = "audio/opus", "audio/telephone-event"
KEY_TYPES = (110, 126)
"""Payload types that we would offer; in an answer they are the caller's."""


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
    """What the caller says, from RTP packets to base64 of 16-bit sound at RATE, and which keys it presses.

    aiortc's own jitter buffer delays every frame by 80 ms and, from the first lost packet on, by 320 ms for good
    (release 1.16). So this takes its place: it gets every packet, orders, decodes and conceals, and gives aiortc
    nothing to decode.
    """

    capacity = 16

    def __init__(self, hear: Callable[[str], None], press: Callable[[str], None] = lambda _: None) -> None:
        self._hear, self._press = hear, press
        self._reorder: Reorder[RtpPacket] = Reorder(FRAME_SECONDS)
        self._decoder, self._keypad = Decoder(), Keypad()
        self._timer: asyncio.TimerHandle | None = None
        self.key_clocks: dict[int, int] = {}
        """Payload types that are keys, once they are agreed on, and the Hz of their time stamps."""

    def listen_to(self, receiver: RTCRtpReceiver) -> None:
        vars(receiver)["_RTCRtpReceiver__jitter_buffer"] = self

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """aiortc's side: whether a key frame is needed, and what to decode."""
        self._play(self._reorder.arrive(packet.sequence_number, packet, self._now()))
        return False, None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _play(self, packets: list[Packet[RtpPacket]]) -> None:
        for packet in packets:
            if len(samples := self._samples(packet.payload)):
                self._hear(base64.b64encode(to_pcm16(samples)).decode("ascii"))
        self._watch()

    def _samples(self, packet: RtpPacket | None) -> Samples:
        """What is heard of a packet, None for a lost one."""
        clock = None if packet is None else self.key_clocks.get(packet.payload_type)
        if packet is None or clock is None:
            return self._decoder.decode(b"" if packet is None else packet.payload)
        key = KeyPacket.read(packet.payload, packet.timestamp, clock, marked=bool(packet.marker))
        if key is None:
            return np.zeros(0, np.float32)
        pressed, seconds = self._keypad.take(key)
        if pressed:
            self._press(pressed)
        return np.zeros(round(seconds * RATE), np.float32)  # so that the session's time goes on

    def _watch(self) -> None:
        self.close()
        if (deadline := self._reorder.deadline) is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._give_up)

    def _give_up(self) -> None:
        self._play(self._reorder.expire(self._now()))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def negotiate_what_we_carry() -> None:
    """Have aiortc offer and accept Opus, which we code ourselves, and telephone keys, of which it knows nothing; it
    hands on every packet of a type that was agreed on. Its table of codecs is what it negotiates by: preferences that
    are set once an offer is there come too late."""
    keys = [
        RTCRtpCodecParameters(mimeType=KEYS_MIME, clockRate=clock, channels=1, payloadType=number)
        for number, clock in zip(KEY_TYPES, CLOCKS, strict=True)
    ]
    CODECS["audio"][:] = [*(it for it in CODECS["audio"] if it.mimeType == OPUS_MIME), *keys]


def speak_opus(transceiver: RTCRtpTransceiver) -> bool:
    """What aiortc sends is of the first codec that both know: make that Opus. False: the caller does not take it."""
    agreed: list[RTCRtpCodecParameters] = transceiver._codecs
    agreed.sort(key=lambda it: it.mimeType != OPUS_MIME)
    return bool(agreed) and agreed[0].mimeType == OPUS_MIME
