"""Tools of the kind "mcp" on the wire: servers whose tools run beside this one, whatever is behind them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from vivavoce.api.fields import Fields, invalid, missing, string
from vivavoce.conversation.hosted import ApprovalRule, ToolFilter, ToolServer
from vivavoce.errors import RequestError

LABEL = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
MOST_NAMES = 256
MOST_HEADERS = 64
LONGEST_VALUE = 8192
LONGEST_URL = 2048


def read_tool_server(fields: Fields) -> ToolServer:
    """An `mcp` tool. Where its approval is not stated it is asked for at every call of a server that the client names
    by its address, as the contract has it, and decided by each tool where the operator named the server."""
    label = fields.need_text("server_label", "give the server a label")
    if not LABEL.fullmatch(label):
        raise invalid(fields.at("server_label"), "be 1 to 64 letters, digits, '_', '-' or '.'", label)
    if fields.get("tunnel_id") is not None:
        raise RequestError(
            "Tunnels are not served here: name the server by 'server_url'.",
            param=fields.at("tunnel_id"),
            code="invalid_value",
        )
    url = _read_url(fields)
    return ToolServer(
        label,
        url,
        fields.text("connector_id", ""),
        _read_headers(fields),
        _secret(fields, "authorization"),
        _read_allowed(fields),
        _read_approval(fields, ApprovalRule("always" if url else "auto")),
        fields.text("server_description", ""),
    )


def wire_tool_server(server: ToolServer) -> dict[str, Any]:
    """As it is echoed: without its headers and its authorization."""
    address = {"server_url": server.url, "connector_id": server.connector, "server_description": server.description}
    return {
        "type": "mcp",
        "server_label": server.label,
        **{name: value for name, value in address.items() if value},
        "allowed_tools": _wire_allowed(server.allowed),
        "require_approval": _wire_approval(server.approval),
    }


def _read_url(fields: Fields) -> str:
    url: str = fields.text("server_url", "")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fit = False
    if not fit or len(url) > LONGEST_URL or "@" in urlsplit(url).netloc:
        raise invalid(fields.at("server_url"), "be an http or https address without a user name in it")
    return url


def _read_headers(fields: Fields) -> tuple[tuple[str, str], ...]:
    headers = fields.object("headers")
    if headers is None:
        return ()
    if len(headers.raw) > MOST_HEADERS:
        raise invalid(headers.path, f"hold at most {MOST_HEADERS} headers")
    for name in headers.raw:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", name):
            raise invalid(headers.path, "have names that HTTP allows", name)
    return tuple((name, _secret(headers, name)) for name in headers.raw)


def _secret(fields: Fields, name: str) -> str:
    """A value of a header; errors do not quote it."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or not value.isascii() or not value.isprintable():
        raise invalid(fields.at(name), f"be a string of at most {LONGEST_VALUE} printable ASCII characters")
    return value


def _read_allowed(fields: Fields) -> ToolFilter:
    if isinstance(fields.get("allowed_tools"), list):
        return ToolFilter(_names(fields, "allowed_tools"))
    allowed = fields.object("allowed_tools")
    return ToolFilter() if allowed is None else _read_filter(allowed)


def _read_filter(fields: Fields) -> ToolFilter:
    reads_only = None if fields.get("read_only") is None else fields.flag("read_only", True)
    return ToolFilter(_names(fields, "tool_names"), reads_only)


def _names(fields: Fields, name: str) -> tuple[str, ...] | None:
    names = fields.array(name, string, most=MOST_NAMES)
    return None if names is None else tuple(names)


def _read_approval(fields: Fields, default: ApprovalRule) -> ApprovalRule:
    if isinstance(fields.get("require_approval"), str):
        return ApprovalRule(fields.choice("require_approval", ("always", "never", "auto"), "always"))
    rule = fields.object("require_approval")
    if rule is None:
        return default
    always, never = rule.object("always"), rule.object("never")
    if always is None and never is None:
        raise missing(rule.at("never"), "say which tools need approval ('always') or which need none ('never')")
    return ApprovalRule(
        "auto" if never is None else "always",
        None if always is None else _read_filter(always),
        None if never is None else _read_filter(never),
    )


def _wire_allowed(tools: ToolFilter) -> list[str] | dict[str, Any] | None:
    if tools.names is not None and tools.reads_only is None:
        return list(tools.names)
    return _wire_filter(tools) or None


def _wire_filter(tools: ToolFilter) -> dict[str, Any]:
    wire = {"tool_names": None if tools.names is None else list(tools.names), "read_only": tools.reads_only}
    return {name: value for name, value in wire.items() if value is not None}


def _wire_approval(rule: ApprovalRule) -> str | dict[str, Any] | None:
    lists = {"always": rule.always, "never": rule.never}
    listed = {name: _wire_filter(tools) for name, tools in lists.items() if tools is not None}
    return listed or (None if rule.otherwise == "auto" else rule.otherwise)
