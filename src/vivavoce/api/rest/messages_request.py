"""A request for a message, as Anthropic writes it: every field of the wire, checked, into values. Pure.

Fields that change nothing here (cache_control, metadata, service_tier, container and the like) are left unread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vivavoce.api.fields import Fields, invalid, missing, string
from vivavoce.api.rest.attachments import (
    Document,
    Picture,
    RawItem,
    RawMessage,
    RawPart,
    UploadedFile,
    decoded,
)
from vivavoce.api.rest.chat_messages import MOST_MESSAGES, MOST_PARTS, PLAIN
from vivavoce.api.rest.chat_request import MOST_TOOLS
from vivavoce.api.rest.schemas import checked_schema
from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.conversation.items import FunctionCall, FunctionOutput, Role, Text, Thinking, new_id
from vivavoce.errors import RequestError
from vivavoce.ports import Prompt, Sampling

MOST_STOPS = 64
ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
EFFORTS = ("low", "medium", "high", "xhigh", "max")
BUDGETS = ((4096, "low"), (16_384, "medium"))
"""Tokens that a mind may think, and how hard that is; more is high."""


OURS = "vivavoce."
"""What the signatures of thinking begin with that we made ourselves: clients want one, nobody checks it."""


@dataclass(frozen=True, slots=True)
class MessageAsked:
    """One request, checked. `prompt` has all but its items, whose attachments are still closed. `thinking`: its
    blocks are wanted."""

    model: str
    prompt: Prompt
    items: tuple[RawItem, ...]
    stream: bool = False
    thinking: bool = False
    parallel: bool = True


def read_messages(fields: Fields, *, counting: bool = False) -> MessageAsked:
    """`counting`: only the tokens are asked about. Raises RequestError."""
    model = fields.need_text("model", "give the id of a model; GET /v1/models lists them")
    most = None if counting else fields.need_integer("max_tokens", 1, 10**6)
    groups = fields.array("messages", lambda value, path: _message(Fields(value, path)), most=MOST_MESSAGES)
    items = tuple(item for group in groups or () for item in group)
    if not items:
        raise missing("messages", "give an array with at least one message that is not empty")
    choice = fields.object("tool_choice")
    effort, thinking = _effort(fields)
    return MessageAsked(
        model,
        Prompt(
            _words(fields, "system") or PLAIN,
            (),
            tools=tuple(fields.array("tools", _tool, most=MOST_TOOLS) or ()),
            tool_choice=_tool_choice(choice),
            max_tokens=most,
            temperature=fields.number("temperature", 0.7, 0, 1),
            effort=effort,
            schema=_schema(fields),
            stop=tuple(text for text in fields.array("stop_sequences", string, most=MOST_STOPS) or () if text),
            top_p=fields.number("top_p", None, 0, 1),
            sampling=Sampling(top_k=fields.integer("top_k", None, 0, 10**6)),
        ),
        items,
        stream=fields.flag("stream", False),
        thinking=thinking,
        parallel=choice is None or not choice.flag("disable_parallel_tool_use", False),
    )


# --- messages


def _message(fields: Fields) -> list[RawItem]:
    """A message of the wire is one of ours, and the calls or results in it are items of their own."""
    role = ROLES[fields.need_choice("role", tuple(ROLES))]
    content = fields.get("content")
    if isinstance(content, str):
        return [RawMessage(role, (Text(content),))] if content else []
    if not isinstance(content, list):
        raise missing(fields.at("content"), "give the words as a string, or an array of blocks")
    blocks = fields.array("content", lambda value, path: _block(Fields(value, path), role), most=MOST_PARTS) or []
    found = [each for block in blocks for each in block]
    thinking = tuple(each for each in found if isinstance(each, Thinking))
    parts = tuple(each for each in found if not isinstance(each, FunctionCall | FunctionOutput | Thinking))
    exchanged: list[RawItem] = [each for each in found if isinstance(each, FunctionCall | FunctionOutput)]
    said: list[RawItem] = [RawMessage(role, parts, thinking)] if parts or thinking else []
    # an assistant speaks and then calls; a user's message answers the calls first
    return [*said, *exchanged] if role == "assistant" else [*exchanged, *said]


def _block(block: Fields, role: Role) -> list[RawPart | FunctionCall | FunctionOutput | Thinking]:
    kind = block.need_text("type", "give the kind of the block")
    if kind in ("thinking", "redacted_thinking"):
        return _thinking(block, kind) if role == "assistant" else []
    if kind == "tool_use" and role == "assistant":
        arguments = json.dumps(block.get("input") or {}, ensure_ascii=False)
        return [FunctionCall(new_id("item"), block.need_text("id"), block.need_text("name"), arguments)]
    if kind == "tool_result" and role == "user":
        return list(_result(block))
    return [_part(block, kind)]


def _thinking(block: Fields, kind: str) -> list[RawPart | FunctionCall | FunctionOutput | Thinking]:
    """For the mind that thought it, which wants it back as it was; what has no signature of its own is nobody's."""
    if kind == "redacted_thinking":
        return [Thinking("", redacted=block.need_text("data", "give the block as it came"))]
    text, signature = block.text("thinking", ""), block.text("signature", "")
    return [Thinking(text, signature)] if signature and not signature.startswith(OURS) else []


def _part(block: Fields, kind: str) -> RawPart:
    match kind:
        case "text":
            return Text(block.need_text("text", "give the words as a string"))
        case "image":
            return _picture(block.need_object("source"))
        case "document":
            return _document(block)
        case "search_result":
            return Text(f"{block.text('title', '')} ({block.text('source', '')})\n{_words(block, 'content')}")
    kinds = "text, image, document, search_result, tool_use (assistant), tool_result (user), thinking"
    raise invalid(block.at("type"), f"be one of {kinds}", kind)


def _result(block: Fields) -> list[RawPart | FunctionCall | FunctionOutput]:
    """What a tool gave. Its pictures and documents go into the message behind it: a result is text."""
    content = block.get("content")
    parts: list[RawPart] = [Text(content)] if isinstance(content, str) else []
    if not parts:
        parts = block.array("content", _inside, most=MOST_PARTS) or []
    words = "\n".join(part.text for part in parts if isinstance(part, Text))
    failed = "The tool failed: " if block.flag("is_error", False) else ""
    output = FunctionOutput(new_id("item"), block.need_text("tool_use_id"), failed + words)
    return [output, *(part for part in parts if not isinstance(part, Text))]


def _inside(value: Any, path: str) -> RawPart:
    block = Fields(value, path)
    return _part(block, block.need_text("type", "give the kind of the block"))


def _picture(source: Fields) -> RawPart:
    match source.need_choice("type", ("base64", "url", "file")):
        case "base64":
            data = source.need_text("data", "give the picture as base64")
            return Picture(f"data:{source.text('media_type', '')};base64,{data}", "auto", source.at("data"))
        case "file":
            return UploadedFile(source.need_text("file_id"), source.at("file_id"))
    return Picture(source.need_text("url"), "auto", source.at("url"))


def _document(block: Fields) -> RawPart:
    source, title = block.need_object("source"), block.text("title", "document")
    match source.need_choice("type", ("base64", "text", "content", "file", "url")):
        case "base64":
            data = source.need_text("data", "give the document as base64")
            return Document(decoded(data, source.at("data")), title, source.at("data"))
        case "text":
            return Document(source.need_text("data").encode(errors="replace"), title, source.at("data"))
        case "content":
            return Document(_words(source, "content").encode(errors="replace"), title, source.at("content"))
        case "file":
            return UploadedFile(source.need_text("file_id"), source.at("file_id"))
    raise RequestError(
        "Documents are not fetched from addresses; send the document itself as base64 or text.",
        param=source.at("url"),
        code="invalid_value",
    )


def _words(fields: Fields, name: str) -> str:
    """A string, or the texts of an array of blocks."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    texts = fields.array(name, lambda block, path: Fields(block, path).text("text", ""), most=MOST_PARTS) or []
    return "\n\n".join(filter(None, texts))


# --- tools and the rest


def _tool(value: Any, path: str) -> Tool:
    tool = Fields(value, path)
    kind = tool.text("type", "custom")
    if kind != "custom":
        raise RequestError(
            f"'{tool.at('type')}' must be custom: {kind} runs at Anthropic or is made for its models. Give a tool with "
            "an input_schema.",
            param=tool.at("type"),
            code="invalid_value",
        )
    schema = tool.need_object("input_schema")
    return Tool(tool.need_text("name"), tool.text("description", ""), checked_schema(schema.raw, schema.path))


def _tool_choice(choice: Fields | None) -> ToolChoice:
    if choice is None:
        return ToolChoice()
    match choice.need_choice("type", ("auto", "any", "tool", "none")):
        case "any":
            return ToolChoice("required")
        case "tool":
            return ToolChoice("function", choice.need_text("name"))
        case "none":
            return ToolChoice("none")
    return ToolChoice()


def _effort(fields: Fields) -> tuple[str | None, bool]:
    """How hard to think, and whether the thinking is to be told."""
    output, thinking = fields.object("output_config"), fields.object("thinking")
    effort: str | None = None if output is None else output.choice("effort", EFFORTS, None)
    if thinking is None:
        return effort, False
    kind = thinking.need_choice("type", ("enabled", "adaptive", "disabled", "between_tools"))
    if kind == "disabled":
        return effort, False
    budget = thinking.integer("budget_tokens", None, 1, 10**6)
    if budget is not None and effort is None:
        effort = next((name for most, name in BUDGETS if budget <= most), "high")
    return effort, thinking.choice("display", ("summarized", "omitted"), "summarized") != "omitted"


def _schema(fields: Fields) -> Mapping[str, Any] | None:
    output = fields.object("output_config")
    form = None if output is None else output.object("format")
    if form is None:
        return None
    form.need_choice("type", ("json_schema",))
    schema = form.need_object("schema")
    return checked_schema(schema.raw, schema.path)
