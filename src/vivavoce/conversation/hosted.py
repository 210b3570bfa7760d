"""Tools that run beside the server: where they are, which may be called, what a model reads of their calls. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vivavoce.conversation.consent import Approval
from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    FunctionCall,
    FunctionOutput,
    HostedCall,
    Item,
    Message,
    Readable,
    ToolListing,
)

RUNNING = "Still running in the background. Its result will come by itself: do not call it again."
SO_FAR = " So far: "
NOT_APPROVED = "The person did not approve this call. Do not call it again unless they ask for it."


@dataclass(frozen=True, slots=True)
class ToolFilter:
    """Tools by name, or by whether they only read; None: either way."""

    names: tuple[str, ...] | None = None
    reads_only: bool | None = None

    def fits(self, name: str, reads_only: bool) -> bool:
        named = self.names is None or name in self.names
        return named and (self.reads_only is None or self.reads_only == reads_only)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Which calls wait for the person's yes: those in `always`, not those in `never`, and `otherwise`."""

    otherwise: Approval = "auto"
    always: ToolFilter | None = None
    never: ToolFilter | None = None

    def of(self, name: str, reads_only: bool) -> Approval:
        if self.always is not None and self.always.fits(name, reads_only):
            return "always"
        if self.never is not None and self.never.fits(name, reads_only):
            return "never"
        return self.otherwise


@dataclass(frozen=True, slots=True)
class ToolServer:
    """A tool server that a session names: by `url`, by `connector`, or by its label alone, which is then one that the
    operator has. `headers` and `authorization` are secrets: never echoed, never logged."""

    label: str
    url: str = ""
    connector: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    authorization: str = field(default="", repr=False)
    allowed: ToolFilter = ToolFilter()
    approval: ApprovalRule = ApprovalRule()
    description: str = ""


def readable(items: Iterable[Item], running: Mapping[str, str]) -> Iterator[Readable]:
    """What a model reads of a conversation: calls of hosted tools as calls with their results, lists of tools not at
    all. `running`: ids of the calls whose results are not to be told yet, and how far each has come."""
    requests: dict[str, ApprovalRequest] = {}
    for item in items:
        match item:
            case Message() | FunctionCall() | FunctionOutput():
                yield item
            case HostedCall():
                yield from _exchange(item.id, item.name, item.arguments, _result(item, running))
            case ApprovalRequest():
                requests[item.id] = item
            case ApprovalResponse(approve=False):
                if (asked := requests.get(item.request_id)) is not None:
                    refusal = f"{NOT_APPROVED} They said: {item.reason}" if item.reason else NOT_APPROVED
                    yield from _exchange(asked.id, asked.name, asked.arguments, refusal)
            case ApprovalResponse() | ToolListing():
                pass


def read_foreign(items: Iterable[Item]) -> bool:
    """Whether words of others came into the conversation since the person last said something."""
    for item in reversed(list(items)):
        if isinstance(item, Message) and item.role == "user":
            return False
        if isinstance(item, HostedCall) and item.foreign and item.output is not None:
            return True
    return False


def _exchange(call_id: str, name: str, arguments: str, result: str) -> Iterator[Readable]:
    yield FunctionCall(call_id, call_id, name, arguments)
    yield FunctionOutput(f"{call_id}_output", call_id, result)


def _result(call: HostedCall, running: Mapping[str, str]) -> str:
    if call.id in running or (call.output is None and call.error is None):
        progress = running.get(call.id)
        return f"{RUNNING}{SO_FAR}{progress}" if progress else RUNNING
    if call.error is not None:
        return f"It failed: {call.error.message}"
    return call.output or "done"
