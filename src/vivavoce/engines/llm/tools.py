"""Function tools for small models: told in the prompt, decided by one step, written under a grammar.

A 0.5 B model asked to choose between "answer" and the tools calls one at every greeting (9 of 18 right).
What it does by itself is better evidence: the probability that its reply starts as JSON is high where a
tool is meant and low where not (27 of 33 over two sets of tools, English and Italian). So the engine reads
that probability off the first token, and only a certain call is written, under a grammar that knows the
names and the schemas. Pure.

The words before it matter: with "just talk: answer in plain words" 4 of 16 requests (English and Italian, two sets of
tools) did not find their tool, and some answers began with "answer in plain words:"; with "just talk" all were right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vivavoce.conversation.config import Tool, ToolChoice
from vivavoce.ports import Call

Schema = dict[str, Any]

SPEECH_ONLY = 'root ::= [^{}<>`\\[\\]"] [^{}<>`]*'
"""GBNF: a reply in words, without JSON, tags or code."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
    "null": type(None),
}


def described(tools: Sequence[Tool]) -> str:
    """What the system prompt says of the tools: Qwen2.5's own words, then leave to do without."""
    if not tools:
        return ""
    signatures = "\n".join(json.dumps(wire_tool(tool), ensure_ascii=False) for tool in tools)
    return (
        "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n"
        f"<tools>\n{signatures}\n</tools>\n\n"
        "For each function call, return a json object with function name and arguments within "
        "<tool_call></tool_call> XML tags:\n"
        '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>\n\n'
        "If no function fits the message, just talk."
    )


def told(schema: Mapping[str, Any] | None) -> str:
    """What the system prompt says of the schema that binds the answer: the grammar keeps to it in any case, but who
    knows the fields to come fills them better."""
    if not schema or "properties" not in schema:
        return ""
    return f"\n\nAnswer with one JSON object that fits this schema:\n{json.dumps(schema, ensure_ascii=False)}"


def callable_now(tools: Sequence[Tool], choice: ToolChoice) -> tuple[Tool, ...]:
    """The tools that `choice` leaves open: the named one, or all."""
    if choice.mode == "function":
        return tuple(tool for tool in tools if tool.name == choice.name)
    return tuple(tools)


def call_schema(tools: Sequence[Tool], *, loose: bool = False) -> Schema:
    """JSON schema of one call of one of the tools. `loose`: any arguments, for schemas that the grammar
    compiler does not understand."""
    return {"anyOf": [_call_of(tool, {"type": "object"} if loose else _arguments(tool)) for tool in tools]}


def p_call(first: Iterable[Mapping[str, Any]]) -> float:
    """Probability that the reply starts as a call. `first`: {"token", "p"} of the likeliest first tokens."""
    return sum(float(each["p"]) for each in first if str(each["token"]).lstrip()[:1] in {"{", "[", "<", "`"})


def parsed(text: str, tools: Sequence[Tool]) -> Call | None:
    """The call in `text`: bare JSON, in <tool_call> tags or in a code fence. None when there is none, the
    name is unknown or the arguments do not fit the tool's schema."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
        return _call(value, {tool.name: tool for tool in tools})
    except ValueError:
        return None


def _call(value: Mapping[str, Any], tools: Mapping[str, Tool]) -> Call | None:
    tool = tools.get(str(value.get("name")))
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    if tool is None or not _fits(arguments, {"type": "object", **tool.parameters}):
        return None
    return Call(tool.name, json.dumps(arguments, ensure_ascii=False))


def _fits(value: object, schema: object) -> bool:
    """Types, required fields and enums, as deep as the schema says them plainly; what it says otherwise passes."""
    if not isinstance(schema, Mapping):
        return True
    kinds, choices = schema.get("type"), schema.get("enum")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not any(_is(value, kind) for kind in kinds) or (isinstance(choices, list) and value not in choices):
        return False
    if isinstance(value, list):
        return all(_fits(each, schema.get("items")) for each in value)
    return not isinstance(value, dict) or _fits_fields(value, schema.get("properties"), schema.get("required"))


def _fits_fields(value: Mapping[str, Any], fields: object, required: object) -> bool:
    present = all(name in value for name in required) if isinstance(required, list) else True
    known = fields if isinstance(fields, Mapping) else {}
    return present and all(_fits(value[name], field) for name, field in known.items() if name in value)


def _is(value: object, kind: object) -> bool:
    wanted = _TYPES.get(str(kind), object)
    # to Python True is an int
    return isinstance(value, wanted) and (not isinstance(value, bool) or wanted in (bool, object))


def wire_tool(tool: Tool) -> Schema:
    """As OpenAI's chat completions have it, and the templates of models."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _arguments(tool: Tool) -> Schema:
    schema = {"type": "object", **tool.parameters}
    # without this a small model goes on inventing fields
    return {"additionalProperties": False, **schema} if schema.get("properties") else schema


def _call_of(tool: Tool, arguments: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": arguments},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
