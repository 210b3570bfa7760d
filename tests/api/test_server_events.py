"""Events of a conversation as wire events: their exact order, held by the official types, and small enough."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.api.fakes import reply, strictly, tone, turn
from vivavoce.api.realtime.items import wire_item_with_sound
from vivavoce.api.realtime.server_events import (
    Narrator,
    WireRequest,
    encode_event,
    failure,
    item_retrieved,
    request_refused,
    session_updated,
    wire_event,
)
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.audio.codecs import encode
from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import resample
from vivavoce.conversation.config import ReplyOptions, ResponseRequest
from vivavoce.conversation.events import (
    DraftAccount,
    Event,
    IdleTimeout,
    InputCleared,
    InputCommitted,
    ItemAdded,
    ItemDeleted,
    ItemTruncated,
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
    TranscriptGrew,
    TranscriptionFailed,
    TurnDecided,
    Usage,
)
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Speech, Text
from vivavoce.errors import RequestError

WITH_TRANSCRIPTS = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
SESSION = RealtimeSession("sess_1", "gpt-realtime").updated(WITH_TRANSCRIPTS, has_spoken=False)
LARGEST = 512 * 1024  # what Open WebUI takes

Wire = dict[str, Any]


def told(events: list[Event], session: RealtimeSession = SESSION) -> list[Wire]:
    """Everything a narrator says, each event held against the official types."""
    narrator = Narrator(session)
    wires = [wire for event in events for wire in narrator.tell(event)]
    for wire in wires:
        strictly(wire)
        assert len(encode_event(wire)) < LARGEST
    ids = [wire["event_id"] for wire in wires]
    assert len(set(ids)) == len(ids)
    return wires


def kinds(wires: list[Wire]) -> list[str]:
    """The types in order, repeated ones once."""
    names = [wire["type"] for wire in wires]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def only(wires: list[Wire], kind: str) -> Wire:
    (wire,) = [wire for wire in wires if wire["type"] == kind]
    return wire


def answered(request: ResponseRequest, seconds: float = 0.5) -> list[Event]:
    return reply("resp_1", Message("item_a", "assistant", (), "in_progress"), "item_user", request, seconds)


SPOKEN = ResponseRequest(ReplyOptions())
TYPED = ResponseRequest(ReplyOptions(modality="text"))

RESPONSE = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


def test_a_spoken_turn_and_its_answer_come_in_the_order_of_the_contract() -> None:
    wires = told([*turn(), *answered(SPOKEN)])
    assert kinds(wires) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        *RESPONSE,
    ]
    assert {wire["item_id"] for wire in wires[:3]} == {"item_user"}
    assert wires[0]["audio_start_ms"] == 320 and wires[1]["audio_end_ms"] == 1600
    heard = only(wires, "conversation.item.input_audio_transcription.completed")
    assert heard["usage"] == {"type": "duration", "seconds": 1.28} and heard["languages"] == [{"code": "en"}]


def test_whose_voice_a_turn_was_is_a_segment() -> None:
    told_of_it = told([*turn(), SpeakerTold("item_user", "B", 1.28, "Hello.")])
    segment = strictly(only(told_of_it, "conversation.item.input_audio_transcription.segment"))
    assert (segment.item_id, segment.content_index, segment.speaker) == ("item_user", 0, "B")
    assert (segment.start, segment.end, segment.text) == (0.0, 1.28, "Hello.") and segment.id


def test_an_answer_grows_from_in_progress_to_completed() -> None:
    wires = told(answered(SPOKEN))
    created = only(wires, "response.created")["response"]
    assert created["status"] == "in_progress" and created["output"] == [] and created["conversation_id"]
    added, done = only(wires, "response.output_item.added"), only(wires, "response.output_item.done")
    assert (added["item"]["status"], added["item"]["content"]) == ("in_progress", [])
    assert done["item"]["content"] == [{"type": "output_audio", "transcript": "Hello there."}]
    assert only(wires, "conversation.item.added")["previous_item_id"] == "item_user"
    assert only(wires, "conversation.item.done")["previous_item_id"] == "item_user"
    assert only(wires, "response.output_audio_transcript.done")["transcript"] == "Hello there."
    final = only(wires, "response.done")
    assert final["response"]["status"] == "completed" and final["response"]["output"] == [done["item"]]
    assert final["response"]["audio"]["output"]["voice"] == "marin"
    usage = final["response"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (42, 15, 57)
    assert usage["input_token_details"]["cached_tokens"] == 4
    assert usage["output_token_details"] == {"text_tokens": 5, "audio_tokens": 10}


def test_the_times_of_a_turn_come_with_its_end() -> None:
    """Our extension: official clients keep fields they do not know."""
    final = only(told(answered(SPOKEN)), "response.done")
    assert final["vivavoce"]["latency_ms"]["endpoint"] == 100.0
    assert strictly(final).vivavoce["latency_ms"]["first_sound"] is None


def test_a_typed_answer_has_text_parts_and_no_sound() -> None:
    wires = told(answered(TYPED))
    assert kinds(wires)[4:9] == [
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
    ]
    assert only(wires, "response.output_text.done")["text"] == "Hello there."
    assert only(wires, "response.content_part.done")["part"] == {"type": "text", "text": "Hello there."}
    assert only(wires, "response.output_item.done")["item"]["content"] == [
        {"type": "output_text", "text": "Hello there."}
    ]
    assert only(wires, "response.created")["response"]["output_modalities"] == ["text"]


def test_out_of_band_responses_never_touch_the_conversation() -> None:
    request = replace(TYPED, in_conversation=False, metadata={"topic": "mood"})
    wires = told(answered(request))
    assert not [wire for wire in wires if wire["type"].startswith("conversation.")]
    for kind in ("response.created", "response.done"):
        assert only(wires, kind)["response"]["conversation_id"] is None
        assert only(wires, kind)["response"]["metadata"] == {"topic": "mood"}


def test_responses_in_parallel_are_told_apart() -> None:
    band = reply(
        "resp_2", Message("item_b", "assistant", (), "in_progress"), None, replace(TYPED, in_conversation=False)
    )
    mixed = [event for pair in zip(answered(SPOKEN), band, strict=True) for event in pair]
    wires = told(mixed)
    ends = {wire["response"]["id"]: wire["response"] for wire in wires if wire["type"] == "response.done"}
    assert [ends[name]["output"][0]["id"] for name in ("resp_1", "resp_2")] == ["item_a", "item_b"]


def test_a_function_call_tells_its_name_and_arguments() -> None:
    call = FunctionCall("item_f", "call_1", "weather", '{"city":"Oslo"}')
    wires = told(
        [
            ResponseStarted("resp_1", SPOKEN),
            OutputStarted("resp_1", 0, replace(call, status="in_progress"), None),
            OutputEnded("resp_1", 0, call, ""),
            ResponseEnded("resp_1", "finished", "requested", Usage()),
        ]
    )
    assert kinds(wires) == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert only(wires, "response.output_item.added")["item"]["arguments"] == ""
    done = only(wires, "response.function_call_arguments.done")
    assert (done["name"], done["call_id"], done["arguments"]) == ("weather", "call_1", '{"city":"Oslo"}')
    item = only(wires, "response.output_item.done")["item"]
    assert item["status"] == "completed" and item["arguments"] == '{"city":"Oslo"}'


def ending(how: Any, reason: Any, error: str | None = None) -> Wire:
    events = [ResponseStarted("r", SPOKEN), ResponseEnded("r", how, reason, Usage(), error)]
    return only(told(events), "response.done")["response"]


ENDINGS = [
    ("finished", "end_of_turn", "completed", None),
    ("interrupted", "barge_in", "cancelled", "turn_detected"),
    ("interrupted", "client_cancelled", "cancelled", "client_cancelled"),
    ("incomplete", "max_output_tokens", "incomplete", "max_output_tokens"),
    ("failed", "error", "failed", None),
]


@pytest.mark.parametrize(("how", "reason", "status", "why"), ENDINGS)
def test_every_way_to_end_has_its_status(how: str, reason: str, status: str, why: str | None) -> None:
    response = ending(how, reason, "the model is broken" if how == "failed" else None)
    details = response["status_details"]
    assert response["status"] == status
    if how == "failed":
        assert details["error"]["message"] == "the model is broken" and details["error"]["type"] == "server_error"
    else:
        assert (None if details is None else details["reason"]) == why


def test_an_interrupted_answer_is_closed_before_it_is_done() -> None:
    item = Message("item_a", "assistant", (), "in_progress")
    at = ("resp_1", "item_a", 0)
    heard = Message("item_a", "assistant", (Speech("Once upon", tone(0.4)),), "incomplete")
    wires = told(
        [
            ResponseStarted("resp_1", SPOKEN),
            OutputStarted("resp_1", 0, item, None),
            ReplyText(*at, "Once upon a time"),
            ReplyAudio(*at, tone(0.9)),
            OutputEnded("resp_1", 0, heard, "Once upon a time"),
            ResponseEnded("resp_1", "interrupted", "barge_in", Usage()),
        ]
    )
    assert kinds(wires) == RESPONSE
    assert only(wires, "response.output_audio_transcript.done")["transcript"] == "Once upon a time"
    assert only(wires, "response.output_item.done")["item"]["status"] == "incomplete"
    assert only(wires, "response.done")["response"]["status_details"]["reason"] == "turn_detected"


def sound_of(wires: list[Wire]) -> bytes:
    return b"".join(base64.b64decode(w["delta"]) for w in wires if w["type"] == "response.output_audio.delta")


@pytest.mark.parametrize("encoding", ["audio/pcm", "audio/pcmu", "audio/pcma"])
def test_speech_in_pieces_is_the_whole_speech_in_the_encoding_of_the_session(encoding: Any) -> None:
    """One filter runs through all pieces and is drained at the end: nothing is lost or doubled at the seams."""
    session = replace(SESSION, speaks=encoding)
    whole = tone(2.0)
    pieces = [Pcm(part, whole.rate) for part in np.array_split(whole.samples, 37)]
    item = Message("item_a", "assistant", (), "in_progress")
    events: list[Event] = [ResponseStarted("r", SPOKEN), OutputStarted("r", 0, item, None)]
    events += [ReplyAudio("r", "item_a", 0, piece) for piece in pieces]
    events += [OutputEnded("r", 0, item, ""), ResponseEnded("r", "finished", "requested", Usage())]
    want = encode(resample(whole, 24_000 if encoding == "audio/pcm" else 8_000).samples, encoding)
    got = sound_of(told(events, session))
    assert 0 <= len(got) - len(want) <= len(want) * 0.005 / 2.0 + 2, "the filter is drained, with at most 5 ms after it"
    seam = len(want) - 400  # where the whole sound's own end begins to show
    assert got[:seam] == want[:seam]


def test_a_response_may_want_an_encoding_of_its_own() -> None:
    request = WireRequest(ReplyOptions(), speaks="audio/pcmu")
    wires = told(answered(request, 1.0))
    assert abs(len(sound_of(wires)) - 8_000) < 100
    assert only(wires, "response.created")["response"]["audio"]["output"]["format"] == {"type": "audio/pcmu"}


def test_long_speech_is_cut_into_small_events_of_whole_samples() -> None:
    deltas = [w for w in told(answered(SPOKEN, 30.0)) if w["type"] == "response.output_audio.delta"]
    assert len(deltas) > 30
    assert all(len(wire["delta"]) <= 64 * 1024 for wire in deltas)
    assert all(len(base64.b64decode(wire["delta"])) % 2 == 0 for wire in deltas)


def test_without_transcription_no_transcripts_are_told() -> None:
    silent = RealtimeSession("sess_1", "gpt-realtime")
    assert not [wire for wire in told(turn(), silent) if "transcription" in wire["type"]]


def test_the_small_events() -> None:
    call, output = FunctionCall("f", "c", "n", "{}"), FunctionOutput("o", "c", "sunny")
    system = Message("s", "system", (Text("Be kind."),))
    seen = Message("u", "user", (Image("data:image/png;base64,AA=="), Text("What is it?")))
    wires = told(
        [
            InputCleared(),
            IdleTimeout("item_i", 1000, 7000),
            TranscriptGrew("item_u", "Hel"),
            TranscriptionFailed("item_u", "the model is broken"),
            *(ItemAdded(item, None) for item in (call, output, system, seen)),
            ItemDeleted("f"),
            ItemTruncated("item_a", 1200),
            InputCommitted(Message("e", "user", (Speech("", tone(0.1)),)), "seen"),
        ]
    )
    assert kinds(wires)[:4] == [
        "input_audio_buffer.cleared",
        "input_audio_buffer.timeout_triggered",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.failed",
    ]
    assert wires[-5]["type"] == "conversation.item.deleted"
    assert wires[-4]["audio_end_ms"] == 1200 and wires[-4]["content_index"] == 0
    assert wires[-3] | {"event_id": ""} == {
        "type": "input_audio_buffer.committed",
        "event_id": "",
        "item_id": "e",
        "previous_item_id": "seen",
    }


def test_sound_is_left_out_of_every_event_but_retrieved() -> None:
    item = Message("u", "user", (Speech("Hi.", tone(1.0, 16_000)),))
    assert "audio" not in only(told([InputCommitted(item, None)]), "conversation.item.done")["item"]["content"][0]
    retrieved = item_retrieved(wire_item_with_sound(item, "audio/pcm"))
    part = strictly(retrieved).item.content[0]
    assert part.transcript == "Hi." and len(base64.b64decode(part.audio)) == 48_000


def test_sound_longer_than_an_event_may_be_is_left_out_of_retrieved_too() -> None:
    """Eight minutes would be a message of 31 MB, more than any client takes."""
    item = Message("u", "user", (Speech("Hi.", Pcm.silence(480, 16_000)),))
    assert "audio" not in wire_item_with_sound(item, "audio/pcm")["content"][0]


def test_errors_name_the_event_of_the_client() -> None:
    refused = RequestError("No.", param="item.id", code="item_id_in_use")
    wire = request_refused(refused, "evt_7")
    strictly(wire)
    assert wire["error"] == {
        "type": "invalid_request_error",
        "code": "item_id_in_use",
        "message": "No.",
        "param": "item.id",
        "event_id": "evt_7",
    }
    strictly(failure("Broken.", "server_error", "internal_error"))
    strictly(session_updated(SESSION))


MANAGED_EVENTS: list[Event] = [
    PlaybackDucked("item_1", 1000, -14.0),
    PlaybackHeld("item_1", 1100),
    PlaybackResumed("item_1", 1500, "backchannel"),
    TurnDecided("resume", "backchannel", 1500),
]


def test_a_client_hears_of_ducking_only_when_it_asked() -> None:
    assert [wire for event in MANAGED_EVENTS for wire in Narrator(SESSION).tell(event)] == []
    asked = SESSION.updated({"vivavoce": {"managed_playback": True}}, has_spoken=False)
    wires = [wire for event in MANAGED_EVENTS for wire in Narrator(asked).tell(event)]
    assert [wire["type"] for wire in wires] == [
        "vivavoce.output_audio.ducked",
        "vivavoce.output_audio.held",
        "vivavoce.output_audio.resumed",
        "vivavoce.turn.decided",
    ]
    assert (wires[0]["gain_db"], wires[2]["reason"]) == (-14.0, "backchannel")


def test_the_end_of_a_response_says_why_and_what_its_drafts_took() -> None:
    account = DraftAccount(made=2, anticipated=True, content_valid=True, head_start_ms=410.0, wasted_ms=120.0)
    request = ResponseRequest(ReplyOptions())
    events: list[Event] = [
        ResponseStarted("resp_1", request),
        ResponseEnded("resp_1", "interrupted", "reopened", Usage(), draft=account),
    ]
    done = told(events)[-1]
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["vivavoce"]["reason"] == "reopened"
    assert done["vivavoce"]["draft"] == {
        "made": 2,
        "anticipated": True,
        "content_valid": True,
        "head_start_ms": 410.0,
        "wasted_ms": 120.0,
    }


def test_sound_is_written_as_any_other_event() -> None:
    event = wire_event("response.output_audio.delta", response_id='re"sp', delta="AAA/+=", item_id="item")
    assert json.loads(encode_event(event)) == event
