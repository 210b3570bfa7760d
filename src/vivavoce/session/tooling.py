"""The tool hosts that sessions may name, as the composition root hands them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vivavoce.conversation.hosted import ToolServer
from vivavoce.errors import RequestError, ToolFailed
from vivavoce.ports import HostedTool, ToolHost

Connect = Callable[[ToolServer], ToolHost]
"""Makes a host for a tool server that a client names by its address. Nothing is connected yet. Raises RequestError for
an address that may not be used."""


@dataclass(frozen=True, slots=True)
class Tooling:
    """`hosts`: by their labels; they outlive the sessions. `connect`: None where clients may name no servers. `silent`:
    tools that are not offered to the model, by the names that a mind may call them by all the same."""

    hosts: Mapping[str, ToolHost] = field(default_factory=dict[str, ToolHost])
    connect: Connect | None = None
    silent: Mapping[str, tuple[ToolHost, HostedTool]] = field(default_factory=dict[str, tuple[ToolHost, HostedTool]])

    def host(self, server: ToolServer) -> tuple[ToolHost, bool]:
        """The host of a tool server, and whether it is the caller's to close. Raises ToolFailed where there is none."""
        if not server.url:
            known = self.hosts.get(server.connector or server.label)
            if known is None:
                raise ToolFailed(f"There is no tool server {server.connector or server.label!r} here.", kind="protocol")
            return known, False
        if self.connect is None:
            raise ToolFailed("This server calls no tool servers of its clients.", kind="protocol")
        try:
            return self.connect(server), True
        except RequestError as error:
            raise ToolFailed(str(error), kind="protocol") from error


NO_TOOLS = Tooling()
