"""What clients send, well formed and not: a command or a RequestError that names the field, never anything else."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.api.realtime.client_events import (
    EVENTS,
    PLAIN_APPENDS,
    Append,
    CancelResponse,
    Clear,
    Command,
    Commit,
    CreateItem,
    CreateResponse,
    DeleteItem,
    Reference,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
    event_id_of,
    load,
    parse,
    plain_append,
)
from vivavoce.api.realtime.server_events import encode_event, request_refused
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.config import ReplyOptions, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Image, Message, Speech, Text
from vivavoce.errors import RequestError

SESSION = RealtimeSession("sess_1", "gpt-realtime")
SOUND = base64.b64encode(np.array([0, 16384, -32768], "<i2").tobytes()).decode()


def read(message: Any, session: RealtimeSession = SESSION) -> Command:
    return parse(load(json.dumps(message)), session)


def say(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def user(*content: Any, **fields: Any) -> dict[str, Any]:
    item = {"type": "message", "role": "user", "content": list(content), **fields}
    return say("conversation.item.create", item=item)


def test_sound_arrives_at_the_rate_of_the_declared_format() -> None:
    command = read(say("input_audio_buffer.append", audio=SOUND))
    assert isinstance(command, Append) and command.sound.rate == 24_000
    assert command.sound.samples.tolist() == [0.0, 0.5, -1.0]
    phone = SESSION.updated({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}, has_spoken=False)
    command = read(say("input_audio_buffer.append", audio=base64.b64encode(b"\xff\x00\x7f").decode()), phone)
    assert isinstance(command, Append) and command.sound.rate == 8_000 and len(command.sound) == 3


def test_an_empty_append_is_no_sound_and_no_error() -> None:
    command = read(say("input_audio_buffer.append", audio=""))
    assert isinstance(command, Append) and len(command.sound) == 0


PLAIN = [
    (say("input_audio_buffer.commit"), Commit()),
    (say("input_audio_buffer.clear", event_id="e"), Clear()),
    (say("session.update", session={"type": "realtime"}), UpdateSession({"type": "realtime"})),
    (say("conversation.item.delete", item_id="a"), DeleteItem("a")),
    (say("conversation.item.retrieve", item_id="a"), RetrieveItem("a")),
    (say("conversation.item.truncate", item_id="a", content_index=0, audio_end_ms=120), TruncateItem("a", 0, 120)),
    (say("response.cancel"), CancelResponse(None)),
    (say("response.cancel", response_id="resp_1"), CancelResponse("resp_1")),
    (say("response.create"), CreateResponse(ReplyOptions(), "audio/pcm")),
    (say("response.create", response=None), CreateResponse(ReplyOptions(), "audio/pcm")),
]


@pytest.mark.parametrize(("message", "command"), PLAIN, ids=[message["type"] for message, _ in PLAIN])
def test_plain_commands(message: dict[str, Any], command: Command) -> None:
    assert read(message) == command


def test_items_of_every_kind_keep_the_ids_of_the_client() -> None:
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}
    command = read(
        user({"type": "input_text", "text": "See:"}, picture, id="chat_context_1") | {"previous_item_id": "root"}
    )
    assert command == CreateItem(
        Message("chat_context_1", "user", (Text("See:"), Image("data:image/png;base64,AA==", "low"))), "root"
    )
    spoken = read(user({"type": "input_audio", "audio": SOUND, "transcript": "Hi"}))
    assert isinstance(spoken, CreateItem) and isinstance(spoken.item, Message)
    part = spoken.item.parts[0]
    assert isinstance(part, Speech) and part.transcript == "Hi" and part.sound is not None and len(part.sound) == 3
    assert spoken.item.id.startswith("item_") and spoken.after is None
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]}
    assert read(say("conversation.item.create", item=said | {"id": "a"})) == CreateItem(
        Message("a", "assistant", (Text("Yes."),)), None
    )
    call = {"type": "function_call", "id": "f", "call_id": "c", "name": "weather", "arguments": "{}"}
    assert read(say("conversation.item.create", item=call)) == CreateItem(FunctionCall("f", "c", "weather", "{}"), None)
    output = {"type": "function_call_output", "id": "o", "call_id": "c", "output": "sunny"}
    assert read(say("conversation.item.create", item=output)) == CreateItem(FunctionOutput("o", "c", "sunny"), None)


def test_a_response_overrides_the_session_only_where_it_says_so() -> None:
    session = SESSION.updated({"instructions": "Session.", "max_output_tokens": 50}, has_spoken=False)
    response = {
        "conversation": "none",
        "output_modalities": ["text"],
        "tool_choice": "none",
        "tools": [],
        "metadata": {"status": "x"},
        "audio": {"output": {"format": {"type": "audio/pcma"}, "voice": {"id": "voice_1"}}},
        "input": [{"type": "item_reference", "id": "a"}, user({"type": "input_text", "text": "Hi"}, id="b")["item"]],
    }
    command = read(say("response.create", response=response), session)
    assert command == CreateResponse(
        ReplyOptions("Session.", (), ToolChoice("none"), "text", "voice_1", max_output_tokens=50),
        "audio/pcma",
        in_conversation=False,
        input=(Reference("a", "response.input.0.id"), Message("b", "user", (Text("Hi"),))),
        metadata={"status": "x"},
    )


def test_an_empty_input_is_an_empty_context() -> None:
    command = read(say("response.create", response={"input": []}))
    assert isinstance(command, CreateResponse) and command.input == ()


def item(**fields: Any) -> dict[str, Any]:
    return say("conversation.item.create", item=fields)


REFUSED = [
    ({}, "type", "missing_required_parameter", "type"),
    (say("hello"), "type", "invalid_value", "session.update"),
    ({"type": 7}, "type", "invalid_value", "session.update"),
    ({"type": ["session.update"]}, "type", "invalid_value", "session.update"),
    (say("response.output_audio.delta"), "type", "invalid_value", "session.update"),
    (say("output_audio_buffer.clear"), "type", "invalid_value", "WebRTC"),
    (say("input_audio_buffer.commit", event_id=7), "event_id", "invalid_value", "string"),
    (say("input_audio_buffer.append"), "audio", "missing_required_parameter", "base64"),
    (say("input_audio_buffer.append", audio=7), "audio", "invalid_value", "string"),
    (say("input_audio_buffer.append", audio="a b"), "audio", "invalid_value", "base64"),
    (say("input_audio_buffer.append", audio="AAA"), "audio", "invalid_value", "base64"),
    (say("input_audio_buffer.append", audio="é"), "audio", "invalid_value", "base64"),
    (say("input_audio_buffer.append", audio="AAAA"), "audio", "invalid_value", "16-bit"),
    (say("input_audio_buffer.append", audio="A" * (15 * 2**20 + 4)), "audio", "invalid_value", "at most"),
    (say("session.update"), "session", "missing_required_parameter", "object"),
    (say("session.update", session=[]), "session", "invalid_value", "object"),
    (say("conversation.item.create"), "item", "missing_required_parameter", "object"),
    (item(), "item.type", "missing_required_parameter", "message"),
    (item(type="mcp_call"), "item.type", "invalid_value", "message"),
    (item(type="message"), "item.role", "missing_required_parameter", "user"),
    (item(type="message", role="robot", content=[]), "item.role", "invalid_value", "assistant"),
    (item(type="message", role="user"), "item.content", "missing_required_parameter", "array"),
    (item(type="message", role="user", content="Hi"), "item.content", "invalid_value", "array"),
    (item(type="message", role="user", content=[]), "item.content", "missing_required_parameter", "part"),
    (user("Hi"), "item.content.0", "invalid_value", "object"),
    (user({"type": "output_text", "text": "x"}), "item.content.0.type", "invalid_value", "input_text"),
    (user({"type": "input_text"}), "item.content.0.text", "missing_required_parameter", "string"),
    (user({"type": "input_text", "text": None}), "item.content.0.text", "missing_required_parameter", "string"),
    (user({"type": "input_audio"}), "item.content.0.audio", "missing_required_parameter", "base64"),
    (user({"type": "input_audio", "audio": "AAAA"}), "item.content.0.audio", "invalid_value", "16-bit"),
    (
        user({"type": "input_image", "image_url": "http://x/a.png"}),
        "item.content.0.image_url",
        "invalid_value",
        "data URI",
    ),
    (user({"type": "input_text", "text": "x"}, id=""), "item.id", "invalid_value", "characters"),
    (user({"type": "input_text", "text": "x"}, id="x" * 200), "item.id", "invalid_value", "characters"),
    (
        user({"type": "input_text", "text": "x"}) | {"previous_item_id": 3},
        "previous_item_id",
        "invalid_value",
        "string",
    ),
    (item(type="function_call", name="x"), "item.arguments", "missing_required_parameter", "string"),
    (item(type="function_call_output", output="x"), "item.call_id", "missing_required_parameter", "string"),
    (item(type="function_call_output", call_id="c", output={}), "item.output", "invalid_value", "string"),
    (say("conversation.item.delete"), "item_id", "missing_required_parameter", "string"),
    (say("conversation.item.truncate", item_id="a"), "content_index", "missing_required_parameter", "number"),
    (
        say("conversation.item.truncate", item_id="a", content_index=0, audio_end_ms="1s"),
        "audio_end_ms",
        "invalid_value",
        "number",
    ),
    (
        say("conversation.item.truncate", item_id="a", content_index=0, audio_end_ms=-1),
        "audio_end_ms",
        "invalid_value",
        "0",
    ),
    (say("response.cancel", response_id=7), "response_id", "invalid_value", "string"),
    (say("response.create", response="now"), "response", "invalid_value", "object"),
    (say("response.create", response={"conversation": "other"}), "response.conversation", "invalid_value", "none"),
    (say("response.create", response={"input": {}}), "response.input", "invalid_value", "array"),
    (
        say("response.create", response={"input": [{}]}),
        "response.input.0.type",
        "missing_required_parameter",
        "message",
    ),
    (
        say("response.create", response={"input": [{"type": "item_reference"}]}),
        "response.input.0.id",
        "missing_required_parameter",
        "string",
    ),
    (say("response.create", response={"metadata": []}), "response.metadata", "invalid_value", "object"),
    (
        say("response.create", response={"metadata": {str(n): "" for n in range(17)}}),
        "response.metadata",
        "invalid_value",
        "16",
    ),
    (say("response.create", response={"metadata": {"k" * 65: ""}}), "response.metadata", "invalid_value", "64"),
    (say("response.create", response={"metadata": {"k": "v" * 513}}), "response.metadata.k", "invalid_value", "512"),
    (say("response.create", response={"metadata": {"k": 1}}), "response.metadata.k", "invalid_value", "string"),
    (say("response.create", response={"modalities": ["text"]}), "response.modalities", "unknown_parameter", "output_"),
]


@pytest.mark.parametrize(("message", "path", "code", "says"), REFUSED, ids=[f"{row[1]}-{row[2]}" for row in REFUSED])
def test_a_wrong_event_is_refused_by_the_name_of_its_field(message: Any, path: str, code: str, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        read(message)
    assert (refusal.value.param, refusal.value.code) == (path, code)
    assert says in str(refusal.value)
    assert len(str(refusal.value)) < 1000, "an error must not send the sound back"


NO_JSON = [
    "",
    "hello",
    "[]",
    '"type"',
    "7",
    "null",
    '{"type": "input_audio_buffer.commit"',
    '{"type": NaN}',
    '{"type": Infinity}',
    '{"type": 1e999}',
    "[" * 100_000,
    '{"a":' * 100_000,
    "9" * 10_000,
    '{"type": "session.update", "session": {"instructions": "\\ud800"}}',
    '{"type": "session.update", "session": ' + '{"a":' * 100 + "1" + "}" * 101,
]


@pytest.mark.parametrize("text", NO_JSON, ids=[text[:24] or "empty" for text in NO_JSON])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as refusal:
        load(text)
    assert refusal.value.code == "invalid_json"


def test_whole_surrogate_pairs_are_text_like_any_other() -> None:
    assert load('{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    "type role content item item_id session audio input output format rate voice speed turn_detection transcription "
    "tools tool_choice name parameters output_modalities metadata response text transcript image_url call_id arguments "
    "noise_reduction threshold max_output_tokens previous_item_id audio_end_ms content_index response_id event_id "
    "conversation id include tracing truncation prompt reasoning language idle_timeout_ms silence_duration_ms"
).split()
WORDS = [
    *EVENTS,
    *"realtime message user assistant system input_text input_audio output_text function none".split(),
    *"auto function_call function_call_output item_reference audio/pcm audio/pcmu server_vad semantic_vad".split(),
    *"required text audio inf".split(),
    SOUND,
]
plausible = st.recursive(
    st.sampled_from(WORDS) | st.sampled_from([0, 1, -1, 0.5, 24000, True, None, "", 1e308]) | json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(NAMES), plausible, max_size=6))
def test_no_event_however_odd_raises_anything_but_a_request_error(kind: str, fields: dict[str, Any]) -> None:
    message = {**fields, "type": kind}
    try:
        command = read(message)
        if isinstance(command, UpdateSession):
            encode_event(SESSION.updated(command.session, has_spoken=False).wire())
    except RequestError as error:
        assert str(error)
        encode_event(request_refused(error, event_id_of(message))).encode()


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=200)
    | st.binary(max_size=100).map(lambda data: data.decode("latin-1"))
    | json_values.map(json.dumps)
)
def test_no_text_however_odd_raises_anything_but_a_request_error(text: str) -> None:
    try:
        parse(load(text), SESSION)
    except RequestError:
        pass


@given(
    st.sampled_from(PLAIN_APPENDS),
    st.text(max_size=12) | st.text('"\\{}:,=A/', max_size=12),
    st.sampled_from(["", " ", "}"]),
)
@settings(deadline=None)
def test_a_plain_append_is_read_as_any_other_json(beginning: str, middle: str, end: str) -> None:
    """The quick way for the message that comes fifty times a second never reads anything but what JSON says."""
    text = f'{beginning}{middle}"}}{end}'
    try:
        expected: Any = json.loads(text)
    except ValueError:
        with pytest.raises(RequestError):
            parse(load(text), SESSION)
    else:
        assert load(text) == expected


@given(
    st.sampled_from(PLAIN_APPENDS),
    st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode()) | st.text('"\\{}:,=A/ü', max_size=12),
    st.sampled_from(["", " ", "}"]),
)
@settings(deadline=None)
def test_sound_that_is_taken_at_once_is_what_reading_the_message_gives(beginning: str, audio: str, end: str) -> None:
    """Whatever is taken without JSON would be taken with it, and is the same; all plain sound is."""
    text = f'{beginning}{audio}"}}{end}'
    sound = plain_append(text.encode(), SESSION)
    try:
        command = parse(load(text), SESSION)
    except RequestError:
        assert sound is None
    else:
        assert isinstance(command, Append)
        assert sound is not None or end
        assert sound is None or np.array_equal(sound.samples, command.sound.samples)
