"""The reference of events and fields is what the code says, and leaves out nothing that OpenAI has."""

from __future__ import annotations

import importlib.util
import typing
from pathlib import Path
from typing import Any

import pytest
from openai.types.realtime import (
    RealtimeConversationItemAssistantMessage,
    RealtimeConversationItemFunctionCall,
    RealtimeConversationItemFunctionCallOutput,
    RealtimeConversationItemSystemMessage,
    RealtimeConversationItemUserMessage,
    RealtimeMcpApprovalResponse,
    RealtimeResponseCreateParams,
    RealtimeServerEvent,
    RealtimeSessionCreateRequest,
    RealtimeTranscriptionSessionCreateRequest,
)
from pydantic import BaseModel

from vivavoce.api.realtime.client_events import EVENTS, parse
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.errors import RequestError

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "write-reference.py"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("write_reference", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current() -> None:
    writer = script()
    assert writer.REFERENCE.read_text() == writer.reference(), "run scripts/write-reference.py"


def test_every_event_of_the_contract_is_served_or_said_not_to_be() -> None:
    writer = script()
    types = typing.get_args(typing.get_args(RealtimeServerEvent)[0])
    theirs = {typing.get_args(event.model_fields["type"].annotation)[0] for event in types}
    ours = {name for name in writer.sent_events() if not name.startswith("vivavoce.")}
    assert ours | set(writer.ELSEWHERE) | set(writer.NOT_SENT) == theirs
    assert not ours & set(writer.NOT_SENT) and len([name for name in EVENTS if not name.startswith("vivavoce.")]) == 11


SILENCE = "A" * 64
SERVER: Any = {
    "type": "mcp",
    "server_label": "docs",
    "server_url": "https://example.org/mcp",
    "connector_id": "connector_gmail",
    "authorization": "key",
    "headers": {"x-key": "1"},
    "server_description": "Documents",
    "allowed_tools": {"tool_names": ["search"], "read_only": True},
    "require_approval": {
        "always": {"tool_names": ["write"], "read_only": False},
        "never": {"tool_names": ["search"], "read_only": True},
    },
    "allowed_callers": ["direct"],
    "defer_loading": True,
    "tunnel_id": None,
}
FUNCTION: Any = {"type": "function", "name": "weather", "description": "Weather", "parameters": {}}
REPLY: Any = {
    "instructions": "Be kind.",
    "max_output_tokens": 100,
    "output_modalities": ["audio"],
    "parallel_tool_calls": False,
    "prompt": {"id": "waiter", "version": "2", "variables": {"dish": {"type": "input_text", "text": "soup"}}},
    "reasoning": {"effort": "low"},
    "tools": [FUNCTION, SERVER],
}
INPUT: Any = {
    "format": {"type": "audio/pcm", "rate": 24000},
    "noise_reduction": {"type": "near_field", "strength": 0.5},
    "transcription": {
        "model": "whisper-1", "language": "en", "languages": ["en"], "keywords": ["soup"], "prompt": "", "delay": "low",
    },
    "turn_detection": {
        "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
        "idle_timeout_ms": 5000, "create_response": True, "interrupt_response": True,
    },
}  # fmt: skip
SEMANTIC: Any = {"type": "semantic_vad", "eagerness": "low", "create_response": True, "interrupt_response": True}
SESSION: Any = {
    **REPLY,
    "type": "realtime",
    "model": "gpt-realtime",
    "include": ["item.input_audio_transcription.logprobs"],
    "tool_choice": {"type": "mcp", "server_label": "docs", "name": "search"},
    "tracing": {"workflow_name": "call", "group_id": "1", "metadata": {"a": 1}},
    "truncation": {"type": "retention_ratio", "retention_ratio": 0.5, "token_limits": {"post_instructions": 900}},
    "audio": {
        "input": INPUT,
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "speed": 1.1, "voice": {"id": "voice_1"}},
    },
}
RESPONSE: Any = {
    **REPLY,
    "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": {"id": "voice_1"}}},
    "conversation": "none",
    "input": [],
    "metadata": {"a": "b"},
    "tool_choice": {"type": "mcp", "server_label": "docs", "name": "search"},
}
ITEMS: list[tuple[type[BaseModel], Any]] = [
    (RealtimeConversationItemSystemMessage, {"role": "system", "content": [{"type": "input_text", "text": "Hi"}]}),
    (
        RealtimeConversationItemUserMessage,
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Hi"},
                {"type": "input_audio", "audio": SILENCE, "transcript": "Hi"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
            ],
        },
    ),
    (
        RealtimeConversationItemAssistantMessage,
        {
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Hi"},
                {"type": "output_audio", "audio": SILENCE, "transcript": "Hi"},
            ],
        },
    ),
    (RealtimeConversationItemFunctionCall, {"type": "function_call", "call_id": "1", "name": "a", "arguments": "{}"}),
    (RealtimeConversationItemFunctionCallOutput, {"type": "function_call_output", "call_id": "1", "output": "1"}),
    (
        RealtimeMcpApprovalResponse,
        {"type": "mcp_approval_response", "approval_request_id": "1", "approve": True, "reason": "no"},
    ),
]


class Watched(dict[str, Any]):
    """A JSON object that knows which of its fields were looked at."""

    def __init__(self, value: dict[str, Any], path: str, seen: set[str]) -> None:
        super().__init__({name: watched(each, f"{path}.{name}", seen) for name, each in value.items()})
        self._path, self._seen = path, seen

    def get(self, name: str, default: Any = None) -> Any:
        self._seen.add(f"{self._path}.{name}")
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._seen.add(f"{self._path}.{name}")
        return super().__contains__(name)


def watched(value: Any, path: str, seen: set[str]) -> Any:
    if isinstance(value, dict):
        return Watched(value, path, seen)
    return [watched(each, path, seen) for each in value] if isinstance(value, list) else value


def fields_of(model: type[BaseModel], path: str) -> set[str]:
    """Dotted paths of all fields of OpenAI's type that hold a value."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner = list(_models(field.annotation))
        found |= set().union(*(fields_of(each, f"{path}.{name}") for each in inner)) if inner else {f"{path}.{name}"}
    return found


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in typing.get_args(annotation) for model in _models(each)]


def test_every_field_of_the_contract_is_read_or_said_to_change_nothing() -> None:
    seen: set[str] = set()
    prompts = {("waiter", "2"): "Offer {{dish}}."}
    fresh = RealtimeSession("sess_1", "gpt-realtime", prompts=lambda *name: prompts.get(name))
    session = fresh.updated(watched(SESSION, "session", seen), has_spoken=False)
    assert session.config.reply.instructions == "Be kind."
    semantic = {"type": "realtime", "audio": {"input": {"turn_detection": SEMANTIC}}}
    fresh.updated(watched(semantic, "session", seen), has_spoken=False)
    fresh.updated(watched({"type": "transcription", "audio": {"input": INPUT}}, "session", seen), has_spoken=False)
    parse({"type": "response.create", "response": watched(RESPONSE, "response", seen)}, fresh)
    for _, item in ITEMS:
        whole = {"type": "message", "id": "item_1", **item}
        parse({"type": "conversation.item.create", "item": watched(whole, "item", seen)}, fresh)

    theirs = fields_of(RealtimeSessionCreateRequest, "session") | fields_of(RealtimeResponseCreateParams, "response")
    theirs |= fields_of(RealtimeTranscriptionSessionCreateRequest, "session")
    theirs = {path for path in theirs if not path.startswith("response.input.")}
    theirs = theirs.union(*(fields_of(model, "item") for model, _ in ITEMS))
    writer = script()
    said = {**writer.WITHOUT_EFFECT, **writer.REFUSED}
    unread = {path for path in theirs if path not in seen and not any(_within(path, each) for each in said)}
    assert not unread, "neither read nor said to change nothing"
    assert all(any(_within(path, each) for path in theirs) for each in said), "what is said is about fields that exist"


def _within(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}.")


def test_what_is_said_to_be_refused_is_refused() -> None:
    fresh = RealtimeSession("sess_1", "gpt-realtime", prompts=lambda *name: "Offer {{dish}}.")
    picture = {"id": "waiter", "variables": {"dish": {"type": "input_image", "image_url": "https://example.org"}}}
    tunnel = {"type": "mcp", "server_label": "a", "tunnel_id": "tunnel_1"}
    for session in ({"prompt": picture}, {"tools": [tunnel]}):
        with pytest.raises(RequestError):
            fresh.updated({"type": "realtime", **session}, has_spoken=False)
    for kind in ("mcp_list_tools", "mcp_call", "mcp_approval_request"):
        with pytest.raises(RequestError):
            parse({"type": "conversation.item.create", "item": {"type": kind, "server_label": "a"}}, fresh)
