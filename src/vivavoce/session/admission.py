"""How many sessions one process serves; the next one is refused politely, before any promise breaks."""

from __future__ import annotations

from vivavoce.errors import SessionRefused


class Admission:
    def __init__(self, most: int) -> None:
        self.most = most
        self.open = 0

    def enter(self) -> None:
        """Take a place. Raises SessionRefused when all are taken; whoever entered has to `leave`."""
        if self.open >= self.most:
            raise SessionRefused(f"All {self.most} places of this server are taken. Try again in a moment.")
        self.open += 1

    def leave(self) -> None:
        self.open -= 1
