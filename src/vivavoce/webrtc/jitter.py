"""Puts the packets of a caller's voice back into order, and says which of them are lost. Pure.

A packet whose turn it is goes through at once: on a good network nothing is delayed. At a gap those that follow
wait, for as long as packets have been out of order lately, then the gap counts as lost. So the delay follows what
the network does, and falls again when it calms down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

SEQUENCE = 1 << 16
LEAST, MOST = 0.02, 0.24
"""Seconds that a gap is waited for."""
FORGET = 0.995
"""What is left of the waiting time with every packet that comes in order."""
MARGIN = 1.25
JUMP = 100
"""Packets; a stream that jumps further has begun anew."""


@dataclass(frozen=True, slots=True)
class Packet(Generic[T]):
    """`payload`: what came; None: it is lost."""

    sequence: int
    payload: T | None


@dataclass(slots=True)
class Reorder(Generic[T]):
    """One stream. `frame`: seconds of sound in a packet."""

    frame: float = 0.02
    patience: float = LEAST
    """Seconds that a gap is waited for now."""
    _next: int | None = None
    _waiting: dict[int, tuple[T, float]] = field(default_factory=dict[int, tuple[T, float]])
    _gap_since: float | None = None

    def arrive(self, sequence: int, payload: T, now: float) -> list[Packet[T]]:
        """A packet came. `now`: seconds. What can be played, in order."""
        if self._next is None:
            self._next = sequence
        ahead = (sequence - self._next + SEQUENCE // 2) % SEQUENCE - SEQUENCE // 2
        if abs(ahead) > JUMP:
            self._waiting.clear()
            self._next, ahead = sequence, 0
        if ahead < 0:  # too late: wait longer for the next one
            self.patience = min(MOST, max(self.patience, -ahead * self.frame * MARGIN))
            return []
        self._waiting[sequence] = (payload, now)
        if ahead:
            self._gap_since = now if self._gap_since is None else self._gap_since
        else:
            self._learn(now)
        return [*self._in_order(now), *self.expire(now)]

    def expire(self, now: float) -> list[Packet[T]]:
        """What can be played because its time is up, though packets before it are missing."""
        out: list[Packet[T]] = []
        while (deadline := self.deadline) is not None and now >= deadline:
            assert self._next is not None  # noqa: S101 - something has arrived
            while self._next not in self._waiting:
                out.append(Packet(self._next, None))
                self._next = (self._next + 1) % SEQUENCE
            out += self._in_order(now)
        return out

    @property
    def deadline(self) -> float | None:
        """When `expire` is to be called; None: nothing waits."""
        return None if self._gap_since is None else self._gap_since + self.patience

    def _learn(self, now: float) -> None:
        """The packet whose turn it is came: how long did the others wait for it?"""
        if self._gap_since is None:
            self.patience = max(LEAST, self.patience * FORGET)
        else:
            self.patience = min(MOST, max(self.patience, (now - self._gap_since) * MARGIN))

    def _in_order(self, now: float) -> Iterator[Packet[T]]:
        while self._next is not None and self._next in self._waiting:
            payload, _ = self._waiting.pop(self._next)
            yield Packet(self._next, payload)
            self._next = (self._next + 1) % SEQUENCE
        self._gap_since = min((at for _, at in self._waiting.values()), default=None)
