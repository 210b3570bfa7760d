"""How a call begins: for whom, and with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vivavoce.api.realtime.session_object import RealtimeSession


@dataclass(frozen=True, slots=True)
class Opening:
    """`owner`: digest of the key that was shown; `patches`: what is said of the session beforehand, each checked
    when it came; `call_id`: a second name of the call, by which clients may join it."""

    model: str
    owner: bytes = b""
    patches: tuple[Mapping[str, Any], ...] = ()
    call_id: str = ""

    def session(self, fresh: RealtimeSession) -> RealtimeSession:
        """The session as it begins, `fresh` being one of which nothing is said. Raises RequestError for a patch that
        does not fit."""
        session = replace(fresh, model=self.model, config=replace(fresh.config, model=self.model))
        for patch in self.patches:
            session = session.updated(patch, has_spoken=False)
        return session

    def for_call(self, call_id: str) -> Opening:
        return replace(self, call_id=call_id)

    def with_patches(self, *patches: Mapping[str, Any]) -> Opening:
        return replace(self, patches=(*self.patches, *patches))
