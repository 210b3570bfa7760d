"""session.update as a deep merge: what it changes, what it leaves, and how it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai.types.realtime import RealtimeSessionCreateRequest

from tests.api.fakes import strictly
from vivavoce.api.realtime.prompts import prompts_in
from vivavoce.api.realtime.server_events import session_created
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.config import (
    NoiseReduction,
    SemanticVad,
    ServerVad,
    SessionConfig,
    Tool,
    ToolChoice,
    Truncation,
)
from vivavoce.errors import RequestError

STORED = {("p", None): "Be brief.", ("waiter", "2"): "Serve {{dish}} to {{ guest }}."}
FRESH = RealtimeSession("sess_1", "gpt-realtime", prompts=lambda name, version: STORED.get((name, version)))
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def update(*patches: dict[str, Any], session: RealtimeSession = FRESH, has_spoken: bool = False) -> RealtimeSession:
    for patch in patches:
        session = session.updated(patch, has_spoken=has_spoken)
        strictly(session_created(session))
    return session


def audio_in(**fields: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"input": fields}}


def audio_out(**fields: Any) -> dict[str, Any]:
    return {"type": "realtime", "audio": {"output": fields}}


def test_a_fresh_session_says_everything_that_holds() -> None:
    wire = FRESH.wire()
    assert RealtimeSessionCreateRequest.model_validate(wire, strict=True).audio.input.turn_detection.threshold == 0.5
    assert wire["object"] == "realtime.session" and wire["id"] == "sess_1"
    assert wire["output_modalities"] == ["audio"] and wire["max_output_tokens"] == "inf"
    assert wire["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert wire["audio"]["input"]["transcription"] is None
    assert wire["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0}


def test_an_absent_field_keeps_its_value() -> None:
    session = update(
        {"instructions": "Be brief.", "tools": [WEATHER], "audio": {"output": {"voice": "cedar", "speed": 1.2}}},
        audio_in(turn_detection={"type": "server_vad", "threshold": 0.7}),
        audio_in(turn_detection={"silence_duration_ms": 900}),
        {"type": "realtime"},
    )
    assert session.config.reply.instructions == "Be brief."
    assert session.config.reply.voice == "cedar" and session.config.reply.speed == 1.2
    assert session.config.reply.tools == (Tool("weather", "Tells the weather", WEATHER["parameters"]),)
    assert session.config.turn.detection == ServerVad(threshold=0.7, silence_duration_ms=900)


def test_null_clears_what_can_be_off() -> None:
    full = update(
        audio_in(
            transcription={"model": "whisper-1", "language": "de"},
            noise_reduction={"type": "far_field"},
            turn_detection={"type": "server_vad", "idle_timeout_ms": 6000},
        ),
        {"tracing": "auto", "prompt": {"id": "p"}, "include": ["item.input_audio_transcription.logprobs"]},
    )
    assert full.config.turn.detection == ServerVad(idle_timeout_ms=6000)
    assert full.wire()["tracing"] == "auto" and full.wire()["prompt"]["id"] == "p"
    awake = update(audio_in(turn_detection={"idle_timeout_ms": None}), session=full)
    assert awake.config.turn.detection == ServerVad()
    bare = update(
        audio_in(transcription=None, noise_reduction=None, turn_detection=None),
        {"tracing": None, "prompt": None, "include": None},
        session=full,
    )
    assert bare.config.transcription is None and bare.config.turn.detection is None
    assert bare.wire()["audio"]["input"]["noise_reduction"] is None
    assert bare.wire()["audio"]["input"]["turn_detection"] is None
    assert bare.wire()["tracing"] is None and bare.wire()["include"] is None


def test_empty_values_are_values() -> None:
    session = update({"instructions": "x", "tools": [WEATHER]}, {"instructions": "", "tools": []})
    assert session.config.reply.instructions == "" and session.config.reply.tools == ()


def test_null_elsewhere_counts_as_absent() -> None:
    """SDKs that write every field they know must not reset a session."""
    before = update({"instructions": "Be brief.", "audio": {"output": {"voice": "ash"}}})
    after = update(
        {"instructions": None, "tools": None, "max_output_tokens": None, "audio": {"input": None, "output": None}},
        {"audio": None},
        session=before,
    )
    assert after == before


def test_another_kind_of_turn_detection_starts_from_its_own_defaults() -> None:
    session = update(
        audio_in(turn_detection={"type": "server_vad", "threshold": 0.9, "create_response": False}),
        audio_in(turn_detection={"type": "semantic_vad", "eagerness": "low"}),
    )
    assert session.config.turn.detection == SemanticVad("low") and session.config.turn.create_response
    again = update(audio_in(turn_detection={"interrupt_response": False}), session=session)
    assert again.config.turn.detection == SemanticVad("low") and not again.config.turn.interrupt_response


def test_telephone_formats_and_text_only() -> None:
    session = update(
        audio_in(format={"type": "audio/pcmu"}),
        audio_out(format={"type": "audio/pcma", "rate": 8000}),
        {"output_modalities": ["text"], "max_output_tokens": 100, "temperature": 0.8},
    )
    assert (session.hears, session.speaks) == ("audio/pcmu", "audio/pcma")
    assert session.wire()["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session.config.reply.modality == "text" and session.config.reply.max_output_tokens == 100
    assert update({"max_output_tokens": "inf"}, session=session).config.reply.max_output_tokens is None


def test_a_tool_choice_may_name_a_function() -> None:
    session = update({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "weather"}})
    assert session.config.reply.tool_choice == ToolChoice("function", "weather")
    assert session.wire()["tool_choice"] == {"type": "function", "name": "weather"}


def test_a_choice_goes_with_its_tool() -> None:
    """Clearing the tools must not fail over a choice that the client did not mention."""
    session = update({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "weather"}}, {"tools": []})
    assert session.config.reply.tool_choice == ToolChoice()


def test_the_language_hint_is_what_engines_take() -> None:
    session = update(audio_in(transcription={"model": "gpt-4o-transcribe", "language": "pt-BR", "keywords": ["Ada"]}))
    assert session.config.transcription is not None and session.config.transcription.language == "pt"
    assert session.wire()["audio"]["input"]["transcription"]["keywords"] == ["Ada"]


def test_another_model_is_no_error_and_no_change() -> None:
    assert update({"model": "gpt-realtime-2.1"}).model == "gpt-realtime"


def test_fields_without_effect_are_echoed() -> None:
    patch = {
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.8},
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low"},
        "tracing": {"workflow_name": "w", "metadata": {"a": 1}},
        "something_of_tomorrow": {"x": 1},
    }
    wire = update(patch).wire()
    assert wire["truncation"]["retention_ratio"] == 0.8 and wire["parallel_tool_calls"] is False
    assert wire["reasoning"] == {"effort": "low"} and wire["tracing"]["workflow_name"] == "w"
    assert "something_of_tomorrow" not in wire


def test_the_voice_stays_once_it_was_heard() -> None:
    with pytest.raises(RequestError) as refusal:
        update(audio_out(voice="cedar"), has_spoken=True)
    assert refusal.value.code == "cannot_update_voice"
    assert update(audio_out(voice="marin", speed=0.9), has_spoken=True).config.reply.speed == 0.9


def test_the_defaults_of_the_server_are_where_a_session_starts() -> None:
    quiet = SessionConfig()
    assert RealtimeSession("s", "m", quiet).config is quiet


SERVER = {"type": "mcp", "server_label": "docs", "server_url": "https://example.org/mcp"}


def server(**fields: Any) -> dict[str, Any]:
    return {"tools": [{**SERVER, **fields}]}


SERVERS_REFUSED = [
    ({"tools": [{"type": "mcp"}]}, "server_label", "label"),
    (server(server_label="a b"), "server_label", "letters"),
    (server(server_url="file:///etc/passwd"), "server_url", "http"),
    (server(server_url="https://me:secret@example.org"), "server_url", "without a user name"),
    (server(server_url="http://[::1"), "server_url", "http"),
    (server(tunnel_id="t"), "tunnel_id", "server_url"),
    (server(headers={"X-Key": "a\r\nHost: b"}), "headers.X-Key", "printable"),
    (server(headers={"a b": "c"}), "headers", "names"),
    (server(authorization=7), "authorization", "string"),
    (server(allowed_tools=[7]), "allowed_tools.0", "string"),
    (server(require_approval="sometimes"), "require_approval", "never"),
    (server(require_approval={}), "require_approval.never", "approval"),
]

REFUSED = [
    (None, "session", "object"),
    ("x", "session", "object"),
    ({"type": 3}, "session.type", "realtime, transcription"),
    ({"type": "live"}, "session.type", "realtime"),
    ({"instructions": 7}, "session.instructions", "string"),
    ({"model": 7}, "session.model", "string"),
    ({"output_modalities": ["text", "audio"]}, "session.output_modalities", "never both"),
    ({"output_modalities": "audio"}, "session.output_modalities", "never both"),
    ({"max_output_tokens": 0}, "session.max_output_tokens", "4096"),
    ({"max_output_tokens": 5000}, "session.max_output_tokens", "4096"),
    ({"max_output_tokens": "many"}, "session.max_output_tokens", "inf"),
    ({"max_output_tokens": True}, "session.max_output_tokens", "inf"),
    ({"temperature": 9}, "session.temperature", "0 to 2"),
    ({"tools": {}}, "session.tools", "array"),
    ({"tools": [7]}, "session.tools.0", "object"),
    ({"tools": [{"type": "web_search"}]}, "session.tools.0.type", "function"),
    *((patch, f"session.tools.0.{field}", says) for patch, field, says in SERVERS_REFUSED),
    ({"tools": [SERVER, SERVER]}, "session.tools", "twice"),
    ({"tools": [{"type": "function"}]}, "session.tools.0.name", "name"),
    ({"tools": [{"type": "function", "name": "a b"}]}, "session.tools.0.name", "letters"),
    ({"tools": [{"type": "function", "name": "a", "parameters": []}]}, "session.tools.0.parameters", "object"),
    ({"tools": [WEATHER, WEATHER]}, "session.tools", "twice"),
    ({"tool_choice": "sometimes"}, "session.tool_choice", "required"),
    ({"tool_choice": {"type": "mcp"}}, "session.tool_choice.server_label", "server"),
    ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "session.tool_choice.server_label", "one of the tools"),
    ({"tool_choice": {"type": "function"}}, "session.tool_choice.name", "name"),
    ({"tool_choice": {"type": "function", "name": "nope"}}, "session.tool_choice.name", "one of the tools"),
    ({"audio": 3}, "session.audio", "object"),
    ({"audio": {"input": []}}, "session.audio.input", "object"),
    (audio_in(format="pcm16"), "session.audio.input.format", "object"),
    (audio_in(format={"rate": 24000}), "session.audio.input.format.type", "audio/pcm"),
    (audio_in(format={"type": "audio/mp3"}), "session.audio.input.format.type", "audio/pcm"),
    (audio_in(format={"type": "audio/pcm", "rate": 16000}), "session.audio.input.format.rate", "24000"),
    (audio_in(format={"type": "audio/pcm", "rate": "24000"}), "session.audio.input.format.rate", "24000"),
    (audio_out(format={"type": "audio/pcmu", "rate": 16000}), "session.audio.output.format.rate", "8000"),
    (audio_out(speed=2), "session.audio.output.speed", "0.25 to 1.5"),
    (audio_out(speed="fast"), "session.audio.output.speed", "number"),
    (audio_out(voice=""), "session.audio.output.voice", "voice"),
    (audio_out(voice=3), "session.audio.output.voice", "string"),
    (audio_out(voice={}), "session.audio.output.voice.id", "id"),
    (audio_in(turn_detection="server_vad"), "session.audio.input.turn_detection", "object"),
    (audio_in(turn_detection={"type": "magic"}), "session.audio.input.turn_detection.type", "semantic_vad"),
    (audio_in(turn_detection={"threshold": 1.5}), "session.audio.input.turn_detection.threshold", "0 to 1"),
    (
        audio_in(turn_detection={"silence_duration_ms": 0.5}),
        "session.audio.input.turn_detection.silence_duration_ms",
        "whole number",
    ),
    (audio_in(turn_detection={"prefix_padding_ms": -1}), "session.audio.input.turn_detection.prefix_padding_ms", "0"),
    (audio_in(turn_detection={"create_response": 1}), "session.audio.input.turn_detection.create_response", "true"),
    (
        audio_in(turn_detection={"type": "semantic_vad", "eagerness": "very"}),
        "session.audio.input.turn_detection.eagerness",
        "high",
    ),
    (audio_in(transcription="whisper-1"), "session.audio.input.transcription", "object"),
    (audio_in(transcription={"language": "!"}), "session.audio.input.transcription.language", "ISO 639-1"),
    (audio_in(transcription={"keywords": [1]}), "session.audio.input.transcription.keywords.0", "string"),
    (audio_in(noise_reduction={"type": "off"}), "session.audio.input.noise_reduction.type", "near_field"),
    ({"tracing": "always"}, "session.tracing", "auto"),
    ({"truncation": "never"}, "session.truncation", "disabled"),
    ({"include": ["everything"]}, "session.include.0", "logprobs"),
    ({"reasoning": {"effort": "huge"}}, "session.reasoning.effort", "minimal"),
    ({"prompt": {}}, "session.prompt.id", "string"),
    ({"voice": "ash"}, "session.voice", "audio.output.voice"),
    ({"turn_detection": {"type": "server_vad"}}, "session.turn_detection", "audio.input.turn_detection"),
    ({"modalities": ["text"]}, "session.modalities", "output_modalities"),
]


@pytest.mark.parametrize(("patch", "path", "says"), REFUSED, ids=[path for _, path, _ in REFUSED])
def test_a_wrong_field_is_named_and_the_remedy_told(patch: Any, path: str, says: str) -> None:
    with pytest.raises(RequestError) as refusal:
        FRESH.updated(patch, has_spoken=False)
    assert refusal.value.param == path
    assert says in str(refusal.value)
    assert refusal.value.code in ("invalid_value", "missing_required_parameter", "unknown_parameter")


def test_turn_detection_needs_its_type_where_none_is_on() -> None:
    off = update(audio_in(turn_detection=None))
    with pytest.raises(RequestError) as refusal:
        off.updated(audio_in(turn_detection={"threshold": 0.5}), has_spoken=False)
    assert refusal.value.code == "missing_required_parameter"


def test_manners_of_ours_are_merged_told_and_put_back() -> None:
    session = update(
        {"vivavoce": {"managed_playback": True, "idle_timeout_ms": 8000}}, {"vivavoce": {"openers": "off"}}
    )
    assert session.wire()["vivavoce"] == {
        "managed_playback": True,
        "listening_signals": False,
        "idle_timeout_ms": 8000,
        "side_talk": "answer",
        "openers": "off",
        "spoken_approval": True,
        "profile": False,
        "conversation": None,
        "temporary": False,
    }
    assert update({"vivavoce": {"idle_timeout_ms": None}}, session=session).config.manners.idle_timeout_ms is None
    assert update({"vivavoce": None}, session=session).config.manners == SessionConfig().manners


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ({"idle_timeout_ms": 5}, "session.vivavoce.idle_timeout_ms"),
        ({"side_talk": "maybe"}, "session.vivavoce.side_talk"),
        ({"managed_playback": "yes"}, "session.vivavoce.managed_playback"),
    ],
)
def test_a_wrong_manner_is_refused_by_name(patch: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as refused:
        update({"vivavoce": patch})
    assert refused.value.param == param


def test_a_stored_prompt_is_the_instructions() -> None:
    variables = {"dish": "soup", "guest": {"type": "input_text", "text": "the {{dish}} lover"}}
    served = update({"prompt": {"id": "waiter", "version": "2", "variables": variables}})
    assert served.config.reply.instructions == "Serve soup to the {{dish}} lover."  # what fills in is not filled in
    assert served.wire()["prompt"]["id"] == "waiter" and served.wire()["instructions"].startswith("Serve soup")
    overruled = update({"prompt": {"id": "p"}, "instructions": "Be long."})
    assert overruled.config.reply.instructions == "Be long."


@pytest.mark.parametrize(
    ("prompt", "path", "code"),
    [
        ({"id": "nobody"}, "session.prompt.id", "prompt_not_found"),
        ({"id": "../secret"}, "session.prompt.id", "invalid_value"),
        ({"id": "p", "version": "a/b"}, "session.prompt.id", "invalid_value"),
        ({"id": "waiter", "version": "2", "variables": {"dish": "soup"}}, "session.prompt.variables.guest", None),
        ({"id": "p", "variables": {"a": 5}}, "session.prompt.variables.a", "invalid_value"),
    ],
)
def test_a_prompt_that_does_not_fit_is_refused(prompt: Any, path: str, code: str | None) -> None:
    with pytest.raises(RequestError) as refusal:
        update({"prompt": prompt})
    assert refusal.value.param == path and code in (None, refusal.value.code)


def test_stored_prompts_are_files(tmp_path: Path) -> None:
    find = prompts_in(tmp_path)
    (tmp_path / "waiter.md").write_text("Serve.")
    (tmp_path / "waiter@2.md").write_text("Serve well.")
    assert (find("waiter", None), find("waiter", "2"), find("cook", None)) == ("Serve.", "Serve well.", None)


def test_fields_that_shape_the_work_reach_it() -> None:
    session = update(
        audio_in(noise_reduction={"type": "far_field", "strength": 0.5}),
        {"truncation": {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 900}}},
        {"reasoning": {"effort": "low"}},
    )
    assert session.config.noise_reduction == NoiseReduction("far_field", 0.5)
    assert session.config.reply.truncation == Truncation(keep=0.8, most=900)
    assert session.config.reply.effort == "low"
    assert update({"truncation": "disabled"}).config.reply.truncation == Truncation(drop=False)
    assert update({"truncation": "disabled"}, {"truncation": "auto"}).config.reply.truncation == Truncation()


def test_tracing_stays_as_it_is_once_it_is_on() -> None:
    traced = update({"tracing": {"workflow_name": "w", "group_id": "g"}})
    assert update({"tracing": {"workflow_name": "w", "group_id": "g"}}, session=traced).wire() == traced.wire()
    with pytest.raises(RequestError) as refusal:
        update({"tracing": "auto"}, session=traced)
    assert refusal.value.param == "session.tracing"


def test_a_tool_server_is_kept_and_echoed_without_its_secrets() -> None:
    secrets = {"authorization": "Bearer xyzzy", "headers": {"X-Key": "plugh"}}
    rules = {"allowed_tools": ["search"], "require_approval": {"never": {"read_only": True}}}
    session = update({**server(**secrets, **rules), "tool_choice": {"type": "mcp", "server_label": "docs"}})
    (kept,) = session.config.reply.servers
    assert (kept.authorization, kept.headers) == ("Bearer xyzzy", (("X-Key", "plugh"),))
    assert kept.approval.of("search", True) == "never" and kept.approval.of("delete", False) == "always"
    wire = session.wire()
    assert wire["tools"] == [
        {**SERVER, "allowed_tools": ["search"], "require_approval": {"never": {"read_only": True}}}
    ]
    assert wire["tool_choice"] == {"type": "mcp", "server_label": "docs"}
    assert "xyzzy" not in repr(session) + str(wire) and "plugh" not in repr(session) + str(wire)


def test_a_server_of_the_clients_asks_for_approval_unless_told_otherwise() -> None:
    ours = {"tools": [SERVER, {"type": "mcp", "server_label": "vivavoce"}]}
    theirs, own = update(ours).config.reply.servers
    assert theirs.approval.of("x", True) == "always" and own.approval.of("x", True) == "auto"


def test_servers_and_their_choice_go_with_the_tools() -> None:
    named = update({**server(), "tool_choice": {"type": "mcp", "server_label": "docs", "name": "search"}})
    assert named.config.reply.tool_choice.mode == "server"
    without = named.updated({"tools": []}, has_spoken=False)
    assert without.config.reply.servers == () and without.config.reply.tool_choice.mode == "auto"


def test_a_session_names_its_conversation_and_keeps_it() -> None:
    session = update({"vivavoce": {"conversation": "conv_1", "temporary": True}}, {"vivavoce": None})
    assert session.wire()["vivavoce"]["conversation"] == "conv_1"
    assert session.config.temporary is True
    with pytest.raises(RequestError) as refusal:
        update({"vivavoce": {"conversation": 3}})
    assert refusal.value.param == "session.vivavoce.conversation"
