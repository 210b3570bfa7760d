"""The fields that a session and a single response have in common: how a reply is made."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Literal

from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.realtime.tool_servers import read_tool_server, wire_tool_server
from vivavoce.conversation.config import ReplyOptions, Tool, ToolChoice
from vivavoce.conversation.hosted import ToolServer
from vivavoce.errors import RequestError

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MOST_TOOLS = 128
MOST_TOKENS = 4096
EFFORTS = ("minimal", "low", "medium", "high", "xhigh")

MOVED = {
    "modalities": "output_modalities",
    "voice": "audio.output.voice",
    "speed": "audio.output.speed",
    "input_audio_format": "audio.input.format",
    "output_audio_format": "audio.output.format",
    "input_audio_transcription": "audio.input.transcription",
    "turn_detection": "audio.input.turn_detection",
    "max_response_output_tokens": "max_output_tokens",
}
"""Names of the beta contract and where the released one keeps them. Ignoring them in silence would
leave a client with settings it believes it has changed."""


def refuse_moved(fields: Fields) -> None:
    for old, new in MOVED.items():
        if fields.get(old) is not None:
            raise RequestError(
                f"Unknown parameter: '{fields.at(old)}': it was renamed after the beta; use '{fields.at(new)}'.",
                param=fields.at(old),
                code="unknown_parameter",
            )


def read_reply(fields: Fields, base: ReplyOptions) -> ReplyOptions:
    """`base` with whatever `fields` (a session or a response) says otherwise."""
    tools = fields.array("tools", read_tool, most=MOST_TOOLS)
    out = (fields.object("audio") or Fields({}, fields.at("audio"))).object("output")
    if tools is not None:
        base = _with_tools(base, tools)
    options = replace(
        base,
        instructions=fields.text("instructions", base.instructions),
        parallel_tool_calls=fields.flag("parallel_tool_calls", base.parallel_tool_calls),
        tool_choice=_read_tool_choice(fields, base.tool_choice),
        modality=_read_modality(fields, base.modality),
        voice=base.voice if out is None else _read_voice(out, base.voice),
        speed=base.speed if out is None else out.number("speed", base.speed, 0.25, 1.5),
        max_output_tokens=_read_max_tokens(fields, base.max_output_tokens),
        temperature=fields.number("temperature", base.temperature, 0.0, 2.0),
        effort=read_effort(fields, base.effort),
    )
    _check_choice(options, fields)
    return options


def read_effort(fields: Fields, default: str | None) -> str | None:
    """`reasoning.effort`: how hard a model that reasons is to think."""
    reasoning = fields.object("reasoning")
    if reasoning is None:
        return None if "reasoning" in fields.raw else default
    effort: str | None = reasoning.choice("effort", EFFORTS, default)
    return effort


def read_tool(value: Any, path: str) -> Tool | ToolServer:
    fields = Fields(value, path)
    kind = fields.text("type", "function")
    if kind == "mcp":
        return read_tool_server(fields)
    if kind != "function":
        raise invalid(fields.at("type"), "be function or mcp: other kinds of tools are not offered here", kind)
    name = fields.need_text("name", "give the function's name")
    if not TOOL_NAME.fullmatch(name):
        raise invalid(fields.at("name"), "be 1 to 64 letters, digits, '_' or '-'", name)
    parameters = fields.object("parameters")
    return Tool(name, fields.text("description", ""), {} if parameters is None else parameters.raw)


def wire_tools(options: ReplyOptions) -> list[dict[str, Any]]:
    return [*map(wire_tool, options.tools), *map(wire_tool_server, options.servers)]


def wire_tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }


def wire_tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    match choice.mode:
        case "function":
            return {"type": "function", "name": choice.name}
        case "server":
            named = {} if choice.name is None else {"name": choice.name}
            return {"type": "mcp", "server_label": choice.server, **named}
        case mode:
            return mode


def wire_max_tokens(limit: int | None) -> int | str:
    return "inf" if limit is None else limit


def _read_tool_choice(fields: Fields, default: ToolChoice) -> ToolChoice:
    value = fields.get("tool_choice")
    if value is None:
        return default
    if isinstance(value, dict):
        choice = Fields(value, fields.at("tool_choice"))
        if choice.need_choice("type", ("function", "mcp")) == "mcp":
            server = choice.need_text("server_label", "name the server of the tool to be called")
            return ToolChoice("server", choice.text("name", None), server)
        return ToolChoice("function", choice.need_text("name", "name the function to be called"))
    return ToolChoice(fields.choice("tool_choice", ("none", "auto", "required"), "auto"))


def _with_tools(base: ReplyOptions, tools: list[Tool | ToolServer]) -> ReplyOptions:
    """`base` with these tools; what had to be called and is gone has to be called no more."""
    functions = tuple(tool for tool in tools if isinstance(tool, Tool))
    servers = tuple(tool for tool in tools if isinstance(tool, ToolServer))
    choice = base.tool_choice
    gone = choice.mode == "function" and choice.name not in [tool.name for tool in functions]
    gone = gone or (choice.mode == "server" and choice.server not in [server.label for server in servers])
    return replace(base, tools=functions, servers=servers, tool_choice=ToolChoice() if gone else choice)


def _check_choice(options: ReplyOptions, fields: Fields) -> None:
    """A tool that must be called has to be there, and two tools of one name cannot be told apart."""
    names = [tool.name for tool in options.tools]
    labels = [server.label for server in options.servers]
    twice = next((name for name in (*names, *labels) if names.count(name) > 1 or labels.count(name) > 1), None)
    if twice is not None:
        raise invalid(fields.at("tools"), f"name every function and every server once: {twice!r} comes twice")
    choice = options.tool_choice
    if choice.mode == "function" and choice.name not in names:
        raise invalid(fields.at("tool_choice.name"), "be the name of one of the tools", choice.name)
    if choice.mode == "server" and choice.server not in labels:
        raise invalid(fields.at("tool_choice.server_label"), "be the label of one of the tools", choice.server)


def _read_modality(fields: Fields, default: Literal["audio", "text"]) -> Literal["audio", "text"]:
    value = fields.get("output_modalities")
    if value is None:
        return default
    if value == ["audio"]:
        return "audio"
    if value == ["text"]:
        return "text"
    raise invalid(fields.at("output_modalities"), 'be ["audio"] (speech with its transcript) or ["text"], never both')


def _read_voice(out: Fields, default: str) -> str:
    """Any name, or the object {"id": …} of a custom voice."""
    if isinstance(out.get("voice"), dict):
        return Fields(out.get("voice"), out.at("voice")).need_text("id", "give the id of the voice")
    voice = out.text("voice", default)
    if not voice:
        raise missing(out.at("voice"), "name a voice, or leave the field out")
    return voice


def _read_max_tokens(fields: Fields, default: int | None) -> int | None:
    value = fields.get("max_output_tokens")
    if value is None:
        return default
    if value == "inf":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_TOKENS:
        raise invalid(fields.at("max_output_tokens"), f'be a whole number from 1 to {MOST_TOKENS}, or "inf"', value)
    return value
