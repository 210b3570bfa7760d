"""The ordered record of a conversation, as both sides heard it. Pure: no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from vivavoce.conversation.items import ApprovalRequest, ApprovalResponse, FunctionCall, FunctionOutput, Item, Message
from vivavoce.errors import RequestError

ROOT = "root"  # the wire's word for "before the first item"


@dataclass(slots=True)
class History:
    """Items in order. `version` grows with every change, so that a draft can tell it is stale."""

    _items: dict[str, Item] = field(default_factory=dict[str, Item])
    version: int = 0

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items.values())

    @property
    def last_id(self) -> str | None:
        return next(reversed(self._items), None)

    @property
    def last_said(self) -> str:
        """The assistant's last words that were heard; "" where it said none."""
        said = (item.text for item in reversed(self.items) if isinstance(item, Message) and item.role == "assistant")
        return next(said, "")

    def get(self, item_id: str) -> Item:
        try:
            return self._items[item_id]
        except KeyError:
            raise RequestError(
                f"There is no item {item_id!r} in this conversation.", param="item_id", code="item_not_found"
            ) from None

    def has(self, item_id: str) -> bool:
        return item_id in self._items

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Insert `item` after the item `after` (None: at the end, "root": at the start).

        Returns the id of the item before it. Raises RequestError for an id in use, an unknown
        `after`, an output whose call is not in the conversation, or an approval of nothing.
        """
        if item.id in self._items:
            raise RequestError(f"The id {item.id!r} is in use already.", param="item.id", code="item_id_in_use")
        if after not in (None, ROOT) and after not in self._items:
            raise RequestError(
                f"There is no item {after!r} to insert after.", param="previous_item_id", code="item_not_found"
            )
        self._check_reference(item)
        previous = None if after == ROOT else after or self.last_id
        if previous == self.last_id:
            self._items[item.id] = item
        else:
            items = list(self._items.values())
            place = 0 if previous is None else 1 + next(i for i, it in enumerate(items) if it.id == previous)
            items.insert(place, item)
            self._items = {it.id: it for it in items}
        self.version += 1
        return previous

    def replace(self, item: Item) -> None:
        """Put a newer version of an item in its place; an item deleted meanwhile stays deleted."""
        if item.id in self._items:
            self._items[item.id] = item
            self.version += 1

    def delete(self, item_id: str) -> None:
        self.get(item_id)
        del self._items[item_id]
        self.version += 1

    def _check_reference(self, item: Item) -> None:
        match item:
            case FunctionOutput(call_id=call_id):
                if not any(isinstance(it, FunctionCall) and it.call_id == call_id for it in self._items.values()):
                    raise RequestError(
                        f"No function call has the call_id {call_id!r}.", param="item.call_id", code="invalid_value"
                    )
            case ApprovalResponse(request_id=request_id):
                param = "item.approval_request_id"
                if not isinstance(self._items.get(request_id), ApprovalRequest):
                    raise RequestError(
                        f"Nothing waits for the approval {request_id!r}.", param=param, code="invalid_value"
                    )
                if any(isinstance(it, ApprovalResponse) and it.request_id == request_id for it in self._items.values()):
                    raise RequestError(f"{request_id!r} was answered already.", param=param, code="invalid_value")
            case _:
                pass
