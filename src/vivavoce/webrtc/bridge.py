"""One WebRTC call: between a caller's peer connection and a session of the server, whose WebSocket client it is.

microphone ─ append ─▶                    ─ audio deltas ─▶ playout ─▶ speaker
data channel ─ events ─▶  the server      ─ all other events ─▶ data channel

A caller that hangs up says so, by DTLS or on the data channel. One whose packets stop is lost: its session is told
what it can have heard, and waits for it to come back by another connection.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from contextlib import suppress
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from vivavoce.audio.codecs import from_pcm16
from vivavoce.webrtc.keypad import clocks_of
from vivavoce.webrtc.messages import event_text, lightened, managed_playback, type_of
from vivavoce.webrtc.playout import Item, Notice, Playout, Started
from vivavoce.webrtc.reach import Reach
from vivavoce.webrtc.tracks import Microphone, Speaker, speak_opus
from vivavoce.webrtc.uplink import DROPPED, HUNG_UP, Options, Refused, correction, meet_server

log = logging.getLogger(__name__)

CONNECT_WITHIN = 20.0
"""Seconds that the caller has to connect once it has our answer."""
FLUSH_WITHIN = 1.0
"""Seconds that the last events have to leave the data channel."""
FROM_CALLER = 256
"""Events of the caller that may wait for the server; sound has its own, shorter queue."""
SOUND_AHEAD = 100
"""Frames of the caller's sound that may wait for the server: 2 s. Older ones are dropped."""
CHANNEL_ROOM = 4 * 1024 * 1024
"""Bytes that may wait in the data channel of a caller that reads nothing."""


class Bridge:
    """`read`, `answer` and `run`, in this order; `close` where `run` is not reached."""

    def __init__(self, call_id: str, key: str, resume: str, options: Options) -> None:
        """`key`: opens the session that was prepared for this call; `resume`: a session that goes on instead, ""."""
        self.call_id, self._key, self._resume, self._options = call_id, key, resume, options
        self.session_id = ""
        """Known once it is answered."""
        servers = [RTCIceServer(url, user or None, password or None) for url, user, password in options.ice_servers]
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._playout = Playout(self._notice)
        self._reach = Reach(self._peer, self._playout)
        self._microphone = Microphone(self._heard, self._pressed)
        self._socket: ClientConnection | None = None
        self._created = ""
        """The server's first event, for the data channel when it opens."""
        self._channel: RTCDataChannel | None = None
        self._events: asyncio.Queue[str] = asyncio.Queue(FROM_CALLER)
        self._sound: asyncio.Queue[str] = asyncio.Queue(SOUND_AHEAD)
        self._connected, self._ready, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        """The caller is there; it can be told events; either side has ended the call."""
        self._let_go = False
        self._interrupts = True
        """Whether a voice of the caller's cuts the assistant's off."""
        self._tells = False
        """Whether the caller wants to be told what is done to the assistant's voice."""

    # --- life

    async def read(self, sdp: str) -> None:
        """Understand the caller's offer. Raises Refused."""
        self._peer.on("datachannel", self._take_channel)
        self._peer.on("track", self._take_track)
        self._peer.on("connectionstatechange", self._changed)
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        except Exception as error:  # noqa: BLE001 - the parser's errors are of every kind
            raise Refused(
                f"The offer cannot be read ({type(error).__name__}). Is it SDP, with audio as Opus?"
            ) from None

    async def answer(self) -> str:
        """Meet the server, and answer the offer. Raises Refused."""
        self._socket, self._created = await meet_server(self._options, self._key, self._resume)
        session = json.loads(self._created)["session"]
        self.session_id = session["id"]
        await self._note_session(session)
        if self._peer.sctp is None:  # nobody wants to be told events
            self._ready.set()
        return await self._answer_offer()

    async def run(self) -> None:
        """Serve the call until either side ends it, or the caller does not connect."""
        work = (
            self._from_server,
            self._events_to_server,
            self._sound_to_server,
            self._given_up,
            self._ended,
            self._reach.watch,
        )
        tasks = [asyncio.create_task(part()) for part in work]
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

    def let_go(self) -> None:
        """The caller comes back by another connection: end this one as if its network had failed."""
        self._let_go = True
        self._over.set()

    async def close(self) -> None:
        self._over.set()
        self._microphone.close()
        if self._socket is not None:
            lost = await self._is_lost()
            if lost:
                await self._tell_what_was_heard()
            await self._socket.close(DROPPED if lost else HUNG_UP)
        await self._flush()
        await self._peer.close()

    async def _answer_offer(self) -> str:
        sounding = [it for it in self._peer.getTransceivers() if it.kind == "audio"]
        if not all(map(speak_opus, sounding)):
            raise Refused("The offer has audio without Opus: offer opus/48000/2, as every browser does.")
        if sounding:
            self._peer.addTrack(Speaker(self._playout))
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        ours = self._peer.localDescription.sdp
        self._microphone.key_clocks = clocks_of(ours)
        return ours

    async def _given_up(self) -> None:
        """Ends when the caller has not connected in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                await self._connected.wait()
                await self._ready.wait()
        if self._ready.is_set():
            await self._over.wait()

    async def _ended(self) -> None:
        await self._over.wait()

    async def _is_lost(self) -> bool:
        """Whether the call is over and nobody has ended it. One that never began is not; one that was to go on is."""
        if self._let_go:
            return True
        return await self._reach.lost() if self._connected.is_set() else bool(self._resume)

    async def _tell_what_was_heard(self) -> None:
        self._playout.clear()
        with suppress(ConnectionClosed):
            for item, heard_ms in self._reach.unheard():
                await self._truncate(item, heard_ms)

    async def _flush(self) -> None:
        """Wait until the last events are on their way."""
        channel, sent = self._channel, asyncio.Event()
        if channel is None or channel.readyState != "open" or not channel.bufferedAmount:
            return
        channel.on("bufferedamountlow", sent.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_WITHIN):
                await sent.wait()

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
        channel.send(self._created)
        self._ready.set()

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

    def _pressed(self, key: str) -> None:
        self._asked(json.dumps({"type": "vivavoce.input_audio_buffer.dtmf_event", "event": key}))

    def _tell_caller(self, event: str) -> None:
        if self._channel is None or self._channel.readyState != "open":
            return
        if self._channel.bufferedAmount > CHANNEL_ROOM:
            self._over.set()
            return
        self._channel.send(event)

    # --- to the server

    async def _events_to_server(self) -> None:
        while True:
            text = await self._events.get()
            if '"output_audio_buffer.clear"' in text and type_of(text) == "output_audio_buffer.clear":
                await self._stop_playing()
                continue
            self._tells = managed_playback(text, self._tells)
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
        self._tell_caller(event_text("output_audio_buffer.cleared", response_id=item.response_id))
        await self._truncate(item, heard_ms)

    async def _truncate(self, item: Item, heard_ms: int) -> None:
        heard = {"item_id": item.item_id, "content_index": item.content_index, "audio_end_ms": heard_ms}
        await self._send(json.dumps({"type": "conversation.item.truncate", **heard}))

    # --- from the server

    async def _from_server(self) -> None:
        """Nothing is read before it can be told: until then the server waits."""
        assert self._socket is not None  # noqa: S101 - met before
        await self._ready.wait()
        async for message in self._socket:
            text = str(message)
            event = json.loads(text)
            if await self._acted_on(event):
                continue
            self._tell_caller(lightened(text, event))
            if event["type"] == "response.done":
                self._playout.end(event["response"]["id"])

    async def _acted_on(self, event: dict[str, Any]) -> bool:
        """Do what an event is to us; whether it was to us alone. What comes with managed playback is, unless the
        caller has asked for it, too."""
        match event["type"]:
            case "response.output_audio.delta":
                item = Item(event["response_id"], event["item_id"], event["content_index"])
                self._playout.push(item, from_pcm16(base64.b64decode(event["delta"])))
                return True
            case "vivavoce.output_audio.ducked":
                self._playout.duck(event["gain_db"])
            case "vivavoce.output_audio.held":
                self._playout.hold()
            case "vivavoce.output_audio.resumed":
                self._playout.resume()
            case "vivavoce.turn.decided":
                pass
            case kind:
                await self._note(kind, event)
                return False
        return not self._tells

    async def _note(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "session.updated":
            await self._note_session(event["session"])
        elif kind == "input_audio_buffer.speech_started" and self._interrupts:
            await self._stop_playing()

    async def _note_session(self, session: dict[str, Any]) -> None:
        turns = session.get("audio", {}).get("input", {}).get("turn_detection") or {}
        self._interrupts = turns.get("interrupt_response", False)
        if (patch := correction(session)) is not None:
            await self._send(json.dumps({"type": "session.update", "session": patch}))

    def _notice(self, notice: Notice) -> None:
        name = "started" if isinstance(notice, Started) else "stopped"
        self._tell_caller(event_text(f"output_audio_buffer.{name}", response_id=notice.response_id))
