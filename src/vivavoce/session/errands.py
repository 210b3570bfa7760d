"""Calls of hosted tools under way. What a listener would wait for too long is an errand: it goes on in the background,
whatever is said meanwhile, and whoever asked for it is told its result when the floor is free.

    start ─▶ running ─▶ settled                          the answer that called it tells its result
                └─ let_go ─▶ running ─▶ settled ─▶ on_result     nobody waits for it any more
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from vivavoce.conversation.config import ReplyOptions
from vivavoce.conversation.events import CallEnded, CallProgressed, Event
from vivavoce.conversation.history import History
from vivavoce.conversation.items import CallError, HostedCall
from vivavoce.errors import ToolFailed
from vivavoce.ports import ToolContext, ToolResult
from vivavoce.session.toolbox import Offer, Toolbox

log = logging.getLogger(__name__)

MOST = 8
"""Calls of one session that may run at once."""
DEADLINE = 300.0
"""Seconds that a tool may take, in the background as well."""
LONGEST_PROGRESS = 200
LONGEST_OUTPUT = 64 * 1024
"""Characters of a result that are kept: more than any model here reads, and what one event may carry."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands: in its response, and in the conversation (None: in none)."""

    index: int
    previous_id: str | None
    in_conversation: bool


@dataclass(slots=True)
class Errand:
    """`options`: of the response that made the call; `round`: how many before that one called tools by themselves.
    `let_go`: nobody waits for it any more."""

    item: HostedCall
    place: Place
    options: ReplyOptions
    running: asyncio.Task[None] = field(init=False)
    result: ToolResult | None = None
    round: int = 0
    let_go: bool = False
    telling: asyncio.Task[None] | None = None

    @property
    def settled(self) -> bool:
        return self.item.status == "completed"

    @property
    def spoken(self) -> str | None:
        """Words that answer the person as they stand."""
        return None if self.result is None else self.result.spoken


class Errands:
    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        history: History,
        toolbox: Toolbox,
        send: Callable[[Event], Awaitable[None]],
        context: Callable[[], ToolContext],
    ) -> None:
        """`context()`: for whom a tool runs now."""
        self._tasks, self._history, self._toolbox, self._send = tasks, history, toolbox, send
        self._context = context
        self._under_way: dict[str, Errand] = {}
        self.on_result: Callable[[Errand], Awaitable[None]] = _ignored
        """Told of results for which nobody waits any more."""

    def start(self, offer: Offer | None, item: HostedCall, place: Place, options: ReplyOptions) -> Errand:
        """Run a tool (None: one that is gone). Its result, or why there is none, is in the errand once it has
        settled."""
        self._toolbox.running[item.id] = ""
        errand = Errand(item, place, options)
        if offer is None:
            work = self._refuse(errand, f"{item.name} is not offered any more.")
        elif len(self._under_way) >= MOST:
            work = self._refuse(errand, f"{MOST} calls are running already; ask again when one of them has ended.")
        else:
            work = self._work(errand, offer)
        self._under_way[item.id] = errand
        errand.running = self._tasks.create_task(work, name=f"{item.server} {item.id}")
        return errand

    async def let_go(self, errand: Errand) -> None:
        """Nobody waits for it any more: when it has settled, or now if it has, its result is news."""
        errand.let_go = True
        if errand.settled:
            await self._tell(errand)

    def drop(self, item_id: str) -> None:
        """Nobody wants its result any more: stop it."""
        errand = self._under_way.get(item_id)
        if errand is not None:
            errand.running.cancel()

    async def _refuse(self, errand: Errand, why: str) -> None:
        await self._settle(errand, error=CallError("execution", why))

    async def _work(self, errand: Errand, offer: Offer) -> None:
        item, name = errand.item, offer.hosted.tool.name
        context = replace(
            self._context(),
            aloud=errand.options.modality == "audio",
            progress=lambda words: self._progressed(errand, words),
        )
        try:
            async with asyncio.timeout(DEADLINE):
                errand.result = await offer.host.call(name, item.arguments, context)
        except TimeoutError:
            await self._settle(errand, error=CallError("execution", f"{name} took longer than {DEADLINE:g} s."))
        except ToolFailed as error:
            await self._settle(errand, error=CallError(error.kind, str(error) or f"{name} failed.", error.code))
        except Exception as error:
            log.error("tool broke", exc_info=error, extra={"tool": name})
            await self._settle(errand, error=CallError("execution", f"{name} failed."))
        else:
            await self._settle(errand)
        finally:
            self._under_way.pop(item.id, None)
            if not errand.settled:
                self._toolbox.running.pop(item.id, None)

    async def _settle(self, errand: Errand, error: CallError | None = None) -> None:
        output = None if errand.result is None else errand.result.text[:LONGEST_OUTPUT]
        errand.item = replace(errand.item, output=output, error=error, status="completed")
        self._under_way.pop(errand.item.id, None)
        if errand.let_go:
            await self._tell(errand)

    async def _tell(self, errand: Errand) -> None:
        place = errand.place
        if place.in_conversation:
            self._history.replace(errand.item)
        await self._send(CallEnded(errand.item, place.index, place.previous_id, late=place.in_conversation))
        await self.on_result(errand)

    def _progressed(self, errand: Errand, words: str) -> None:
        """Told of as it comes, one word at a time: what comes while one is being told is known, and not told."""
        item_id = errand.item.id
        if errand.settled or item_id not in self._toolbox.running:
            return
        self._toolbox.running[item_id] = words = words.strip()[:LONGEST_PROGRESS]
        if errand.telling is None or errand.telling.done():
            errand.telling = self._tasks.create_task(self._tell_progress(item_id, words))

    async def _tell_progress(self, item_id: str, words: str) -> None:
        await self._send(CallProgressed(item_id, words))


async def _ignored(errand: Errand) -> None:
    """Nobody is told."""
