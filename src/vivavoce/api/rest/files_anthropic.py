"""Uploaded files as Anthropic's clients see them (`beta.files`): they name no purpose, and turn pages by a cursor."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData, QueryParams

from vivavoce.api.fields import invalid
from vivavoce.assistant.files import StoredFile

PURPOSE = "user_data"
SHORTEST, LONGEST = 3600, 2_592_000
"""Seconds that a file may last."""
USUAL, MOST = 20, 1000
"""Files on a page."""
CURSOR = "page_"
Wire = dict[str, Any]


def wire_file(file: StoredFile) -> Wire:
    return {
        "id": file.id,
        "type": "file",
        "filename": file.name,
        "mime_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "size_bytes": file.bytes,
        "created_at": _moment(file.created),
        "downloadable": True,
        "expires_at": None if file.expires is None else _moment(file.expires),
    }


def deleted(file_id: str) -> Wire:
    return {"id": file_id, "type": "file_deleted"}


def lasts(form: FormData) -> int | None:
    """Raises RequestError."""
    seconds = form.get("expires_in_seconds")
    if seconds is None:
        return None
    if not (isinstance(seconds, str) and seconds.isdecimal() and SHORTEST <= int(seconds[:9]) <= LONGEST):
        raise invalid("expires_in_seconds", f"be a whole number from {SHORTEST} to {LONGEST}", seconds)
    return int(seconds)


def page(files: Sequence[StoredFile], asked: QueryParams) -> Wire:
    """`files`: the oldest first; the page has the newest first. The cursor names the last file of the page before, and
    stays good when that is gone. Raises RequestError."""
    newest = sorted(files, key=_place, reverse=True)
    if wanted := [*asked.getlist("ids"), *asked.getlist("ids[]")]:
        return {"data": [wire_file(file) for file in newest if file.id in wanted], "next_page": None}
    limit = asked.get("limit", str(USUAL))
    if not limit.isdecimal() or not 1 <= int(limit[:9]) <= MOST:
        raise invalid("limit", f"be a whole number from 1 to {MOST}", limit)
    if cursor := asked.get("page"):
        before = _place_of(cursor)
        newest = [file for file in newest if _place(file) < before]
    shown = newest[: int(limit)]
    more = len(newest) > len(shown)
    return {"data": [wire_file(file) for file in shown], "next_page": _cursor(shown[-1]) if more else None}


def _place(file: StoredFile) -> tuple[int, str]:
    return file.created, file.id


def _cursor(file: StoredFile) -> str:
    return f"{CURSOR}{file.created}_{file.id}"


def _place_of(cursor: str) -> tuple[int, str]:
    created, _, file_id = cursor.removeprefix(CURSOR).partition("_")
    if not cursor.startswith(CURSOR) or not created.isdecimal() or len(created) > 12:
        raise invalid("page", "be the next_page of an earlier list", cursor)
    return int(created), file_id


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
