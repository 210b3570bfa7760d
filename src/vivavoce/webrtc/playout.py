"""What the caller hears next: the assistant's speech, 20 ms at a time, with a count of every sample. Pure.

The server learns from here to the sample how much of an answer was heard before it was cut off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vivavoce.audio.pcm import Samples

RATE = 24_000
FRAME = RATE // 50
FADE = RATE // 100
"""Samples over which the level changes: 10 ms."""
LONGEST = 60 * RATE
"""Samples that may wait; the server sends half a second ahead."""


@dataclass(frozen=True, slots=True)
class Item:
    """A message of the assistant that is being heard."""

    response_id: str
    item_id: str
    content_index: int = 0


@dataclass(frozen=True, slots=True)
class Started:
    """The first sound of a response went out."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last sound of a response went out."""

    response_id: str


Notice = Started | Stopped


@dataclass(slots=True)
class _Piece:
    item: Item
    samples: Samples


@dataclass(slots=True)
class Playout:
    """`tell`: called with what has happened while `take` runs."""

    tell: Callable[[Notice], None]
    _waiting: deque[_Piece] = field(default_factory=deque[_Piece])
    _size: int = 0
    _ended: set[str] = field(default_factory=set[str])
    """Responses of which no more sound comes."""
    _playing: Item | None = None
    """What is heard now, or was heard last of a response that goes on."""
    _played: int = 0
    """Samples of it that went out."""
    _gain: float = 1.0
    _target: float = 1.0
    _held: bool = False

    @property
    def active(self) -> bool:
        """A response is being heard, or is about to be."""
        return self._playing is not None or bool(self._waiting)

    @property
    def position(self) -> tuple[Item, int] | None:
        """What is being heard, and how many ms of it went out."""
        return None if self._playing is None else (self._playing, self._played * 1000 // RATE)

    def push(self, item: Item, samples: Samples) -> None:
        """More sound at RATE. What exceeds a minute is dropped: nobody sends so far ahead."""
        if 0 < len(samples) <= LONGEST - self._size:
            self._waiting.append(_Piece(item, samples))
            self._size += len(samples)

    def end(self, response_id: str) -> None:
        """No more sound of this response comes."""
        if any(piece.item.response_id == response_id for piece in self._waiting) or self._is_playing(response_id):
            self._ended.add(response_id)

    def duck(self, gain_db: float) -> None:
        self._target = 10 ** (gain_db / 20)

    def hold(self) -> None:
        """Fade out within 10 ms, then stop at that sample."""
        self._held, self._target = True, 0.0

    def resume(self) -> None:
        """Go on at full level, from the sample at which it was held."""
        self._held, self._target = False, 1.0

    def clear(self) -> tuple[Item, int] | None:
        """Throw away what was not heard. What was being heard, and for how many ms; None: nothing was."""
        cut = self.position
        self._waiting.clear()
        self._ended.clear()
        self._size = 0
        self._playing, self._played = None, 0
        self.resume()
        self._gain = 1.0
        return cut

    def take(self) -> Samples | None:
        """The next FRAME samples, None for silence."""
        if (self._held and self._gain == 0.0) or not (self._waiting or self._playing):
            return None
        frame = np.zeros(FRAME, np.float32)
        filled = 0
        while filled < FRAME and self._waiting:
            filled += self._move(frame, filled)
        if not filled:
            self._finish()
            return None
        self._finish()
        return self._levelled(frame)

    def _move(self, frame: Samples, at: int) -> int:
        """Fill `frame` from the first piece that waits; how many samples that were."""
        piece = self._waiting[0]
        if self._playing is None or self._playing.response_id != piece.item.response_id:
            self._finish(all_of_it=True)
            self.tell(Started(piece.item.response_id))
        if self._playing != piece.item:
            self._playing, self._played = piece.item, 0
        count = min(len(frame) - at, len(piece.samples))
        frame[at : at + count] = piece.samples[:count]
        piece.samples = piece.samples[count:]
        self._played += count
        self._size -= count
        if not len(piece.samples):
            self._waiting.popleft()
        return count

    def _finish(self, *, all_of_it: bool = False) -> None:
        """Tell of a response whose last sound is out."""
        if self._playing is None or (self._waiting and not all_of_it):
            return
        response_id = self._playing.response_id
        if response_id in self._ended or all_of_it:
            self._ended.discard(response_id)
            self._playing, self._played = None, 0
            self.tell(Stopped(response_id))

    def _is_playing(self, response_id: str) -> bool:
        return self._playing is not None and self._playing.response_id == response_id

    def _levelled(self, frame: Samples) -> Samples:
        if self._gain == self._target == 1.0:
            return frame
        steps = np.arange(1, FRAME + 1, dtype=np.float32) / FADE
        change = np.clip(steps, 0, 1) * (self._target - self._gain)
        levels = self._gain + change
        self._gain = self._target
        return np.asarray(frame * levels, np.float32)
