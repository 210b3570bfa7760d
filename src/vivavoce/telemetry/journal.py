"""What a conversation decides, in the log: a line for every decision about the floor and for the end of every response,
with its reason. Never what was said."""

from __future__ import annotations

import logging

from vivavoce.conversation.events import Event, ResponseEnded, TurnDecided

log = logging.getLogger(__name__)

PREPARATIONS = ("draft", "drop_draft")
"""Nobody notices them, and there is one for every rest between words."""


def write_down(event: Event, session_id: str) -> None:
    """Log the event if it is a decision; any other is passed over."""
    match event:
        case TurnDecided(decision, reason, at_ms):
            level = logging.DEBUG if decision in PREPARATIONS else logging.INFO
            what = {"session": session_id, "decision": decision, "reason": reason, "at_ms": at_ms}
            log.log(level, "turn decided", extra=what)
        case ResponseEnded(response_id, how, reason):
            what = {"session": session_id, "response": response_id, "decision": how, "reason": reason}
            log.info("response ended", extra=what)
        case _:
            pass
