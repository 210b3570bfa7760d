"""What the assistant does for one session beside answering: tells it who the person is, notices what they say about
themselves, and speaks up in it when a timer ends. Only where the session asked for it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from vivavoce.assistant.alarms import Alarms
from vivavoce.assistant.extraction import MOST_SAID, Extraction
from vivavoce.assistant.memory import Knowledge, is_temporary
from vivavoce.assistant.personal import Personal
from vivavoce.assistant.tools.host import LABEL
from vivavoce.conversation.config import SessionConfig, Tool
from vivavoce.conversation.events import Event, ItemAdded, ListingEnded, OutputEnded, Transcribed
from vivavoce.conversation.items import Message
from vivavoce.errors import SessionError, VivavoceError
from vivavoce.ports import LanguageModel

log = logging.getLogger(__name__)

WAITING = 64
"""Things that may wait to be done; more are let go."""
WITHIN = 10.0
"""Seconds that one of them may take."""
RESTS = 30.0
"""Seconds after somebody's last words when a conversation rests."""
TAKEN_WITHIN = 10.0
"""Seconds within which a session takes words to be said."""


class Attended(Protocol):
    """What it needs of a session."""

    config: SessionConfig

    async def speak_up(self, words: str) -> None: ...


class Aside:
    """Does small things off the path of the answer, one after the other. One task of the server runs it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue(WAITING)

    def do(self, what: Callable[[], Awaitable[object]]) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(what)

    async def run(self) -> None:
        """For ever."""
        while True:
            what = await self._waiting.get()
            try:
                async with asyncio.timeout(WITHIN):
                    await what()
            except (VivavoceError, TimeoutError) as error:
                log.warning("left undone", extra={"code": type(error).__name__})


@dataclass(frozen=True, slots=True)
class Helpers:
    """What all attendants share."""

    knowledge: Knowledge
    alarms: Alarms
    aside: Aside
    extraction: Extraction


class Attendant:
    """Of one session of `owner`. `attend` it as soon as it is there, and `leave` it."""

    def __init__(self, owner: str, helpers: Helpers, own: Sequence[Tool]) -> None:
        """`own`: the assistant's own tools."""
        self._owner, self._own = owner, own
        self._knowledge, self._alarms, self._aside = helpers.knowledge, helpers.alarms, helpers.aside
        self._extraction = helpers.extraction
        self._said: deque[str] = deque(maxlen=MOST_SAID)
        """What the person said since facts were last looked for."""
        self._resting: asyncio.TimerHandle | None = None
        self._session: Attended | None = None
        self._present = ExitStack()
        self._here = False
        self._telling: tuple[str, asyncio.Future[None]] | None = None
        """What is to be said unasked, and whether it was."""
        self._known: tuple[float, str] | None = None
        """What was told of the person, and the version of our knowledge that it is of."""

    def mind(self, mind: LanguageModel) -> LanguageModel:
        """`mind` as the session is to have it."""
        return Personal(mind, self.about, self._own)

    def seeing(self, send: Callable[[Event], Awaitable[None]]) -> Callable[[Event], Awaitable[None]]:
        """`send`, with all events of the session seen on their way."""

        async def told(event: Event) -> None:
            self.see(event)
            await send(event)

        return told

    def attend(self, session: Attended) -> None:
        self._session = session

    def leave(self) -> None:
        self._present.close()
        self._rest()
        if self._telling is not None and not self._telling[1].done():
            self._telling[1].set_exception(SessionError("The session has ended."))

    async def about(self) -> str:
        """What is to stand with the instructions. It stays as it is through the session, so that the model need not
        read everything anew, until what it says is not true any more: each response looks whether it is. A database
        that cannot be used costs that look, not the response."""
        config = self._personal()
        if config is None:
            return ""
        try:
            version = await self._knowledge.version(self._owner)
        except VivavoceError as error:
            log.warning("memories cannot be read", extra={"code": type(error).__name__})
            return "" if self._known is None else self._known[1]
        if self._known is None or self._known[0] != version:
            self._known = version, await self._knowledge.about(self._owner)
        return self._known[1]

    def see(self, event: Event) -> None:
        """Something happened in the session."""
        match event:
            case ListingEnded(item) if item.server == LABEL and item.error is None:
                self._arrive()
            case Transcribed(text=text):
                self._hear(text)
            case ItemAdded(item=Message(role="user") as message):
                self._hear(message.text)
            case OutputEnded(item=Message() as message, said=said):
                self._spoke(message, said)
            case _:
                pass

    def _personal(self) -> SessionConfig | None:
        """The session's configuration, if it is one in which the person is known."""
        config = None if self._session is None else self._session.config
        if config is None or not config.manners.profile or config.temporary or is_temporary(config.conversation):
            return None
        return config

    def _hear(self, text: str) -> None:
        config = self._personal()
        if config is not None and text:
            self._aside.do(lambda: self._knowledge.notice(self._owner, text, config.conversation))
            self._said.append(text)
            if self._resting is not None:
                self._resting.cancel()
            self._resting = asyncio.get_running_loop().call_later(RESTS, self._rest)

    def _rest(self) -> None:
        """Nobody has said anything for a while, or the session is over: look through what was said."""
        if self._resting is not None:
            self._resting.cancel()
        config, said = self._personal(), tuple(self._said)
        self._said.clear()
        if config is not None and said:
            self._extraction.consider(self._owner, config.conversation, said)

    def _arrive(self) -> None:
        if not self._here:
            self._here = True
            self._present.enter_context(self._alarms.present(self._owner, self._speak))

    async def _speak(self, words: str) -> None:
        """Raises SessionError where the session ends before it has said them."""
        if self._session is None or all(server.label != LABEL for server in self._session.config.reply.servers):
            raise SessionError("The assistant's tools were taken out of this session.")
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._telling = words, heard
        try:
            async with asyncio.timeout(TAKEN_WITHIN):
                await self._session.speak_up(words)
        except TimeoutError:
            raise SessionError("The session has too much to say already.") from None
        await heard

    def _spoke(self, message: Message, said: str) -> None:
        """The assistant has said something: what somebody heard the beginning of was told."""
        if self._telling is None or self._telling[1].done() or not message.text.strip():
            return
        if (letters := _letters(said)) and _letters(self._telling[0]).startswith(letters):
            self._telling[1].set_result(None)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
