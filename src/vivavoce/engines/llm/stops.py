"""Texts that end a reply, found in a stream whose pieces may break them anywhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class StopCutter:
    """Lets a stream through up to the first of `stops`, which is left out. What may be the beginning of one is held
    back until it is known."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found: str | None = None

    def push(self, text: str) -> str:
        """What may be told by now; nothing more after a stop was found."""
        if self.found is not None:
            return ""
        self._held += text
        places = [(at, -len(stop), stop) for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            at, _, self.found = min(places)
            told, self._held = self._held[:at], ""
            return told
        keep = max((overlap(self._held, stop) for stop in self._stops), default=0)
        split = len(self._held) - keep
        told, self._held = self._held[:split], self._held[split:]
        return told

    def finish(self) -> str:
        """What was held back, now that nothing comes after it."""
        told, self._held = self._held, ""
        return told


def overlap(text: str, stop: str) -> int:
    """How much of the end of `text` is a beginning of `stop`, all of it excepted."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
