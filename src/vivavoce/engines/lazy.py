"""An engine that is loaded when somebody first asks for it: what no conversation needs costs nothing until then."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class _Closes(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=_Closes)


class Lazy(Generic[T]):
    """`load` blocks. An attempt that fails is made again when the next one asks."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._engine: T | None = None
        self._closed = False

    async def get(self) -> T:
        """Raises what `load` raises, such as ModelUnavailable."""
        return self._engine if self._engine is not None else await asyncio.to_thread(self._loaded)

    @property
    def loaded(self) -> T | None:
        """The engine, where somebody has asked for it already."""
        return self._engine

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._engine is not None:
                self._engine.close()

    def _loaded(self) -> T:
        with self._lock:
            if self._engine is None:
                engine = self._load()
                if self._closed:
                    engine.close()
                self._engine = engine
            return self._engine
