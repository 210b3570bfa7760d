"""How a call begins: for whom, and with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.conversation.config import SessionConfig


@dataclass(frozen=True, slots=True)
class Opening:
    """`owner`: digest of the key that was shown; `patches`: what is said of the session beforehand, each checked
    when it came; `call_id`: a second name of the call, by which clients may join it."""

    model: str
    owner: bytes = b""
    patches: tuple[Mapping[str, Any], ...] = ()
    call_id: str = ""

    def session(self, defaults: SessionConfig) -> RealtimeSession:
        """The session as it begins. Raises RequestError for a patch that does not fit."""
        session = RealtimeSession("", self.model, defaults)
        for patch in self.patches:
            session = session.updated(patch, has_spoken=False)
        return session

    def for_call(self, call_id: str) -> Opening:
        return replace(self, call_id=call_id)

    def with_patches(self, *patches: Mapping[str, Any]) -> Opening:
        return replace(self, patches=(*self.patches, *patches))
