"""`/v1/vivavoce/reminders`: timers and reminders that were not told yet, for a page that has no session open: it knows
when to open one, in which they are told."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.assistant.alarms import Alarms
from vivavoce.conversation.keepsakes import Reminder


def reminder_routes(alarms: Alarms, keys: Keys) -> list[Route]:
    async def listed(request: Request) -> Response:
        pending, now = await alarms.pending(keys.owner(request)), alarms.now()
        data = [wire_reminder(reminder, now) for reminder in pending]
        return JSONResponse({"object": "list", "data": data, "has_more": False})

    async def cancel(request: Request) -> Response:
        reminder_id = request.path_params["id"]
        await alarms.cancel(keys.owner(request), reminder_id)
        return JSONResponse({"id": reminder_id, "object": "vivavoce.reminder.deleted", "deleted": True})

    return [
        Route("/v1/vivavoce/reminders", locked(keys, listed), methods=["GET"]),
        Route("/v1/vivavoce/reminders/{id}", locked(keys, cancel), methods=["DELETE"]),
    ]


def wire_reminder(reminder: Reminder, now: float) -> dict[str, Any]:
    """`due_in_ms`: by the server's clock, below 0 for one that was missed."""
    return {
        "id": reminder.id,
        "object": "vivavoce.reminder",
        "kind": reminder.kind,
        "text": reminder.text,
        "due_at": int(reminder.due),
        "due_in_ms": round((reminder.due - now) * 1000),
        "created_at": int(reminder.created),
    }
