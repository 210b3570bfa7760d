"""Items as they are stored: the form of the Responses API, of which a conversation's own items are one kind among many.

What that API has no field for stands under `vivavoce`: `spoken` (it was said aloud), `said` (of an answer that was cut
short, all the words whose sound was sent; its text has those that were heard), `reason` (of an answer that nobody asked
for at that moment: `errand` or `speak_up`, as `response.done` has it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    CallError,
    FunctionCall,
    FunctionOutput,
    HostedCall,
    Image,
    Item,
    ListedTool,
    Message,
    Part,
    Role,
    Speech,
    Status,
    Text,
    ToolListing,
)

Body = dict[str, Any]

PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
    "compaction": "cmp",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
    "mcp_approval_response": "mcpa",
}
"""How the ids of items begin, by kind."""
ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_SAID_IN = ("input_text", "output_text", "text", "summary_text", "refusal")


def text_of(body: Mapping[str, Any]) -> str:
    """The words of a message that can be searched and shown; "" for every other item."""
    if body.get("type") != "message":
        return ""
    return "\n".join(_texts(body.get("content")))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") in _SAID_IN:
            text = part.get("refusal" if part["type"] == "refusal" else "text")
            if isinstance(text, str) and text:
                yield text


def body_of(item: Item, *, said: str = "", reason: str = "") -> Body:
    """`said`: of the assistant's speech, all the words whose sound was sent; `reason`: why a message came unasked."""
    match item:
        case Message():
            return _message(item, said, reason)
        case FunctionCall():
            call = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            return {"id": item.id, "type": "function_call", "status": item.status, **call}
        case FunctionOutput():
            output = {"call_id": item.call_id, "output": item.output}
            return {"id": item.id, "type": "function_call_output", "status": item.status, **output}
        case ToolListing() | HostedCall() | ApprovalRequest() | ApprovalResponse():
            return _hosted(item)
        case _:
            assert_never(item)


def _message(item: Message, said: str, reason: str) -> Body:
    content = [_part(part, item.role) for part in item.parts]
    body = {"id": item.id, "type": "message", "role": item.role, "status": item.status, "content": content}
    ours: Body = {"reason": reason} if reason else {}
    if any(isinstance(part, Speech) for part in item.parts):
        cut_short = {"said": said.strip()} if item.status == "incomplete" and said.strip() else {}
        ours = {"spoken": True, **cut_short, **ours}
    return {**body, "vivavoce": ours} if ours else body


def _part(part: Part, role: Role) -> Body:
    match part:
        case Image(url, detail):
            return {"type": "input_image", "image_url": url, "detail": detail}
        case Text(text) | Speech(text):
            kind: Body = {"type": "output_text", "annotations": []} if role == "assistant" else {"type": "input_text"}
            return {**kind, "text": text or ""}


def item_of(body: Mapping[str, Any]) -> Item | None:
    """The item that a session can go on from; None for a kind that means nothing to one."""
    item_id = str(body.get("id", ""))
    match body:
        case {"type": "message", "role": str(role), "content": content}:
            return _message_of(body, item_id, ROLES.get(role), content)
        case {"type": "function_call", "call_id": str(call_id), "name": str(name), "arguments": str(arguments)}:
            return FunctionCall(item_id, call_id, name, arguments, _status(body))
        case {"type": "function_call_output", "call_id": str(call_id), "output": output}:
            return FunctionOutput(item_id, call_id, output if isinstance(output, str) else "\n".join(_texts(output)))
        case {"type": str(kind), "server_label": str(server)} if kind.startswith("mcp_"):
            return _hosted_of(body, item_id, server)
        case {"type": "mcp_approval_response", "approval_request_id": str(request_id), "approve": bool(approve)}:
            return ApprovalResponse(item_id, request_id, approve, body.get("reason"))
        case _:
            return None


def _message_of(body: Mapping[str, Any], item_id: str, role: Role | None, content: object) -> Message | None:
    if role is None:
        return None
    ours = body.get("vivavoce")
    spoken = isinstance(ours, dict) and ours.get("spoken") is True
    parts: list[Part] = [Speech(text) if spoken else Text(text) for text in _texts(content)]
    if role == "user" and isinstance(content, list):
        parts += [picture for part in content if isinstance(part, dict) and (picture := _picture(part)) is not None]
    return Message(item_id, role, tuple(parts), _status(body)) if parts else None


def _status(body: Mapping[str, Any]) -> Status:
    return "incomplete" if body.get("status") == "incomplete" else "completed"


def _picture(part: Body) -> Image | None:
    url, detail = part.get("image_url"), part.get("detail")
    if part.get("type") != "input_image" or not isinstance(url, str) or not url.startswith("data:image/"):
        return None
    return Image(url, detail if detail in ("auto", "low", "high") else "auto")


# --- tools that run beside the server


def _hosted(item: ToolListing | HostedCall | ApprovalRequest | ApprovalResponse) -> Body:
    match item:
        case ToolListing():
            tools = [_listed(tool) for tool in item.tools]
            return {"id": item.id, "type": "mcp_list_tools", "server_label": item.server, "tools": tools} | (
                {} if item.error is None else {"error": item.error}
            )
        case HostedCall():
            return {
                **_call(item, "mcp_call"),
                "status": "failed" if item.error else item.status,
                "output": item.output,
                "error": None if item.error is None else _error(item.error),
                "approval_request_id": item.approval_id,
                "vivavoce": {"foreign": item.foreign},
            }
        case ApprovalRequest():
            return _call(item, "mcp_approval_request")
        case ApprovalResponse():
            said = {"approval_request_id": item.request_id, "approve": item.approve, "reason": item.reason}
            return {"id": item.id, "type": "mcp_approval_response", **said}


def _call(item: HostedCall | ApprovalRequest, kind: str) -> Body:
    return {
        "id": item.id,
        "type": kind,
        "server_label": item.server,
        "name": item.name,
        "arguments": item.arguments,
    }


def _listed(tool: ListedTool) -> Body:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": dict(tool.parameters),
        "annotations": {"readOnlyHint": tool.reads_only},
    }


_ERRORS = {"mcp_protocol_error": "protocol", "mcp_tool_execution_error": "execution", "http_error": "http"}


def _error(error: CallError) -> Body:
    kind = next(name for name, kind in _ERRORS.items() if kind == error.kind)
    if error.kind == "execution":
        return {"type": kind, "content": [{"type": "text", "text": error.message}]}
    return {"type": kind, "code": error.code or 0, "message": error.message}


def _hosted_of(body: Mapping[str, Any], item_id: str, server: str) -> Item | None:
    match body:
        case {"type": "mcp_list_tools", "tools": list(tools)}:
            listed = tuple(_listed_of(tool) for tool in tools if isinstance(tool, dict))
            return ToolListing(item_id, server, listed, body.get("error"))
        case {"type": "mcp_call", "name": str(name), "arguments": str(arguments)}:
            ours = body.get("vivavoce")
            foreign = not isinstance(ours, dict) or ours.get("foreign") is not False  # of unknown origin: of others
            output, error = body.get("output"), _error_of(body.get("error"))
            approval = body.get("approval_request_id")
            return HostedCall(item_id, server, name, arguments, output, error, approval, foreign, _status(body))
        case {"type": "mcp_approval_request", "name": str(name), "arguments": str(arguments)}:
            return ApprovalRequest(item_id, server, name, arguments)
        case _:
            return None


def _listed_of(tool: Mapping[str, Any]) -> ListedTool:
    notes = tool.get("annotations")
    reads_only = isinstance(notes, dict) and notes.get("readOnlyHint") is True
    return ListedTool(
        str(tool.get("name", "")), str(tool.get("description") or ""), tool.get("input_schema") or {}, reads_only
    )


def _error_of(error: object) -> CallError | None:
    match error:
        case {"type": "mcp_tool_execution_error", "content": content}:
            return CallError("execution", "\n".join(_texts(content)))
        case {"type": "http_error", "code": int(code), "message": str(message)}:
            return CallError("http", message, code)
        case {"type": "mcp_protocol_error", "code": int(code), "message": str(message)}:
            return CallError("protocol", message, code)
        case _:
            return None
