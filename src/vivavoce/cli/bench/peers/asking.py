"""A question to a peer over its wire, and how long one waits for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.audio.resample import Resampler
from vivavoce.cli.clips import RATE, Clip, first_audible
from vivavoce.cli.dialogue import ConversationEnded, dialogue
from vivavoce.cli.ear import Ear
from vivavoce.cli.microphone import FileMicrophone
from vivavoce.cli.server import Address

HEARD_RATE = 16_000  # Hz of what goes to a peer on the bare wire; what comes back has 24,000
REFUSED_FOR = 20.0
"""Seconds for which a peer may refuse a conversation, because it is still putting the last one away."""
PATIENCE = 15.0
"""Seconds after the last word within which an answer has to begin."""
LISTENING = 2.0
"""Seconds for which an answer is listened to. Then we hang up: its end is not measured."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what was heard then. Times in ms, counted from the last voiced sample of the question."""

    question: str
    first_sound_ms: float | None
    content_ms: float | None
    """To the answer behind an opener; of systems that have no openers, the first sound."""
    cut_in: bool
    """Something audible came before the question was over."""
    problem: str = ""


Ask = Callable[[Clip], Awaitable[Turn]]


def judge(ear: Ear, last_word: float) -> tuple[float | None, bool]:
    """From all that was heard: ms from the last voiced sample to the first audible one, and whether something
    audible came before."""
    starts = []
    for chunk in ear.chunks:
        audible = first_audible(Pcm(chunk.samples, RATE))
        if audible is not None:
            starts.append(chunk.start + audible)
    after = next((start for start in starts if start >= last_word), None)
    ms = None if after is None else round((after - last_word) * 1000, 1)
    return ms, any(start < last_word for start in starts)


def realtime(base: str, session: dict[str, Any]) -> Ask:
    """Asks over the Realtime WebSocket, with a conversation for each question."""
    return _patiently(lambda clip, asked: _ask_realtime(base, session, clip, asked))


def _patiently(once: Callable[[Clip, list[float]], Awaitable[Turn]]) -> Ask:
    """Asks once, and once more for as long as the peer refuses before a word has been said."""

    async def ask(clip: Clip) -> Turn:
        deadline = monotonic() + REFUSED_FOR
        while True:
            asked: list[float] = []
            try:
                return await once(clip, asked)
            except (ConversationEnded, TimeoutError) as error:
                if asked or monotonic() > deadline:
                    return Turn(clip.name, None, None, cut_in=False, problem=str(error) or "not ready in time")
            await asyncio.sleep(0.5)

    return ask


async def _ask_realtime(base: str, session: dict[str, Any], clip: Clip, asked: list[float]) -> Turn:
    """One question; `asked` takes the time of its last voiced sample. Raises ConversationEnded."""
    async with dialogue(Address(base), session) as talk:
        last_word = talk.microphone.say(clip.samples) + clip.end
        asked.append(last_word)

        def content() -> float | None:
            """When the answer itself began to play, of an answer that was begun after the question."""
            known = [answer.content_at for answer in talk.protocol.answers.values() if answer.content_at]
            return next((at for at in known if at >= last_word), None)

        await hear(talk.ear, last_word, lambda: content() is not None or "vivavoce" not in session)
        problem = "; ".join(talk.protocol.problems)
    ms, cut_in = judge(talk.ear, last_word)
    if "vivavoce" not in session:
        return Turn(clip.name, ms, ms, cut_in=cut_in, problem=problem)
    at = content()
    return Turn(
        clip.name, ms, None if at is None else round((at - last_word) * 1000, 1), cut_in=cut_in, problem=problem
    )


async def hear(
    ear: Ear, last_word: float, whole: Callable[[], bool] = lambda: True, ended: Callable[[], bool] = lambda: False
) -> None:
    """Wait until an answer has sounded for LISTENING seconds and `whole()` holds; at most PATIENCE, and not when the
    conversation has `ended`."""
    while monotonic() < last_word + PATIENCE and not ended():
        ms, _ = judge(ear, last_word)
        if ms is not None and whole() and monotonic() > last_word + ms / 1000 + LISTENING:
            return
        await asyncio.sleep(0.1)


def bare(url: str) -> Ask:
    """Asks over a WebSocket that carries bare PCM, with a connection for each question."""
    return _patiently(lambda clip, asked: _ask_bare(url, clip, asked))


async def _ask_bare(url: str, clip: Clip, asked: list[float]) -> Turn:
    async with _connected(url) as socket:
        talk = BareTalk(socket)
        await talk.ready()
        tasks = [asyncio.create_task(talk.read()), asyncio.create_task(talk.microphone.run())]
        try:
            await asyncio.sleep(0.5)
            last_word = talk.microphone.say(clip.samples) + clip.end
            asked.append(last_word)
            await hear(talk.ear, last_word, ended=tasks[0].done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    ms, cut_in = judge(talk.ear, last_word)
    nothing = "The peer closed the conversation." if talk.closed else "no answer"
    return Turn(clip.name, ms, ms, cut_in=cut_in, problem="" if ms is not None else nothing)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[ClientConnection]:
    """A connection. Raises ConversationEnded when it is refused."""
    try:
        socket = await connect(url, compression=None, max_size=None, proxy=None)
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise ConversationEnded(f"{url} refused the conversation: {error}") from error
    async with socket:
        yield socket


class BareTalk:
    """A conversation over the bare wire: 16 kHz PCM goes, 24 kHz PCM comes, "ready" and "flush" are words."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._resampler = Resampler(RATE, HEARD_RATE)
        self.microphone = FileMicrophone(self._deliver)
        self.ear = Ear()
        self.closed = False

    async def ready(self) -> None:
        """Wait until the peer says that it hears. Raises ConversationEnded."""
        try:
            async with asyncio.timeout(REFUSED_FOR):
                while await self._socket.recv() != "ready":
                    pass
        except ConnectionClosed as error:
            raise ConversationEnded("The peer closed the conversation.") from error

    async def read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, bytes):
                    self.ear.hear("answer", from_pcm16(message), monotonic())
                elif message == "flush":
                    self.ear.flush(monotonic())
        self.closed = True

    async def _deliver(self, samples: Samples) -> None:
        with suppress(ConnectionClosed):
            await self._socket.send(to_pcm16(self._resampler.push(samples)))
