"""What happens with hosted tools, as the wire tells it: lists of tools, and calls from their start to their end.

list      item.added · mcp_list_tools.in_progress · .completed or .failed · item.done
call      output_item.added · item.added · mcp_call_arguments.delta · .done · mcp_call.in_progress
          · mcp_call.completed or .failed · output_item.done · item.done
errand    … mcp_call.in_progress · output_item.done · response.done … mcp_call.completed · item.done
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, assert_never

from vivavoce.api.realtime.items import wire_item
from vivavoce.conversation.events import CallEnded, CallProgressed, CallStarted, ListingEnded, ListingStarted

Wire = dict[str, Any]
HostedEvent = ListingStarted | ListingEnded | CallStarted | CallProgressed | CallEnded


def tell_hosted(event: HostedEvent, wire_event: Callable[..., Wire]) -> Iterator[Wire]:
    match event:
        case ListingStarted(item, previous_id):
            yield wire_event("conversation.item.added", previous_item_id=previous_id, item=wire_item(item))
            yield wire_event("mcp_list_tools.in_progress", item_id=item.id)
        case ListingEnded(item, previous_id):
            kind = "mcp_list_tools.failed" if item.error is not None else "mcp_list_tools.completed"
            yield wire_event(kind, item_id=item.id)
            yield wire_event("conversation.item.done", previous_item_id=previous_id, item=wire_item(item))
        case CallStarted():
            yield from _call_started(event, wire_event)
        case CallProgressed(item_id, words):
            yield wire_event("vivavoce.mcp_call.progress", item_id=item_id, words=words)
        case CallEnded(item, index):
            kind = "response.mcp_call.failed" if item.error is not None else "response.mcp_call.completed"
            yield wire_event(kind, item_id=item.id, output_index=index)
            if event.late:
                done = wire_item(item)
                yield wire_event("conversation.item.done", previous_item_id=event.previous_id, item=done)
        case _:
            assert_never(event)


def _call_started(event: CallStarted, wire_event: Callable[..., Wire]) -> Iterator[Wire]:
    item = event.item
    at = {"response_id": event.response_id, "item_id": item.id, "output_index": event.index}
    yield wire_event("response.mcp_call_arguments.delta", **at, delta=item.arguments)
    yield wire_event("response.mcp_call_arguments.done", **at, arguments=item.arguments)
    yield wire_event("response.mcp_call.in_progress", item_id=item.id, output_index=event.index)
