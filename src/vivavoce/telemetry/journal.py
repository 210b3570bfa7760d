"""What a conversation decides, in the log: a line for every decision about the floor and for the end of every response,
with its reason. Never what was said."""

from __future__ import annotations

import logging

from vivavoce.conversation.events import Event, ResponseEnded, TurnDecided

log = logging.getLogger(__name__)


def write_down(event: Event, session_id: str) -> None:
    """Log the event if it is a decision; any other is passed over."""
    match event:
        case TurnDecided(decision, reason, at_ms):
            log.info(
                "turn decided",
                extra={"session": session_id, "decision": decision, "reason": reason, "at_ms": at_ms},
            )
        case ResponseEnded(response_id, how, reason):
            log.info(
                "response ended",
                extra={"session": session_id, "response": response_id, "decision": how, "reason": reason},
            )
        case _:
            pass
