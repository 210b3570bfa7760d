"""From an accepted socket to a call: opening one, joining one, coming back to one; or being turned away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from vivavoce.api.rates import Rates
from vivavoce.api.realtime.call import GOING_AWAY, TRY_LATER, Call, Limits
from vivavoce.api.realtime.client import Client, Deadlines
from vivavoce.api.realtime.conversation import OpenSession
from vivavoce.api.realtime.opening import Opening
from vivavoce.api.realtime.recording import StartRecording
from vivavoce.api.realtime.server_events import failure, request_refused, storage_failed
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.events import Event
from vivavoce.errors import RequestError, SessionRefused, StorageError
from vivavoce.telemetry.metrics import Metrics

AnswerOffer = Callable[[str, str, str, str], Awaitable[str]]
"""(id of a call, the caller's offer as SDP, the key to its session, id of a session that goes on or "") -> our answer
as SDP. Raises RequestError for an offer that cannot be answered, and SessionRefused."""

LOOK_EVERY = 0.05
POLICY = 1008
"""Close code of RFC 6455: what the client wants is not allowed."""


@dataclass(frozen=True, slots=True)
class Service:
    """What every connection of a server shares. `fresh`: a session of which nothing is said yet. `answer_offer`: for
    WebRTC, where there is any; `record`: keeps calls, where anything is kept; `calls`: those that run, by the ids of
    their sessions, and of their WebRTC calls."""

    open_session: OpenSession
    metrics: Metrics
    fresh: RealtimeSession = RealtimeSession("", "")
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()
    rates: Rates = field(default_factory=Rates)
    answer_offer: AnswerOffer | None = None
    record: StartRecording | None = None
    calls: dict[str, Call] = field(default_factory=dict[str, Call])


async def drain(service: Service, seconds: float, hurried: Callable[[], bool] = lambda: False) -> None:
    """The server is to stop: tell the calls that run, let them go on for so many seconds, then end them. `hurried()`:
    whether there is no time for that any more."""
    for call in set(service.calls.values()):
        call.warn("server_shutdown", seconds)
    await _emptied(service, seconds, hurried)
    message = "The server is shutting down. Connect again in a moment."
    for call in set(service.calls.values()):
        await call.end(GOING_AWAY, failure(message, "server_error", "server_shutdown"))
    await _emptied(service, service.deadlines.farewell, hurried)


async def _emptied(service: Service, seconds: float, hurried: Callable[[], bool]) -> None:
    """Wait until no call runs any more, for so long at most."""
    for _ in range(round(seconds / LOOK_EVERY)):
        if not service.calls or hurried():
            return
        await asyncio.sleep(LOOK_EVERY)


async def open_call(client: Client, opening: Opening, service: Service) -> None:
    """Serve an accepted client from `session.created` to the end of its call, or turn it away when there is no
    room."""
    try:
        call = _new_call(opening, service)
    except SessionRefused as refusal:
        service.metrics.session_refused()
        await client.turn_away(failure(str(refusal), "server_error", "server_busy"), TRY_LATER)
        return
    service.metrics.session_opened()
    names = {call.id, opening.call_id or call.id}
    service.calls.update(dict.fromkeys(names, call))
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(call.run(), name=call.id)
            await _begin(call, client)
    finally:
        for name in names:
            del service.calls[name]
        service.metrics.session_closed()


async def _begin(call: Call, client: Client) -> None:
    """Serve the first client of a call, unless the call cannot begin as it should."""
    try:
        await call.begin()
    except (RequestError, StorageError) as error:
        event = request_refused(error, None) if isinstance(error, RequestError) else storage_failed()
        await client.turn_away(event, POLICY)
        await call.end()
        return
    await call.serve(client)


async def join_call(client: Client, call_id: str, owner: bytes, service: Service) -> None:
    """Bring a client to a call that runs: to listen in, or as the main client that comes back."""
    try:
        call = find_call(service, call_id, owner, "call_id" if client.listens_in else "resume")
        await call.serve(client)
    except RequestError as error:
        await client.turn_away(request_refused(error, None), POLICY)


def find_call(service: Service, call_id: str, owner: bytes, param: str) -> Call:
    """A call that runs, for whoever may join it. Raises RequestError."""
    call = service.calls.get(call_id)
    if call is None or call.owner != owner:  # the same words, so that nobody can try which ids exist
        message = f"There is no call {call_id!r}: it has ended, or was opened with another key. Open a new one."
        raise RequestError(message, param=param, code="call_not_found")
    return call


def _new_call(opening: Opening, service: Service) -> Call:
    call: Call | None = None

    async def send(event: Event) -> None:
        if call is not None:
            await call.tell(event)

    session = opening.session(service.fresh)
    conversation = service.open_session(session.config, send, opening.owner.hex())
    call = Call(
        conversation,
        session.named(conversation.id, service.limits.longest),
        service.metrics,
        limits=service.limits,
        owner=opening.owner,
        rates=service.rates,
        recording=service.record and service.record(opening.owner.hex(), session.config, lambda: conversation.items),
    )
    return call
