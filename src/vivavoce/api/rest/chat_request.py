"""A request for a chat completion, as OpenAI writes it: every field of the wire, checked, into values. Pure.

Fields that nobody here can honour (prediction, web_search_options and the like) and unknown ones are left unread, as
OpenAI's own clients expect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vivavoce.api.fields import Fields, invalid, string
from vivavoce.api.rest.attachments import RawItem
from vivavoce.api.rest.chat_messages import read_conversation
from vivavoce.api.rest.sampling import read_sampling
from vivavoce.api.rest.schemas import checked_schema
from vivavoce.audio.files import Format
from vivavoce.conversation.config import Tool, ToolChoice, wanted_route
from vivavoce.errors import RequestError
from vivavoce.ports import Prompt

MOST_TOOLS, MOST_STOPS, MOST_CHOICES = 128, 4, 8
MOST_METADATA = 16
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SOUND_FORMATS: dict[str, Format] = {
    "wav": "wav", "mp3": "mp3", "flac": "flac", "opus": "opus", "aac": "aac", "pcm16": "pcm", "pcm": "pcm"
}  # fmt: skip
FREE_TEXT: Mapping[str, Any] = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""Arguments of a custom tool, which takes any text."""


@dataclass(frozen=True, slots=True)
class Aloud:
    """The answer is to be spoken, too."""

    voice: str
    format: Format


@dataclass(frozen=True, slots=True)
class ChatAsked:
    """One request, checked. `prompt` has all but its items, whose attachments are still closed. `custom`: names of
    the tools that take free text; `functions`: the client knows only the older form with one call."""

    model: str
    prompt: Prompt
    items: tuple[RawItem, ...]
    choices: int = 1
    stream: bool = False
    include_usage: bool = False
    aloud: Aloud | None = None
    parallel: bool = True
    custom: frozenset[str] = frozenset()
    functions: bool = False
    store: bool = False
    metadata: Mapping[str, str] | None = None
    cache_key: str = ""
    messages: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """As they came, for those who have the completion stored."""


def read_chat(fields: Fields) -> ChatAsked:
    """Raises RequestError."""
    model = fields.need_text("model", "give the id of a model; GET /v1/models lists them")
    instructions, items = read_conversation(fields)
    tools, custom = _tools(fields)
    choice, tools = _tool_choice(fields, tools)
    options = fields.object("stream_options")
    return ChatAsked(
        model,
        Prompt(
            instructions,
            (),
            tools=tools,
            tool_choice=choice,
            max_tokens=_limit(fields),
            temperature=fields.number("temperature", 0.7, 0, 2),
            effort=fields.choice("reasoning_effort", EFFORTS, None),
            schema=_schema(fields),
            stop=_stops(fields),
            top_p=fields.number("top_p", None, 0, 1),
            seed=fields.integer("seed", None, -(2**63), 2**63 - 1),
            route=wanted_route(read_metadata(fields)),
            sampling=read_sampling(fields),
        ),
        items,
        choices=fields.integer("n", 1, 1, MOST_CHOICES),
        stream=fields.flag("stream", False),
        include_usage=options is not None and options.flag("include_usage", False),
        aloud=_aloud(fields),
        parallel=fields.flag("parallel_tool_calls", True),
        custom=custom,
        functions=fields.get("functions") is not None,
        store=fields.flag("store", False),
        metadata=read_metadata(fields),
        cache_key=fields.text("prompt_cache_key", "") or fields.text("user", ""),
        messages=tuple(fields.get("messages")),
    )


def read_metadata(fields: Fields) -> dict[str, str] | None:
    """Up to sixteen strings with names."""
    metadata = fields.object("metadata")
    if metadata is None:
        return None
    for name, value in metadata.raw.items():
        if not isinstance(value, str) or len(value) > 512 or len(name) > 64:
            raise invalid(metadata.at(name), "be a string of at most 512 characters with a name of at most 64", value)
    if len(metadata.raw) > MOST_METADATA:
        raise invalid("metadata", f"hold at most {MOST_METADATA} entries")
    return dict(metadata.raw)


# --- tools


def _tools(fields: Fields) -> tuple[tuple[Tool, ...], frozenset[str]]:
    """All tools, and the names of those that take free text."""
    custom: set[str] = set()

    def tool(value: Any, path: str) -> Tool:
        entry = Fields(value, path)
        if entry.need_choice("type", ("function", "custom")) == "custom":
            it = entry.need_object("custom")
            check_free_text(it)
            custom.add(it.need_text("name"))
            return Tool(it.need_text("name"), it.text("description", ""), FREE_TEXT)
        return _function(entry.need_object("function"))

    tools = fields.array("tools", tool, most=MOST_TOOLS) or []
    old = fields.array("functions", lambda value, path: _function(Fields(value, path)), most=MOST_TOOLS) or []
    return (*tools, *old), frozenset(custom)


def check_free_text(tool: Fields) -> None:
    """The `format` of a custom tool: any text. Raises RequestError for a grammar, which no mind here would keep to."""
    form = tool.object("format")
    if form is not None and form.need_choice("type", ("text", "grammar")) == "grammar":
        raise RequestError(
            f"'{form.at('type')}' must be text: grammars (lark, regex) are not enforced here. Give a function instead: "
            "its parameters are a JSON schema, with enum where the words are few, and the local model keeps to that.",
            param=form.at("type"),
            code="unsupported_value",
        )


def _function(function: Fields) -> Tool:
    parameters = function.object("parameters")
    schema = {} if parameters is None else checked_schema(parameters.raw, parameters.path)
    return Tool(function.need_text("name"), function.text("description", ""), schema)


def _tool_choice(fields: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    """What has to be called, and the tools among which there is a choice."""
    name = (
        "tool_choice" if fields.get("tool_choice") is not None or not fields.get("function_call") else "function_call"
    )
    choice = fields.get(name)
    if choice is None or isinstance(choice, str):
        mode = fields.choice(name, ("none", "auto", "required"), "auto")
        if mode == "required" and not tools:
            raise invalid(name, "not be required where there are no tools")
        return ToolChoice(mode), tools
    asked = fields.need_object(name)
    if asked.get("type") == "allowed_tools":
        return _allowed(asked.need_object("allowed_tools"), tools)
    wanted = asked.object("function") or asked.object("custom") or asked
    return ToolChoice("function", _known(wanted.need_text("name"), wanted.at("name"), tools)), tools


def _allowed(allowed: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    def name_of(value: Any, path: str) -> str:
        entry = Fields(value, path)
        named = entry.object("function") or entry.object("custom") or entry
        return _known(named.need_text("name"), named.at("name"), tools)

    names = set(allowed.array("tools", name_of, most=MOST_TOOLS) or ())
    mode = allowed.choice("mode", ("auto", "required"), "auto")
    return ToolChoice(mode), tuple(tool for tool in tools if tool.name in names)


def _known(name: str, path: str, tools: tuple[Tool, ...]) -> str:
    if name not in {tool.name for tool in tools}:
        raise invalid(path, "be the name of one of the tools", name)
    return name


# --- the rest


def _limit(fields: Fields) -> int | None:
    """Tokens of the answer. 0, which some clients send, is no limit."""
    return fields.integer("max_completion_tokens", 0, 0, 10**6) or fields.integer("max_tokens", 0, 0, 10**6) or None


def _schema(fields: Fields) -> Mapping[str, Any] | None:
    form = fields.object("response_format")
    if form is None:
        return None
    match form.need_choice("type", ("text", "json_object", "json_schema")):
        case "json_object":
            return {"type": "object"}
        case "json_schema":
            schema = form.need_object("json_schema").object("schema")
            return {} if schema is None else checked_schema(schema.raw, schema.path)
    return None


def _stops(fields: Fields) -> tuple[str, ...]:
    stop = fields.get("stop")
    stops = [stop] if isinstance(stop, str) else fields.array("stop", string, most=MOST_STOPS) or []
    return tuple(text for text in stops if text)


def _aloud(fields: Fields) -> Aloud | None:
    kinds = fields.array("modalities", string, most=2) or ["text"]
    for kind in kinds:
        if kind not in ("text", "audio"):
            raise invalid("modalities", "hold text, or text and audio", kind)
    if "audio" not in kinds:
        return None
    audio = fields.need_object("audio")
    if isinstance(audio.get("voice"), dict):
        voice = audio.need_object("voice").need_text("id")
    else:
        voice = audio.need_text("voice", "give the name of a voice, such as marin")
    if fields.get("response_format") is not None and fields.need_object("response_format").get("type") != "text":
        raise RequestError(
            "An answer in JSON cannot be spoken; leave out response_format or the modality audio.",
            param="response_format",
            code="invalid_value",
        )
    return Aloud(voice, SOUND_FORMATS[audio.need_choice("format", tuple(SOUND_FORMATS))])
