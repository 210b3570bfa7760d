"""Turns of the user and items of the conversation, as the wire tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, assert_never

from vivavoce.api.realtime.items import wire_item
from vivavoce.conversation.events import (
    IdleTimeout,
    InputCleared,
    InputCommitted,
    ItemAdded,
    ItemDeleted,
    ItemTruncated,
    PlaybackDucked,
    PlaybackHeld,
    PlaybackResumed,
    SpeakerTold,
    SpeechStarted,
    SpeechStopped,
    Transcribed,
    TranscriptGrew,
    TranscriptionFailed,
    TurnDecided,
)
from vivavoce.conversation.items import HostedCall, Item, new_id
from vivavoce.conversation.words import Token

Wire = dict[str, Any]
Make = Callable[..., Wire]
"""`wire_event`."""


def tell_input(event: SpeechStarted | SpeechStopped | InputCleared | IdleTimeout, wire_event: Make) -> Wire:
    match event:
        case SpeechStarted(item_id, at_ms):
            return wire_event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=at_ms)
        case SpeechStopped(item_id, at_ms):
            return wire_event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=at_ms)
        case InputCleared():
            return wire_event("input_audio_buffer.cleared")
        case IdleTimeout(item_id, start_ms, end_ms):
            return wire_event(
                "input_audio_buffer.timeout_triggered", item_id=item_id, audio_start_ms=start_ms, audio_end_ms=end_ms
            )
        case _:
            assert_never(event)


def tell_managed(event: PlaybackDucked | PlaybackHeld | PlaybackResumed | TurnDecided, wire_event: Make) -> Wire:
    """Events of ours, for clients that asked for them (`session.vivavoce.managed_playback`)."""
    match event:
        case PlaybackDucked(item_id, at_ms, gain_db):
            return wire_event("vivavoce.output_audio.ducked", item_id=item_id, at_ms=at_ms, gain_db=gain_db)
        case PlaybackHeld(item_id, at_ms):
            return wire_event("vivavoce.output_audio.held", item_id=item_id, at_ms=at_ms)
        case PlaybackResumed(item_id, at_ms, reason):
            return wire_event("vivavoce.output_audio.resumed", item_id=item_id, at_ms=at_ms, reason=reason)
        case TurnDecided(decision, reason, at_ms):
            return wire_event("vivavoce.turn.decided", decision=decision, reason=reason, at_ms=at_ms)
        case _:
            assert_never(event)


def tell_items(event: InputCommitted | ItemAdded | ItemDeleted | ItemTruncated, wire_event: Make) -> Iterator[Wire]:
    match event:
        case InputCommitted(item, previous_id):
            yield wire_event("input_audio_buffer.committed", item_id=item.id, previous_item_id=previous_id)
            yield from tell_added(item, previous_id, wire_event)
        case ItemAdded(item, previous_id):
            yield from tell_added(item, previous_id, wire_event)
        case ItemDeleted(item_id):
            yield wire_event("conversation.item.deleted", item_id=item_id)
        case ItemTruncated(item_id, end_ms):
            yield wire_event("conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=end_ms)
        case _:
            assert_never(event)


def tell_added(item: Item, previous_id: str | None, wire_event: Make) -> Iterator[Wire]:
    """An item entered the conversation that is whole already, or a call that goes on."""
    wire = wire_item(item)
    yield wire_event("conversation.item.added", previous_item_id=previous_id, item=wire)
    if not (isinstance(item, HostedCall) and item.status == "in_progress"):
        yield wire_event("conversation.item.done", previous_item_id=previous_id, item=wire)


def tell_transcription(
    event: TranscriptGrew | Transcribed | SpeakerTold | TranscriptionFailed, wire_event: Make
) -> Wire:
    at = {"item_id": event.item_id, "content_index": 0}
    name = "conversation.item.input_audio_transcription"
    match event:
        case TranscriptGrew(_, delta):
            return wire_event(f"{name}.delta", **at, delta=delta)
        case Transcribed(_, text, language, seconds, tokens):
            languages = None if language is None else [{"code": language}]
            usage = {"type": "duration", "seconds": round(seconds, 3)}
            logprobs = {} if tokens is None else {"logprobs": wire_logprobs(tokens)}
            return wire_event(f"{name}.completed", **at, transcript=text, usage=usage, languages=languages, **logprobs)
        case SpeakerTold(_, speaker, seconds, text):
            times = {"start": 0.0, "end": round(seconds, 3)}
            return wire_event(f"{name}.segment", **at, id=new_id("seg"), speaker=speaker, text=text, **times)
        case TranscriptionFailed(_, message):
            error = {"type": "server_error", "code": "transcription_failed", "message": message, "param": None}
            return wire_event(f"{name}.failed", **at, error=error)
        case _:
            assert_never(event)


def wire_logprobs(tokens: Iterable[Token]) -> list[Wire]:
    return [
        {"token": token.text, "logprob": round(token.logprob, 5), "bytes": list(token.text.encode())}
        for token in tokens
    ]
