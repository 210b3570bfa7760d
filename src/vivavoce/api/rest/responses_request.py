"""A request for a response, as OpenAI's Responses API writes it: every field of the wire, checked, into values. Pure.

What nobody here can honour and what changes only how OpenAI bills (`service_tier`, `user` …) is left unread, or
repeated as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vivavoce.api.fields import Fields, invalid, string
from vivavoce.api.metadata import read_metadata
from vivavoce.api.realtime.prompts import Prompts, no_prompts, read_prompt
from vivavoce.api.realtime.reply_options import read_tool, wire_tool, wire_tool_choice
from vivavoce.api.realtime.tool_servers import wire_tool_server
from vivavoce.api.rest.chat_request import EFFORTS, FREE_TEXT, MOST_TOOLS, check_free_text
from vivavoce.api.rest.responses_items import include, read_input
from vivavoce.api.rest.sampling import MOST_LIKELY
from vivavoce.api.rest.schemas import checked_schema
from vivavoce.conversation.config import ReplyOptions, Tool, ToolChoice, Truncation
from vivavoce.conversation.hosted import ToolServer
from vivavoce.errors import RequestError
from vivavoce.storage.bodies import Body

LOGPROBS = "message.output_text.logprobs"
SEALED_THINKING = "reasoning.encrypted_content"
INCLUDABLE = (
    SEALED_THINKING,
    LOGPROBS,
    "message.input_image.image_url",
    "web_search_call.action.sources",
    "web_search_call.results",
    "file_search_call.results",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
)
UNSERVED = (
    "web_search web_search_preview web_search_2025_08_26 web_search_preview_2025_03_11 file_search code_interpreter "
    "image_generation computer computer_use computer_use_preview local_shell shell apply_patch tool_search namespace "
    "programmatic_tool_calling"
).split()
MOST_TOKENS = 10**6
MOST_MODELS = 5
Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResponseAsked:
    """One request, checked. `given`: the input, references included; `options`: how the reply is made; `custom`: names
    of the tools that take free text; `logprobs`: as in `Sampling`; `compact_above`: tokens of
    what is to be read; `generate`: false where it is only to be there to
    go on from; `echo`: what the response repeats of the request."""

    model: str
    given: tuple[Body, ...]
    options: ReplyOptions
    schema: Mapping[str, Any] | None = None
    top_p: float | None = None
    custom: frozenset[str] = frozenset()
    previous: str | None = None
    conversation: str | None = None
    max_tool_calls: int | None = None
    logprobs: int | None = None
    compact_above: int | None = None
    sealed_thinking: bool = False
    store: bool = True
    generate: bool = True
    background: bool = False
    stream: bool = False
    cache_key: str = ""
    echo: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


def read_response(fields: Fields, prompts: Prompts = no_prompts) -> ResponseAsked:
    """`prompts`: those that are stored here. Raises RequestError."""
    stored = read_prompt(fields, prompts)
    instructions = fields.text("instructions", None)
    tools, told = _tools(fields)
    options = _options(fields, tools, instructions if stored is None else _joined(stored[1], instructions))
    included = include(fields, INCLUDABLE)
    top = fields.integer("top_logprobs", None, 0, MOST_LIKELY)
    schema, form = _format(fields)
    asked = ResponseAsked(
        model=_model(fields, named_elsewhere=stored is not None),
        given=tuple(read_input(fields)),
        options=options,
        schema=schema,
        top_p=fields.number("top_p", None, 0, 1),
        custom=frozenset(name for name, wire in told.items() if wire["type"] == "custom"),
        previous=fields.text("previous_response_id", None),
        conversation=_conversation(fields),
        max_tool_calls=fields.integer("max_tool_calls", None, 1, MOST_TOKENS),
        logprobs=top or 0 if top is not None or LOGPROBS in included else None,
        compact_above=_compact_above(fields),
        sealed_thinking=SEALED_THINKING in included,
        store=fields.flag("store", True),
        generate=fields.flag("generate", True),
        background=fields.flag("background", False),
        stream=fields.flag("stream", False),
        cache_key=fields.text("prompt_cache_key", "") or fields.text("user", ""),
    )
    _check(asked)
    prompt = None if stored is None else stored[0]
    return replace(asked, echo=_echo(fields, asked, instructions, form, prompt, told))


def _model(fields: Fields, *, named_elsewhere: bool) -> str:
    """Perplexity's clients may name several, the best first, or a preset, which stands for the mind there is."""
    several = fields.array("models", string, most=MOST_MODELS)
    if several:
        return several[0]
    if named_elsewhere or fields.get("preset") is not None:
        return fields.text("model", "")
    return fields.need_text("model", "give the id of a model")


def _joined(*texts: str | None) -> str:
    return "\n\n".join(text for text in texts if text)


def _check(asked: ResponseAsked) -> None:
    if asked.previous is not None and asked.conversation is not None:
        raise RequestError(
            "'previous_response_id' and 'conversation' both say what came before; give one of them.",
            param="previous_response_id",
            code="invalid_value",
        )
    if not asked.given and asked.previous is None and asked.conversation is None:
        raise RequestError(
            "Missing required parameter: 'input': give text or items.", param="input", code="missing_required_parameter"
        )
    if asked.background and not asked.store:
        raise RequestError(
            "A response in the background has to be stored, or nobody could fetch it; leave 'store' at true.",
            param="store",
            code="invalid_value",
        )


def _compact_above(fields: Fields) -> int | None:
    """Tokens from which what was said is to be made short; None: it is left as it is."""

    def threshold(value: Any, path: str) -> int:
        entry = Fields(value, path)
        entry.need_choice("type", ("compaction",))
        return entry.integer("compact_threshold", MOST_TOKENS, 1, MOST_TOKENS)

    return min(fields.array("context_management", threshold, most=8) or [], default=None)


def _conversation(fields: Fields) -> str | None:
    if isinstance(fields.get("conversation"), dict):
        return fields.need_object("conversation").need_text("id", "give the id of a conversation")
    return fields.text("conversation", None)


# --- how the reply is made


def _options(fields: Fields, tools: list[Tool | ToolServer], instructions: str | None) -> ReplyOptions:
    functions = tuple(tool for tool in tools if isinstance(tool, Tool))
    servers = tuple(tool for tool in tools if isinstance(tool, ToolServer))
    names, labels = [tool.name for tool in functions], [server.label for server in servers]
    twice = next((name for name in (*names, *labels) if names.count(name) > 1 or labels.count(name) > 1), None)
    if twice is not None:
        raise invalid("tools", f"name every function and every server once: {twice!r} comes twice")
    choice, functions = _tool_choice(fields, functions, labels)
    reasoning = fields.object("reasoning")
    drops = fields.choice("truncation", ("auto", "disabled"), "disabled") == "auto"
    return ReplyOptions(
        instructions=instructions or "",
        tools=functions,
        servers=servers,
        tool_choice=choice,
        parallel_tool_calls=fields.flag("parallel_tool_calls", True),
        modality="text",
        max_output_tokens=fields.integer("max_output_tokens", None, 1, MOST_TOKENS),
        temperature=fields.number("temperature", 0.7, 0, 2),
        truncation=Truncation(drop=drops),
        effort=None if reasoning is None else reasoning.choice("effort", EFFORTS, None),
    )


def _tools(fields: Fields) -> tuple[list[Tool | ToolServer], dict[str, Wire]]:
    """All tools, and the client's own by name as they are repeated."""
    told: dict[str, Wire] = {}

    def tool(value: Any, path: str) -> Tool | ToolServer:
        entry = Fields(value, path)
        kind = entry.get("type")
        if kind in UNSERVED:
            raise RequestError(
                f"Tools of the kind {kind!r} are not served here. There are function, custom and mcp; the assistant's "
                'own tools are {"type": "mcp", "server_label": "vivavoce"}.',
                param=entry.at("type"),
                code="unsupported_tool",
            )
        if entry.need_choice("type", ("function", "custom", "mcp")) == "custom":
            check_free_text(entry)
            made = Tool(entry.need_text("name"), entry.text("description", ""), FREE_TEXT)
            named = {"type": "custom", "name": made.name, "description": made.description}
            told[made.name] = {**named, "format": {"type": "text"}}
            return made
        read = read_tool(value, path)
        if isinstance(read, Tool):
            checked_schema(read.parameters, entry.at("parameters"))
            told[read.name] = {**wire_tool(read), "strict": entry.flag("strict", True)}
        return read

    return fields.array("tools", tool, most=MOST_TOOLS) or [], told


def _tool_choice(fields: Fields, tools: tuple[Tool, ...], labels: list[str]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    """What has to be called, and the functions among which there is a choice."""
    given = fields.get("tool_choice")
    if given is None or isinstance(given, str):
        mode = fields.choice("tool_choice", ("none", "auto", "required"), "auto")
        if mode == "required" and not tools and not labels:
            raise invalid("tool_choice", "not be required where there are no tools")
        return ToolChoice(mode), tools
    choice = fields.need_object("tool_choice")
    match choice.need_choice("type", ("function", "custom", "mcp", "allowed_tools")):
        case "mcp":
            label = choice.need_text("server_label", "name the server of the tool to be called")
            if label not in labels:
                raise invalid(choice.at("server_label"), "be the label of one of the tools", label)
            return ToolChoice("server", choice.text("name", None), label), tools
        case "allowed_tools":
            return _allowed(choice, tools)
    return ToolChoice("function", _known(choice, tools)), tools


def _allowed(choice: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    """Of the functions, those that are listed; tools of servers stay as the servers' own lists have them."""

    def name_of(value: Any, path: str) -> str | None:
        entry = Fields(value, path)
        return None if entry.get("type") == "mcp" else _known(entry, tools)

    names = choice.array("tools", name_of, most=MOST_TOOLS) or []
    return ToolChoice(choice.choice("mode", ("auto", "required"), "auto")), tuple(
        tool for tool in tools if tool.name in names
    )


def _known(choice: Fields, tools: tuple[Tool, ...]) -> str:
    name = choice.need_text("name", "name the function")
    if name not in {tool.name for tool in tools}:
        raise invalid(choice.at("name"), "be the name of one of the tools", name)
    return name


def _format(fields: Fields) -> tuple[Mapping[str, Any] | None, Wire]:
    """The schema that the reply has to fit, and the format as it is repeated."""
    text = fields.object("text")
    if text is not None:
        text.choice("verbosity", ("low", "medium", "high"), None)
    form = fields.object("response_format") if text is None else text.object("format")
    if form is None:
        return None, {"type": "text"}
    match form.need_choice("type", ("text", "json_object", "json_schema")):
        case "json_object":
            return {"type": "object"}, {"type": "json_object"}
        case "json_schema":
            form = form.object("json_schema") or form  # as clients of Perplexity nest it, or as OpenAI's do not
            name, schema = form.need_text("name", "give the schema a name"), form.need_object("schema")
            checked = checked_schema(schema.raw, schema.path)
            wire = {"type": "json_schema", "name": name, "schema": dict(checked), "strict": form.flag("strict", False)}
            return checked, wire | {"description": form.text("description", None)}
    return None, {"type": "text"}


# --- what is repeated


def _echo(
    fields: Fields,
    asked: ResponseAsked,
    instructions: str | None,
    form: Wire,
    prompt: Wire | None,
    told: Mapping[str, Wire],
) -> Wire:
    options = asked.options
    reasoning = fields.object("reasoning")
    text = fields.object("text")
    return {
        "instructions": instructions,
        "metadata": read_metadata(fields) or {},
        "parallel_tool_calls": options.parallel_tool_calls,
        "temperature": options.temperature,
        "top_p": 1.0 if asked.top_p is None else asked.top_p,
        "top_logprobs": asked.logprobs or 0,
        "tool_choice": _wire_choice(fields, options),
        "tools": [*(told[tool.name] for tool in options.tools), *map(wire_tool_server, options.servers)],
        "background": asked.background,
        "conversation": None if asked.conversation is None else {"id": asked.conversation},
        "max_output_tokens": options.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "previous_response_id": asked.previous,
        "prompt": prompt,
        "prompt_cache_key": fields.text("prompt_cache_key", None),
        "reasoning": {
            "effort": options.effort,
            "summary": None
            if reasoning is None
            else reasoning.choice("summary", ("auto", "concise", "detailed"), None),
        },
        "safety_identifier": fields.text("safety_identifier", None),
        "service_tier": "default",
        "store": asked.store,
        "text": {"format": form, "verbosity": "medium" if text is None else text.text("verbosity", "medium")},
        "truncation": "auto" if options.truncation.drop else "disabled",
        "user": fields.text("user", None),
    }


def _wire_choice(fields: Fields, options: ReplyOptions) -> Any:
    given = fields.get("tool_choice")
    return dict(given) if isinstance(given, Mapping) else wire_tool_choice(options.tool_choice)
