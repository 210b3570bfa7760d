"""Tool servers: those of the operator's settings, and those that clients name by their addresses.

Whoever needs no such server does not pay for the library: it takes a quarter of all the time in which a server is
imported, so `mcp_host.py` is imported where a host is made. A server whose doors are open imports it beside its
conversations (`app/warming.py`), so that none of them waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from vivavoce.conversation.hosted import ToolServer
from vivavoce.errors import RequestError

if TYPE_CHECKING:
    from vivavoce.assistant.mcp_host import Approval, McpHost


@dataclass(frozen=True, slots=True)
class Options:
    """A table [tools.servers.NAME]. `approval`: "always", "never", or names of tools that wait for a yes; empty: those
    that are not read-only. `slow`: names of tools that run in the background at once."""

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    authorization: str = field(default="", repr=False)
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    approval: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.command):
            raise ValueError("give either a url or a command")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("the url must begin with http:// or https://")
        if self.command and (self.headers or self.authorization):
            raise ValueError("headers and authorization are for a url; a program takes env")


def operators_server(label: str, options: Options) -> McpHost:
    """Nothing is connected yet."""
    from vivavoce.assistant.mcp_host import Address, McpHost, Program

    if options.url:
        server: Address | Program = Address(options.url, _headers(options.headers, options.authorization))
    else:
        server = Program(options.command, options.args, options.env)
    return McpHost(label, server, approval=_approval(options.approval), slow=options.slow)


@dataclass(frozen=True, slots=True)
class ClientsServers:
    """Makes hosts for servers that clients name. `allowed`: "public": only addresses of the public internet."""

    allowed: Literal["public", "any", "none"] = "public"

    def __call__(self, server: ToolServer) -> McpHost:
        """Raises RequestError."""
        from vivavoce.assistant.mcp_host import Address, McpHost

        if self.allowed == "none":
            raise RequestError("Clients may not name tool servers here: name one that the operator has by its label.")
        headers = _headers(dict(server.headers), server.authorization)
        return McpHost(server.label, Address(server.url, headers, guarded=self.allowed == "public"))


def _headers(headers: Mapping[str, str], authorization: str) -> dict[str, str]:
    if not authorization:
        return dict(headers)
    scheme = "" if " " in authorization else "Bearer "
    return {**headers, "Authorization": f"{scheme}{authorization}"}


def _approval(given: tuple[str, ...]) -> Approval:
    if not given:
        return "auto"
    match given:
        case ("always",):
            return "always"
        case ("never",):
            return "never"
        case names:
            return names
