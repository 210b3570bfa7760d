"""A conversation over the Realtime WebSocket with files for a microphone: what `talk --wav` and `bench` do.

One clock for everything: `time.monotonic`. What is said goes through `FileMicrophone`, what is told into
`Protocol`, and the answer is heard through `Ear`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.pcm import Samples
from vivavoce.cli.clips import Clip
from vivavoce.cli.ear import Ear
from vivavoce.cli.microphone import FileMicrophone
from vivavoce.cli.protocol import Answer, Json, Protocol
from vivavoce.cli.server import Address
from vivavoce.errors import VivavoceError

LEAD_IN = 0.5
"""Seconds of the room before anything is said."""
PATIENCE = 15.0
"""Seconds within which an answer has to begin."""
OPEN_WITHIN = 20.0
"""Seconds for the connection and the session's first two events."""
LINGER = 3.0
"""Seconds after the last word in which something may still come, when an answer came too early or an error instead."""


class ConversationEnded(VivavoceError):
    """The server closed the connection."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came of it. Times in ms, counted from the question's last voiced sample."""

    question: Clip
    heard: str
    answer: str
    voice_to_voice_ms: float | None
    """To the first audible sample of the answer; None: no answer could be heard."""
    cut_in: bool
    """An answer began before the question was over."""
    gap_ms: float | None
    """To the first audible sample of any answer: negative where it was cut in on."""
    server_ms: dict[str, float | None]
    content_ms: float | None = None
    """To the first sample that answers: an opener such as "Well," is none."""
    draft: dict[str, Any] = field(default_factory=dict[str, Any])
    problem: str = ""
    heard_on_ms: float | None = None
    """To what the server took for the last voice, which its own times count from; None: not known."""


class Dialogue:
    """An open conversation; see `dialogue`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._news = asyncio.Event()
        self.microphone = FileMicrophone(self._append)
        self.protocol = Protocol()

    @property
    def ear(self) -> Ear:
        return self.protocol.ear

    async def ask(self, clip: Clip) -> Exchange:
        """Say a clip and hear the answer to its end.

        An answer has to begin within PATIENCE seconds after the last word, and to end within a minute.
        """
        told = self.protocol
        before, problems = set(told.answers), len(told.problems)
        words_before = len(told.transcripts)
        began = self.microphone.say(clip.samples)
        last_word = began + clip.end
        answered = await self._until(lambda: self._answered(before, problems, last_word), last_word + PATIENCE)
        if answered:
            await self._until(lambda: self._quiet(before), monotonic() + 60)
            await asyncio.sleep(self.ear.end - monotonic())
        return self._exchange(clip, before, last_word, words_before, problems)

    async def type(self, text: str) -> Exchange:
        """Send typed words; voice-to-voice then counts from the moment of sending."""
        before, problems = set(self.protocol.answers), len(self.protocol.problems)
        words_before = len(self.protocol.transcripts)
        content = [{"type": "input_text", "text": text}]
        await self.send(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        await self.send({"type": "response.create"})
        sent = monotonic()
        if await self._until(lambda: bool(self._since(before)), sent + PATIENCE):
            await self._until(lambda: self._quiet(before), monotonic() + 60)
            await asyncio.sleep(self.ear.end - monotonic())
        clip = Clip(text, np.zeros(0, np.float32), 0.0, 0.0, text)
        return self._exchange(clip, before, sent, words_before, problems)

    async def send(self, event: Json) -> None:
        try:
            await self._socket.send(json.dumps(event))
        except ConnectionClosed as error:
            raise ConversationEnded(_why(error)) from error

    # --- inside

    async def _append(self, samples: Samples) -> None:
        if self.protocol.ended is None:
            with suppress(ConversationEnded):  # the reader tells
                audio = base64.b64encode(to_pcm16(samples)).decode()
                await self.send({"type": "input_audio_buffer.append", "audio": audio})

    async def read(self) -> None:
        """Take in what the server sends until it closes."""
        try:
            async for message in self._socket:
                self.protocol.take(json.loads(message), monotonic())
                self._news.set()
            self.protocol.ended = "The server closed the conversation."
        except ConnectionClosed as error:
            self.protocol.ended = _why(error)
        self._news.set()

    async def configure(self, session: Json) -> None:
        """Send the session's settings and wait until the server has taken them."""
        deadline = monotonic() + OPEN_WITHIN
        if not await self._until(lambda: self.protocol.session is not None, deadline):
            raise ConversationEnded("The server did not open a session.")
        await self.send({"type": "session.update", "session": {"type": "realtime", **session}})
        told = self.protocol
        if not await self._until(lambda: told.configured or bool(told.problems), deadline) or told.problems:
            raise ConversationEnded(f"The server refused the session: {' '.join(told.problems) or 'no answer'}")

    async def _until(self, true: Callable[[], bool], deadline: float) -> bool:
        """Wait for news until `true()`; False at the deadline. Raises ConversationEnded."""
        while not true():
            if self.protocol.ended is not None:
                raise ConversationEnded(self.protocol.ended)
            self._news.clear()
            try:
                async with asyncio.timeout(min(deadline - monotonic(), 0.25)):
                    await self._news.wait()
            except TimeoutError:
                if monotonic() >= deadline:
                    return true()
        return True

    def _since(self, before: set[str]) -> list[Answer]:
        return [answer for name, answer in self.protocol.answers.items() if name not in before]

    def _answered(self, before: set[str], problems: int, last_word: float) -> bool:
        """Whether an answer to the whole question exists, or what there is (part of one, an error) is all."""
        new = self._since(before)
        if any(answer.created >= last_word for answer in new):
            return True
        refused = not new and len(self.protocol.problems) > problems
        early = bool(new) and all(answer.ended for answer in new) and new[-1].status != "cancelled"
        return (refused or early) and monotonic() > last_word + LINGER

    def _quiet(self, before: set[str]) -> bool:
        """Whether everything that was begun is over."""
        told, new = self.protocol, self._since(before)
        over = all(answer.ended for answer in new) and not (new and new[-1].goes_on)
        return over and told.awaited_transcripts <= len(told.transcripts)

    def _exchange(self, clip: Clip, before: set[str], last_word: float, words: int, problems: int) -> Exchange:
        new = self._since(before)
        after = {answer.id for answer in new if answer.created >= last_word}
        starts = self.ear.starts(after)
        cut_in = any(answer.created < last_word for answer in new)
        served = next((answer.latency_ms for answer in new if answer.id in after), {})
        told = [answer.problem for answer in new if answer.problem] + self.protocol.problems[problems:]
        return Exchange(
            question=clip,
            heard=" ".join(filter(None, self.protocol.transcripts[words:])),
            answer=" ".join(answer.words.strip() for answer in new if answer.words),
            voice_to_voice_ms=_ms(starts, last_word),
            cut_in=cut_in,
            gap_ms=_ms(self.ear.starts({answer.id for answer in new}), last_word),
            content_ms=_ms(next((answer.content_at for answer in new if answer.id in after), None), last_word),
            draft=next((answer.draft for answer in new if answer.id in after), {}),
            server_ms=served,
            problem="; ".join(told) or ("" if new else "no answer"),
            heard_on_ms=self._heard_on(last_word, served.get("endpoint")),
        )

    def _heard_on(self, last_word: float, endpoint: float | None) -> float | None:
        decided = _ms(next((at for at in self.protocol.speech_stopped if at >= last_word), None), last_word)
        return None if decided is None or endpoint is None else round(decided - endpoint, 1)


@asynccontextmanager
async def dialogue(address: Address, session: Json) -> AsyncIterator[Dialogue]:
    """Open a conversation, its microphone running for LEAD_IN seconds, and close it at the end.

    `session`: what session.update takes. Raises ConversationEnded, also while it is in use.
    """
    async with open_socket(address) as socket:
        talk = Dialogue(socket)
        reader = asyncio.create_task(talk.read())
        speaker = None
        try:
            await talk.configure(session)
            speaker = asyncio.create_task(talk.microphone.run())
            await asyncio.sleep(LEAD_IN)
            yield talk
        finally:
            tasks = [task for task in (reader, speaker) if task]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@asynccontextmanager
async def open_socket(address: Address) -> AsyncIterator[ClientConnection]:
    """The Realtime WebSocket of a server. Raises ConversationEnded when it cannot be opened."""
    opening = connect(
        address.socket_url,
        additional_headers=address.headers,
        compression=None,
        max_size=None,
        open_timeout=OPEN_WITHIN,
        proxy=None if address.is_local else True,
        ssl=address.tls,
    )
    try:
        socket = await opening
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise ConversationEnded(f"{address.base} refused the conversation: {error}") from error
    async with socket:
        yield socket


def _ms(at: float | None, zero: float) -> float | None:
    return None if at is None else round((at - zero) * 1000, 1)


def _why(error: ConnectionClosed) -> str:
    reason = error.rcvd.reason if error.rcvd else ""
    return f"The server closed the conversation{': ' + reason if reason else '.'}"
