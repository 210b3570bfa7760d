"""What happens in a conversation, as the wire tells it: one event in, its wire events out, in the
order that clients rely on.

    turn      speech_started · speech_stopped · committed · item.added · item.done · transcription
    response  response.created · rate_limits.updated
              · output_item.added · item.added · content_part.added
              · transcript and sound in deltas
              · output_audio.done · output_audio_transcript.done · content_part.done
              · output_item.done · item.done
              · response.done

Responses out of band never touch the conversation: no `conversation.item.*`, `conversation_id` null.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, assert_never

from vivavoce.api.rates import Rate
from vivavoce.api.realtime.hosted_events import tell_hosted
from vivavoce.api.realtime.items import wire_item
from vivavoce.api.realtime.reply_options import wire_max_tokens
from vivavoce.api.realtime.response_end import wire_latency, wire_status, wire_usage
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.api.realtime.sound import SoundOut, wire_format
from vivavoce.api.realtime.turn_events import tell_added, tell_input, tell_items, tell_managed, tell_transcription
from vivavoce.audio.codecs import Encoding
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import (
    CallEnded,
    CallProgressed,
    CallStarted,
    Event,
    IdleTimeout,
    InputCleared,
    InputCommitted,
    ItemAdded,
    ItemDeleted,
    ItemTruncated,
    ListingEnded,
    ListingStarted,
    OutputEnded,
    OutputStarted,
    PlaybackDucked,
    PlaybackHeld,
    PlaybackResumed,
    ReplyAudio,
    ReplyText,
    ResponseEnded,
    ResponseStarted,
    SpeakerTold,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    TranscriptGrew,
    TranscriptionFailed,
    TurnDecided,
)
from vivavoce.conversation.items import FunctionCall, HostedCall, Item, Message, new_id
from vivavoce.errors import RequestError

Wire = dict[str, Any]
_JSON = json.JSONEncoder(separators=(",", ":"))
AUDIO_DELTA = "response.output_audio.delta"
_ReplyEvent = ResponseStarted | OutputStarted | ReplyText | ReplyAudio | OutputEnded | ResponseEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest(ResponseRequest):
    """A request that came over the wire: it may want its sound in an encoding of its own."""

    speaks: Encoding


def wire_event(kind: str, **fields: Any) -> Wire:
    return {"type": kind, "event_id": new_id("event"), **fields}


def encode_event(event: Wire) -> str:
    """As JSON. Of sound, which is most of what is sent, nothing needs an escape: it is put in as it is."""
    if event["type"] == AUDIO_DELTA:
        rest = _JSON.encode({name: value for name, value in event.items() if name != "delta"})
        return f'{rest[:-1]},"delta":"{event["delta"]}"}}'
    return _JSON.encode(event)


def session_created(session: RealtimeSession) -> Wire:
    return wire_event("session.created", session=session.wire())


def session_updated(session: RealtimeSession) -> Wire:
    return wire_event("session.updated", session=session.wire())


def session_ending(reason: str, seconds: float) -> Wire:
    """An early warning, of ours: the session ends in so many seconds."""
    return wire_event("vivavoce.session.ending", reason=reason, seconds_left=round(seconds, 1))


def item_retrieved(item: Wire) -> Wire:
    return wire_event("conversation.item.retrieved", item=item)


def key_pressed(key: str) -> Wire:
    """A telephone key of the caller's. In the contract it is the one event without an id."""
    return {"type": "input_audio_buffer.dtmf_event_received", "event": key, "received_at": int(time.time())}


def request_refused(error: RequestError, event_id: str | None) -> Wire:
    """The request `event_id` of the client was refused; the session goes on."""
    return failure(str(error), "invalid_request_error", error.code, error.param, event_id)


def storage_failed() -> Wire:
    """What is kept cannot be reached: a conversation can be held, but not gone on with."""
    message = "What is kept cannot be reached now. Try again in a moment, or go on without a conversation."
    return failure(message, "server_error", "storage_unavailable", "session.vivavoce.conversation")


def failure(message: str, kind: str, code: str | None, param: str | None = None, event_id: str | None = None) -> Wire:
    error = {"type": kind, "code": code, "message": message, "param": param, "event_id": event_id}
    return wire_event("error", error=error)


def item_added(item: Item, previous_id: str | None) -> Iterator[Wire]:
    """An item entered the conversation that is whole already, or a call that goes on."""
    return tell_added(item, previous_id, wire_event)


@dataclass(slots=True)
class _Output:
    """An item of a response while it is being made."""

    sound: SoundOut
    previous_id: str | None
    said: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class _Response:
    """A response from `created` to `done`."""

    id: str
    request: ResponseRequest
    speaks: Encoding
    outputs: dict[int, _Output] = field(default_factory=dict[int, _Output])
    done: list[Wire] = field(default_factory=list[Wire])

    @property
    def speech(self) -> bool:
        return self.request.options.modality == "audio"


class Narrator:
    """Tells one conversation on the wire. `session` is the session as its client sees it now.

    All it remembers are the responses under way.
    """

    def __init__(self, session: RealtimeSession, rates: Callable[[], Sequence[Rate]] = lambda: ()) -> None:
        """`rates`: the limits of its key as they stand."""
        self.session = session
        self._rates = rates
        self._refused: set[str] = set()
        """Responses that the limits do not allow."""
        self.has_spoken = False  # sound was sent: the voice is settled
        self._conversation = new_id("conv")
        self._responses: dict[str, _Response] = {}

    def refused(self, response_id: str) -> None:
        """The response that begins is not allowed by the limits of its key: its end is going to say so."""
        self._refused.add(response_id)

    def tell(self, event: Event) -> Iterator[Wire]:
        match event:
            case ReplyAudio() | ReplyText() | OutputStarted() | OutputEnded() | ResponseStarted() | ResponseEnded():
                yield from self._replying(event)
            case Transcribed() | TranscriptGrew() | SpeakerTold() | TranscriptionFailed():
                if self.session.config.transcription is not None:
                    yield tell_transcription(event, wire_event)
            case InputCommitted() | ItemAdded() | ItemDeleted() | ItemTruncated():
                yield from tell_items(event, wire_event)
            case SpeechStarted() | SpeechStopped() | InputCleared() | IdleTimeout():
                yield tell_input(event, wire_event)
            case ListingStarted() | ListingEnded() | CallStarted() | CallProgressed() | CallEnded():
                yield from tell_hosted(event, wire_event)
            case _:
                yield from self._playing(event)

    def _playing(self, event: PlaybackDucked | PlaybackHeld | PlaybackResumed | TurnDecided) -> Iterator[Wire]:
        if self.session.config.manners.managed_playback:
            yield tell_managed(event, wire_event)

    def _replying(self, event: _ReplyEvent) -> Iterator[Wire]:
        if isinstance(event, ResponseStarted):
            yield from self._response_started(event)
            return
        response = self._responses[event.response_id]
        match event:
            case OutputStarted():
                yield from self._output_started(response, event)
            case ReplyText():
                yield self._reply_text(response, event)
            case ReplyAudio():
                yield from self._reply_audio(response, event)
            case OutputEnded():
                yield from self._output_ended(response, event)
            case ResponseEnded():
                yield self._response_ended(response, event)
            case _:
                assert_never(event)

    def _response_started(self, event: ResponseStarted) -> Iterator[Wire]:
        request = event.request
        speaks = request.speaks if isinstance(request, WireRequest) else self.session.speaks
        response = self._responses[event.response_id] = _Response(event.response_id, request, speaks)
        yield wire_event("response.created", response=self._wire_response(response))
        yield wire_event("rate_limits.updated", rate_limits=[asdict(rate) for rate in self._rates()])

    def _output_started(self, response: _Response, event: OutputStarted) -> Iterator[Wire]:
        response.outputs[event.index] = _Output(SoundOut(response.speaks), event.previous_id)
        item = _unfinished(event.item)
        yield wire_event("response.output_item.added", response_id=response.id, output_index=event.index, item=item)
        if response.request.in_conversation:
            yield wire_event("conversation.item.added", previous_item_id=event.previous_id, item=item)
        if isinstance(event.item, Message):
            part = {"type": "audio", "transcript": ""} if response.speech else {"type": "text", "text": ""}
            yield _of_part("response.content_part.added", response, event.index, event.item.id, part=part)

    def _reply_text(self, response: _Response, event: ReplyText) -> Wire:
        response.outputs[event.index].said.append(event.text)
        kind = "response.output_audio_transcript.delta" if response.speech else "response.output_text.delta"
        return _of_part(kind, response, event.index, event.item_id, delta=event.text)

    def _reply_audio(self, response: _Response, event: ReplyAudio) -> Iterator[Wire]:
        self.has_spoken = True
        for delta in response.outputs[event.index].sound.push(event.sound):
            yield _of_part(AUDIO_DELTA, response, event.index, event.item_id, delta=delta)

    def _output_ended(self, response: _Response, event: OutputEnded) -> Iterator[Wire]:
        output = response.outputs.pop(event.index)
        if isinstance(event.item, FunctionCall):
            yield from _call_ended(response, event.index, event.item)
        elif not isinstance(event.item, Message):
            pass  # its own events have told
        elif response.speech:
            yield from _speech_ended(response, event, output)
        else:
            yield from _text_ended(response, event, output)
        item = wire_item(event.item)
        response.done.append(item)
        yield wire_event("response.output_item.done", response_id=response.id, output_index=event.index, item=item)
        if response.request.in_conversation and event.item.status != "in_progress":
            yield wire_event("conversation.item.done", previous_item_id=output.previous_id, item=item)

    def _response_ended(self, response: _Response, event: ResponseEnded) -> Wire:
        del self._responses[response.id]
        status, details = wire_status(event, limited=response.id in self._refused)
        self._refused.discard(response.id)
        wire = self._wire_response(response, status, details, wire_usage(event.usage))
        extra: Wire = {"reason": event.reason}
        if event.latency is not None:
            extra["latency_ms"] = wire_latency(event.latency)
        if event.draft is not None:
            extra["draft"] = asdict(event.draft)
        if event.mind:
            extra["mind"] = {"name": event.mind, **({"reason": event.mind_reason} if event.mind_reason else {})}
        return wire_event("response.done", response=wire, vivavoce=extra)

    @property
    def _conversation_id(self) -> str:
        return self.session.config.conversation or self._conversation

    def _wire_response(
        self, response: _Response, status: str = "in_progress", details: Wire | None = None, usage: Wire | None = None
    ) -> Wire:
        options, metadata = response.request.options, response.request.metadata
        return {
            "object": "realtime.response",
            "id": response.id,
            "status": status,
            "status_details": details,
            "output": list(response.done),
            "conversation_id": self._conversation_id if response.request.in_conversation else None,
            "output_modalities": [options.modality],
            "max_output_tokens": wire_max_tokens(options.max_output_tokens),
            "audio": {"output": {"format": wire_format(response.speaks), "voice": options.voice}},
            "usage": usage,
            "metadata": None if metadata is None else dict(metadata),
        }


def _of_part(kind: str, response: _Response, index: int, item_id: str, **fields: Any) -> Wire:
    return wire_event(kind, response_id=response.id, item_id=item_id, output_index=index, content_index=0, **fields)


def _speech_ended(response: _Response, event: OutputEnded, output: _Output) -> Iterator[Wire]:
    at = (response, event.index, event.item.id)
    words = "".join(output.said)
    for delta in output.sound.rest():
        yield _of_part("response.output_audio.delta", *at, delta=delta)
    yield _of_part("response.output_audio.done", *at)
    yield _of_part("response.output_audio_transcript.done", *at, transcript=words)
    yield _of_part("response.content_part.done", *at, part={"type": "audio", "transcript": words})


def _text_ended(response: _Response, event: OutputEnded, output: _Output) -> Iterator[Wire]:
    at = (response, event.index, event.item.id)
    text = "".join(output.said)
    yield _of_part("response.output_text.done", *at, text=text)
    yield _of_part("response.content_part.done", *at, part={"type": "text", "text": text})


def _call_ended(response: _Response, index: int, call: FunctionCall) -> Iterator[Wire]:
    at = {"response_id": response.id, "item_id": call.id, "output_index": index, "call_id": call.call_id}
    name = "response.function_call_arguments"
    yield wire_event(f"{name}.delta", **at, delta=call.arguments)
    yield wire_event(f"{name}.done", **at, name=call.name, arguments=call.arguments)


def _unfinished(item: Item) -> Wire:
    """An output item before anything of it was said."""
    wire = wire_item(item, status="in_progress")
    if isinstance(item, Message):
        return {**wire, "content": []}
    return {**wire, "arguments": ""} if isinstance(item, FunctionCall | HostedCall) else wire
