"""Lists that are read page by page, as OpenAI's are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from vivavoce.api.fields import Fields, invalid

USUAL, MOST = 20, 100


@dataclass(frozen=True, slots=True)
class PageAsked:
    """`after`: id of the last one that is known already; `what`: how one of them is called."""

    what: str
    limit: int = USUAL
    after: str | None = None
    newest_first: bool = False


def read_page(request: Request, what: str) -> PageAsked:
    """Raises RequestError."""
    fields = Fields(dict(request.query_params), "")
    limit = fields.text("limit", "0")
    if not limit.isdecimal() or int(limit[:9]) > MOST:
        raise invalid("limit", f"be a whole number from 0, which means {USUAL}, to {MOST}", limit)
    order = fields.choice("order", ("asc", "desc"), "asc")
    return PageAsked(what, int(limit) or USUAL, fields.text("after", None), order == "desc")


def page(all_: Sequence[Mapping[str, Any]], asked: PageAsked) -> dict[str, Any]:
    """One page of all there are, the oldest first. Raises RequestError."""
    found = list(reversed(all_)) if asked.newest_first else list(all_)
    if asked.after is not None:
        ids = [each["id"] for each in found]
        if asked.after not in ids:
            raise invalid("after", f"be the id of a {asked.what} of the list", asked.after)
        found = found[ids.index(asked.after) + 1 :]
    return listed(found[: asked.limit], has_more=len(found) > asked.limit)


def listed(shown: Sequence[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """One page on the wire."""
    ends = {"first_id": shown[0]["id"] if shown else None, "last_id": shown[-1]["id"] if shown else None}
    return {"object": "list", "data": [dict(each) for each in shown], **ends, "has_more": has_more}
