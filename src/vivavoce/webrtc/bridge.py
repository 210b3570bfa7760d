"""One WebRTC call: between a caller's peer connection and a session of the server, whose WebSocket client it is.

microphone ─ append ─▶                    ─ audio deltas ─▶ playout ─▶ speaker
data channel ─ events ─▶  the server      ─ all other events ─▶ data channel
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from vivavoce.audio.codecs import from_pcm16
from vivavoce.certificate import trusting
from vivavoce.conversation.items import new_id
from vivavoce.webrtc.playout import Item, Notice, Playout, Started
from vivavoce.webrtc.tracks import Microphone, Speaker

log = logging.getLogger(__name__)

CONNECT_WITHIN = 20.0
"""Seconds that the caller has to connect once it has our answer."""
ANSWER_WITHIN = 10.0
FROM_CALLER = 256
"""Events of the caller that may wait for the server; sound has its own, shorter queue."""
SOUND_AHEAD = 100
"""Frames of the caller's sound that may wait for the server: 2 s. Older ones are dropped."""
LARGEST_EVENT = 256 * 1024
"""Bytes that browsers take in one message of a data channel."""
CHANNEL_ROOM = 4 * 1024 * 1024
"""Bytes that may wait in the data channel of a caller that reads nothing."""


class Refused(Exception):
    """The call cannot be made. `fault`: "sdp", or the server's own `error` object."""

    def __init__(self, message: str, fault: str | dict[str, Any] = "sdp") -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Options:
    """`server`: ws address of the server; `ice_servers`: [(url, user name, password)]; `certificate`: PEM file of the
    server's, "" where it is spoken to without TLS."""

    server: str
    ice_servers: tuple[tuple[str, str, str], ...] = ()
    certificate: str = ""


class Bridge:
    def __init__(self, call_id: str, key: str, options: Options) -> None:
        """`key`: opens the session that was prepared for this call."""
        self.call_id, self._key, self._options = call_id, key, options
        servers = [RTCIceServer(url, user or None, password or None) for url, user, password in options.ice_servers]
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._playout = Playout(self._notice)
        self._microphone = Microphone(self._heard)
        self._socket: ClientConnection | None = None
        self._channel: RTCDataChannel | None = None
        self._unsent: list[str] = []
        """Events from before the data channel was open."""
        self._events: asyncio.Queue[str] = asyncio.Queue(FROM_CALLER)
        self._sound: asyncio.Queue[str] = asyncio.Queue(SOUND_AHEAD)
        self._connected = asyncio.Event()
        self._over = asyncio.Event()
        self._interrupts = True
        """Whether a voice of the caller's cuts the assistant's off."""

    # --- life

    async def answer(self, sdp: str) -> str:
        """Meet the server, then the caller's offer. The answer to it; `run` is to follow. Raises Refused."""
        self._peer.on("datachannel", self._take_channel)
        self._peer.on("track", self._take_track)
        self._peer.on("connectionstatechange", self._changed)
        try:
            await self._meet_server()
            return await self._meet_caller(sdp)
        except BaseException:
            await self.close()
            raise

    async def run(self) -> None:
        """Serve the call until either side ends it, or the caller does not connect."""
        tasks = [
            asyncio.create_task(work())
            for work in (self._from_server, self._events_to_server, self._sound_to_server, self._given_up, self._ended)
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and (error := task.exception()) and not isinstance(error, ConnectionClosed):
                    log.error("call %s broke", self.call_id, exc_info=error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self.close()

    async def close(self) -> None:
        self._over.set()
        self._microphone.close()
        if self._socket is not None:
            await self._socket.close()
        await self._peer.close()

    async def _meet_server(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                self._socket = await connect(
                    self._options.server,
                    additional_headers=headers,
                    max_size=None,
                    proxy=None,
                    compression=None,
                    ssl=trusting(Path(certificate)) if (certificate := self._options.certificate) else None,
                )
                first = await self._socket.recv()
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Refused(f"The server did not open a session ({type(error).__name__}).", {}) from None
        event = json.loads(first)
        if event["type"] == "error":
            raise Refused(event["error"]["message"], event["error"])
        self._note_session(event["session"])
        self._unsent.append(str(first))

    async def _meet_caller(self, sdp: str) -> str:
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        except Exception as error:  # noqa: BLE001 - the parser's errors are of every kind
            raise Refused(f"The offer cannot be read ({type(error).__name__}).") from None
        sounding = [it for it in self._peer.getTransceivers() if it.kind == "audio"]
        known = RTCRtpReceiver.getCapabilities("audio")
        assert known is not None  # noqa: S101 - of audio there always are
        for transceiver in sounding:
            transceiver.setCodecPreferences([it for it in known.codecs if it.mimeType == "audio/opus"])
        if sounding:
            self._peer.addTrack(Speaker(self._playout))
        try:
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:  # noqa: BLE001 - "no common codec" and the like
            raise Refused(f"The offer cannot be answered ({error}). Offer audio as Opus.") from None
        return self._peer.localDescription.sdp

    async def _given_up(self) -> None:
        """Ends when the caller has not connected in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                await self._connected.wait()
        if self._connected.is_set():
            await self._over.wait()

    async def _ended(self) -> None:
        await self._over.wait()

    # --- the caller

    def _changed(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._connected.set()
            case "failed" | "closed":
                self._over.set()

    def _take_track(self, track: Any) -> None:
        if track.kind != "audio":
            return
        for receiver in self._peer.getReceivers():
            if receiver.track is track:
                self._microphone.listen_to(receiver)

    def _take_channel(self, channel: RTCDataChannel) -> None:
        """Its name is free: the first one is for the events."""
        if self._channel is not None:
            return
        self._channel = channel
        channel.on("message", self._asked)
        channel.on("close", self._over.set)
        unsent, self._unsent = self._unsent, []
        for event in unsent:
            channel.send(event)

    def _asked(self, message: str | bytes) -> None:
        text = message if isinstance(message, str) else message.decode(errors="replace")
        try:
            self._events.put_nowait(text)
        except asyncio.QueueFull:
            log.warning("call %s: the caller sends faster than the server takes", self.call_id)
            self._over.set()

    def _heard(self, sound: str) -> None:
        if self._sound.full():
            self._sound.get_nowait()
        self._sound.put_nowait(sound)

    def _tell_caller(self, event: str) -> None:
        if self._channel is None or self._channel.readyState != "open":
            self._unsent.append(event)
            if len(self._unsent) > FROM_CALLER:
                self._over.set()
            return
        if self._channel.bufferedAmount > CHANNEL_ROOM:
            self._over.set()
            return
        self._channel.send(event)

    # --- to the server

    async def _events_to_server(self) -> None:
        while True:
            text = await self._events.get()
            if '"output_audio_buffer.clear"' in text and _type_of(text) == "output_audio_buffer.clear":
                await self._stop_playing()
            else:
                await self._send(text)

    async def _sound_to_server(self) -> None:
        while True:
            sound = await self._sound.get()
            await self._send(f'{{"type":"input_audio_buffer.append","audio":"{sound}"}}')

    async def _send(self, text: str) -> None:
        assert self._socket is not None  # noqa: S101 - met before anything is sent
        await self._socket.send(text)

    async def _stop_playing(self) -> None:
        """The caller's client, or its voice, has had enough."""
        cut = self._playout.clear()
        if cut is None:
            return
        item, heard_ms = cut
        self._tell_caller(_event("output_audio_buffer.cleared", response_id=item.response_id))
        truncate = {"item_id": item.item_id, "content_index": item.content_index, "audio_end_ms": heard_ms}
        await self._send(json.dumps({"type": "conversation.item.truncate", **truncate}))

    # --- from the server

    async def _from_server(self) -> None:
        assert self._socket is not None  # noqa: S101 - met before
        async for message in self._socket:
            text = str(message)
            event = json.loads(text)
            if await self._acted_on(event):
                continue
            self._tell_caller(text if len(text) <= LARGEST_EVENT else _lightened(event))
            if event["type"] == "response.done":
                self._playout.end(event["response"]["id"])

    async def _acted_on(self, event: dict[str, Any]) -> bool:
        """Do what an event is to us; whether it was to us alone."""
        match event["type"]:
            case "response.output_audio.delta":
                item = Item(event["response_id"], event["item_id"], event["content_index"])
                self._playout.push(item, from_pcm16(base64.b64decode(event["delta"])))
            case "vivavoce.output_audio.ducked":
                self._playout.duck(event["gain_db"])
            case "vivavoce.output_audio.held":
                self._playout.hold()
            case "vivavoce.output_audio.resumed":
                self._playout.resume()
            case "vivavoce.turn.decided":
                pass  # comes with managed playback, which the caller has not asked for
            case kind:
                await self._note(kind, event)
                return False
        return True

    async def _note(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "session.updated":
            self._note_session(event["session"])
        elif kind == "input_audio_buffer.speech_started" and self._interrupts:
            await self._stop_playing()

    def _note_session(self, session: dict[str, Any]) -> None:
        turns = session.get("audio", {}).get("input", {}).get("turn_detection") or {}
        self._interrupts = turns.get("interrupt_response", False)

    def _notice(self, notice: Notice) -> None:
        name = "started" if isinstance(notice, Started) else "stopped"
        self._tell_caller(_event(f"output_audio_buffer.{name}", response_id=notice.response_id))


def _event(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "event_id": new_id("event"), **fields}, separators=(",", ":"))


def _type_of(text: str) -> str | None:
    try:
        event = json.loads(text)
    except ValueError:
        return None  # the server says what is wrong with it
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else None


def _lightened(event: dict[str, Any]) -> str:
    """An event that is too large for a data channel: without the sound of its item, which a WebSocket would carry."""
    for part in event.get("item", {}).get("content", ()):
        part.pop("audio", None)
    text = json.dumps(event, separators=(",", ":"))
    if len(text) <= LARGEST_EVENT:
        return text
    error = {
        "type": "invalid_request_error",
        "code": "event_too_large",
        "message": f"A {event['type']} event is too large for a data channel. Read it over a WebSocket with ?call_id=.",
        "param": None,
        "event_id": None,
    }
    return _event("error", error=error)
