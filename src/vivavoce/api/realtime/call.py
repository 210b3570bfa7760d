"""One call: a session, and the clients that are connected to it.

    client ─▶ serve ─ commands ─▶ session ─ events ─▶ Narrator ─▶ every client

The main client is the one whose sound the call is about. Others may join it by its id: they read along, change the
session, answer tool calls. A main client whose connection breaks off may come back: the call waits for it, silent,
with all that was said.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from vivavoce.api.rates import Rates
from vivavoce.api.realtime.client import Client
from vivavoce.api.realtime.client_events import (
    Append,
    event_id_of,
    parse,
    plain_append,
)
from vivavoce.api.realtime.commands import Commands
from vivavoce.api.realtime.conversation import Conversation
from vivavoce.api.realtime.intake import BITE_SECONDS, Intake
from vivavoce.api.realtime.recording import Recording
from vivavoce.api.realtime.server_events import (
    Narrator,
    Wire,
    WireRequest,
    failure,
    key_pressed,
    request_refused,
    session_created,
    session_ending,
    storage_failed,
)
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import Event, ResponseEnded, ResponseStarted
from vivavoce.conversation.items import new_id
from vivavoce.errors import ClientStalled, RateLimited, RequestError, SessionError, StorageError
from vivavoce.telemetry.journal import write_down
from vivavoce.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

GOING_AWAY, POLICY, BROKEN, TRY_LATER = 1001, 1008, 1011, 1013
"""Close codes of RFC 6455 and the IANA registry."""

LISTENERS = 8
"""Clients that may join one call."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a call ends. `event`: what its clients are told before."""

    code: int = 1000
    event: Wire | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `resume`: how long a call whose connection broke off waits for its client. `longest`: what a call may
    last, 0: for ever. `warning`: how long before its end its clients are told."""

    resume: float = 20.0
    longest: float = 0.0
    warning: float = 60.0


class Call:
    """`session`: as its client sees it at first. `owner`: the key that opened the call, as a digest; whoever comes
    back or joins has to show the same."""

    def __init__(
        self,
        conversation: Conversation,
        session: RealtimeSession,
        metrics: Metrics,
        *,
        limits: Limits,
        owner: bytes = b"",
        rates: Rates | None = None,
        recording: Recording | None = None,
    ) -> None:
        self.id, self.owner = conversation.id, owner
        self._recording = recording
        self._session = conversation
        self._intake = Intake()
        self._rates = rates or Rates()
        self._narrator = Narrator(session, lambda: self._rates.of(owner.hex()))
        self._commands = Commands(conversation, self._narrator, recording, self._broadcast)
        self._metrics, self._limits = metrics, limits
        self._main: Client | None = None
        self._met = False
        """The main client was here before."""
        self._clients: list[Client] = []
        self._returned = asyncio.Event()
        self._over = asyncio.Event()
        self._farewell = Farewell()

    # --- from its beginning to its end

    async def begin(self) -> None:
        """Go on with the stored conversation that the session names, if it names one. Raises RequestError,
        StorageError."""
        await self._commands.bind(self._narrator.session.config)

    async def run(self) -> None:
        """Converse until the call ends. Whoever opened the call owns this."""
        limit = asyncio.create_task(self._end_in_time(), name=f"{self.id} limit")
        try:
            await self._session.run()
        except Exception as error:  # noqa: BLE001 - told to the clients, and logged when it is not ours
            self._farewell = self._farewell_for(error)
        finally:
            limit.cancel()
            self._over.set()
            await asyncio.wait([limit])
            if self._recording is not None:
                await self._recording.end()

    async def end(self, code: int = 1000, event: Wire | None = None) -> None:
        """Hang up on everybody."""
        self._farewell = Farewell(code, event)
        await self._session.close()

    def warn(self, reason: str, seconds: float) -> None:
        """Tell everybody that the call will end in so many seconds."""
        self._broadcast([session_ending(reason, seconds)])

    async def _end_in_time(self) -> None:
        if not self._limits.longest:
            return
        warning = min(self._limits.warning, self._limits.longest / 2)
        await asyncio.sleep(self._limits.longest - warning)
        self.warn("session_expired", warning)
        await asyncio.sleep(warning)
        minutes = self._limits.longest / 60
        message = f"A session may last {minutes:g} minutes on this server. Open a new one."
        await self.end(GOING_AWAY, failure(message, "invalid_request_error", "session_expired"))

    # --- its clients

    async def serve(self, client: Client) -> None:
        """Serve a client until it leaves or the call ends. One that does not listen in becomes the main one: the
        first, or one that comes back, which takes the place of a connection that nobody has missed yet.

        Raises RequestError when too many have joined."""
        self._welcome(client)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(client.write())
            ends = [
                tasks.create_task(self._read(client)),
                tasks.create_task(self._over.wait()),
                tasks.create_task(client.replaced.wait()),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends:
                task.cancel()
            await asyncio.wait(ends)
            if client in self._clients:
                self._clients.remove(client)
            if self._main is client:
                await self._left(client)
            if self._over.is_set() and self._farewell.event is not None:
                client.tell([self._farewell.event])
            client.finish()
            await asyncio.wait([writing], timeout=client.deadlines.farewell)
            writing.cancel()
        await client.close(self._farewell.code)

    def _welcome(self, client: Client) -> None:
        if client.listens_in and len(self._clients) > LISTENERS:
            raise RequestError(f"{LISTENERS} clients have joined this call already.", param="call_id")
        client.tell([session_created(self._narrator.session)])
        if not client.listens_in:
            if self._met or self._commands.goes_on:
                client.tell(self._commands.so_far())
            if self._main is not None:  # what it was being told reached nobody
                self._session.fall_silent()
                self._clients.remove(self._main)  # the end of that is told to the new one alone
                self._main.replaced.set()
            self._main, self._met = client, True
            self._returned.set()
            self._session.be_heard()
        self._clients.append(client)

    async def _left(self, client: Client) -> None:
        """The main client is gone: wait for it to come back if its connection broke off, else end the call."""
        self._main = None
        self._returned.clear()
        if self._over.is_set():
            return
        if client.dropped and self._limits.resume:
            self._session.fall_silent()
            await self._missed()
        if self._main is None:
            await self._session.close()

    async def _missed(self) -> None:
        """Wait until the main client is back, has been waited for long enough, or the call ends without it."""
        ends = [asyncio.create_task(self._returned.wait()), asyncio.create_task(self._over.wait())]
        try:
            await asyncio.wait(ends, timeout=self._limits.resume, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.wait(ends)

    async def _read(self, client: Client) -> None:
        client.take(self._hear_now)
        try:
            while (text := await client.receive()) is not None:
                await self._take(text, client)
        except Exception as error:  # noqa: BLE001 - told to the clients, and logged when it is not ours
            self._farewell = self._farewell_for(error)
            await self._session.close()
        finally:
            client.take(None)

    def _hear_now(self, message: bytes) -> bool:
        """Take the sound of a plain append at once; False: the message is something else, has to wait, or comes from a
        telephone, whose keys are listened for."""
        session = self._narrator.session
        sound = plain_append(message, session) if session.hears == "audio/pcm" else None
        if sound is None or sound.seconds > BITE_SECONDS or not self._session.hear_now(sound):
            return False
        self._metrics.heard(sound.seconds)
        return True

    async def _take(self, text: str | bytes, client: Client) -> None:
        """Do what one message asks; a request that cannot be done is answered, and that is all."""
        event_id = None
        try:
            if isinstance(text, bytes):
                raise RequestError(
                    "Binary frames are not understood; send JSON as text, with sound as base64 in "
                    "input_audio_buffer.append.",
                    code="invalid_json",
                )
            message = client.read(text)
            event_id = event_id_of(message)
            command = parse(message, self._narrator.session)
            if isinstance(command, Append):
                await self._hear(command.sound)
            else:
                await self._commands.do(command, client)
        except RequestError as error:
            self._metrics.request_refused(error.code)
            await client.answer(request_refused(error, event_id))
        except StorageError:
            await client.answer(storage_failed())

    async def _hear(self, sound: Pcm) -> None:
        self._metrics.heard(sound.seconds)
        for bite, keys in self._intake.take(sound, self._narrator.session.hears):
            self._broadcast([key_pressed(key) for key in keys])
            await self._session.hear(bite)

    # --- what they are told

    async def tell(self, event: Event) -> None:
        """The session's `send`. A teller that is cancelled while it waits has told all the same: of what the
        client will see the end, it must have seen the beginning. Raises RateLimited, of a response that is told of and
        may not be made."""
        try:
            if self._main is not None:
                await self._main.vacancy()
        except asyncio.CancelledError:
            self._say(event)
            raise
        refusal = self._refusal(event)
        self._say(event)
        if refusal is not None:
            raise refusal

    def _refusal(self, event: Event) -> RateLimited | None:
        """Each response counts, and what it came to; what is said from a stock does not."""
        owner = self.owner.hex()
        if isinstance(event, ResponseEnded):
            self._rates.spend(owner, event.usage.total)
        elif isinstance(event, ResponseStarted) and not _is_nod(event.request):
            try:
                self._rates.take(owner)
            except RateLimited as refusal:
                self._narrator.refused(event.response_id)
                return refusal
        return None

    def _say(self, event: Event) -> None:
        self._metrics.observe(event)
        write_down(event, self.id)
        if self._recording is not None:
            self._recording.note(event)
        self._broadcast(list(self._narrator.tell(event)))

    def _broadcast(self, wires: list[Wire]) -> None:
        for client in self._clients:
            client.tell(wires)

    def _farewell_for(self, error: Exception) -> Farewell:
        match _first(error):
            case ClientStalled():
                log.info("client stalled", extra={"session": self._session.id})
                if self._main is not None:
                    self._main.abandon()  # it would not read a reason either
                return Farewell(POLICY)
            case SessionError() as ended:
                log.warning("session ended", extra={"session": self._session.id, "code": type(ended).__name__})
                return Farewell(BROKEN, failure(str(ended), "server_error", "session_ended"))
        error_id = new_id("err")
        log.error("session broke", exc_info=error, extra={"session": self._session.id, "error_id": error_id})
        message = f"The server failed and has to end this session; quote {error_id} when you report it."
        return Farewell(BROKEN, failure(message, "server_error", "internal_error"))


def _is_nod(request: ResponseRequest) -> bool:
    """A sign of attention, for which no model is asked."""
    return not isinstance(request, WireRequest) and request.metadata == {"vivavoce": "listening"}


def _first(error: BaseException) -> BaseException:
    """The first error inside a group: a session is a task group, and may raise as one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
