"""A conversation over the Realtime WebSocket with files for a microphone: what `talk --wav` and `bench` do.

One clock for everything: `time.monotonic`. The microphone captures 20 ms frames on an absolute schedule
and a frame is sent when its last sample has been captured, as a sound card gives it; between utterances it
captures a quiet room. The answer is heard through `Ear`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from vivavoce.audio.codecs import from_pcm16, to_pcm16
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.cli.clips import RATE, Clip, first_audible
from vivavoce.cli.ear import Ear
from vivavoce.cli.server import Address
from vivavoce.errors import VivavoceError

FRAME_SECONDS = 0.02
FRAME = round(FRAME_SECONDS * RATE)
ROOM_DB = -70.0
"""Level of the quiet room between utterances, dBFS: a live microphone never sends zeros."""
OPEN_WITHIN = 20.0
"""Seconds for the connection and the session's first two events."""
OPENER_WORDS = 2
LINGER = 3.0
"""Seconds after the last word in which something may still come, when an answer came too early or an error instead."""

Json = dict[str, Any]


class ConversationEnded(VivavoceError):
    """The server closed the connection."""


# --- what is said ------------------------------------------------------------------------------------


class FileMicrophone:
    """Captures frames for ever: a clip while one is said, the room otherwise."""

    def __init__(self, deliver: Callable[[Samples], Any]) -> None:
        self._deliver = deliver
        self._waiting: deque[Samples] = deque()
        self._began = monotonic()
        self._captured = 0
        self._random = np.random.default_rng(7)
        self.worst_delay = 0.0
        """Seconds by which the tardiest frame left late: what this process itself adds to a measurement."""

    async def run(self) -> None:
        self._began = monotonic()
        while True:
            due = self._began + (self._captured + 1) * FRAME_SECONDS
            await asyncio.sleep(due - monotonic())
            frame = self._waiting.popleft() if self._waiting else self._room(FRAME)
            self._captured += 1
            self.worst_delay = max(self.worst_delay, monotonic() - due)
            await self._deliver(frame)

    def say(self, samples: Samples) -> float:
        """Queue an utterance; returns the time at which its first sample is captured."""
        if not self._waiting:
            self._waiting.append(self._room(FRAME))  # the frame that is being captured now
        first = self._captured + len(self._waiting)
        whole = np.concatenate([samples, self._room(-len(samples) % FRAME)])
        self._waiting.extend(whole.reshape(-1, FRAME))
        return self._began + first * FRAME_SECONDS

    def _room(self, size: int) -> Samples:
        return self._random.normal(0.0, 10 ** (ROOM_DB / 20), size).astype(np.float32)


# --- what comes back ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Answer:
    """One response as the client saw it. Times are of the clock; `latency_ms`: the server's own account."""

    id: str
    created: float
    words: str = ""
    last_sound: float | None = None
    status: str = "in_progress"
    problem: str = ""
    latency_ms: dict[str, float | None] = field(default_factory=dict[str, float | None])
    draft: dict[str, Any] = field(default_factory=dict[str, Any])
    """The server's account of its drafts."""
    goes_on: bool = False
    """It ended with a call of a tool at the server, whose result is told in another one."""
    content_at: float | None = None
    """When the sound behind an opener begins to play; of an answer without one, its first sound."""

    @property
    def ended(self) -> bool:
        return self.status != "in_progress"


@dataclass(slots=True)
class Protocol:
    """All that the server told, in order."""

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    speech_started: list[float] = field(default_factory=list[float])
    speech_stopped: list[float] = field(default_factory=list[float])
    ducked: list[float] = field(default_factory=list[float])
    held: list[float] = field(default_factory=list[float])
    resumed: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When, and why."""
    transcripts: list[str] = field(default_factory=list[str])
    awaited_transcripts: int = 0
    problems: list[str] = field(default_factory=list[str])
    session: Json | None = None
    configured: bool = False
    ended: str | None = None


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


class Dialogue:
    """An open conversation; see `dialogue`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._news = asyncio.Event()
        self.microphone = FileMicrophone(self._append)
        self.ear = Ear()
        self.protocol = Protocol()

    async def ask(self, clip: Clip, patience: float = 15.0) -> Exchange:
        """Say a clip and hear the answer to its end.

        `patience`: seconds after the last word within which an answer has to begin; a minute to end.
        """
        told = self.protocol
        before, problems = set(told.answers), len(told.problems)
        words_before = len(told.transcripts)
        began = self.microphone.say(clip.samples)
        last_word = began + clip.end
        answered = await self._until(lambda: self._answered(before, problems, last_word), last_word + patience)
        if answered:
            await self._until(lambda: self._quiet(before), monotonic() + 60)
            await asyncio.sleep(self.ear.end - monotonic())
        return self._exchange(clip, before, last_word, words_before, problems)

    async def type(self, text: str, patience: float = 15.0) -> Exchange:
        """Send typed words; voice-to-voice then counts from the moment of sending."""
        before, problems = set(self.protocol.answers), len(self.protocol.problems)
        words_before = len(self.protocol.transcripts)
        content = [{"type": "input_text", "text": text}]
        await self.send(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        await self.send({"type": "response.create"})
        sent = monotonic()
        if await self._until(lambda: bool(self._since(before)), sent + patience):
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
                self._take(json.loads(message), monotonic())
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
            server_ms=next((answer.latency_ms for answer in new if answer.id in after), {}),
            problem="; ".join(told) or ("" if new else "no answer"),
        )

    def _take(self, event: Json, at: float) -> None:
        handler = _HANDLERS.get(event.get("type", ""))
        if handler:
            handler(self, event, at)

    def _on_session(self, event: Json, at: float) -> None:
        self.protocol.session = event["session"]
        self.protocol.configured |= event["type"] == "session.updated"

    def _on_speech_started(self, event: Json, at: float) -> None:
        self.protocol.speech_started.append(at)
        self.ear.flush(at)

    def _on_ducked(self, event: Json, at: float) -> None:
        self.protocol.ducked.append(at)

    def _on_held(self, event: Json, at: float) -> None:
        self.protocol.held.append(at)
        self.ear.hold(at)

    def _on_resumed(self, event: Json, at: float) -> None:
        self.protocol.resumed.append((at, event["reason"]))
        self.ear.resume(at)

    def _on_speech_stopped(self, event: Json, at: float) -> None:
        self.protocol.speech_stopped.append(at)

    def _on_committed(self, event: Json, at: float) -> None:
        self.protocol.awaited_transcripts += 1

    def _on_transcript(self, event: Json, at: float) -> None:
        self.protocol.transcripts.append(event.get("transcript", ""))

    def _on_created(self, event: Json, at: float) -> None:
        response = event["response"]["id"]
        self.protocol.answers[response] = Answer(response, at)

    def _on_audio(self, event: Json, at: float) -> None:
        answer = self.protocol.answers[event["response_id"]]
        answer.last_sound = at
        samples = from_pcm16(base64.b64decode(event["delta"]))
        if answer.content_at is None and not is_opener(answer.words):
            audible = first_audible(Pcm(samples, RATE))
            answer.content_at = None if audible is None else max(at, self.ear.end) + audible
        self.ear.hear(answer.id, samples, at)

    def _on_words(self, event: Json, at: float) -> None:
        self.protocol.answers[event["response_id"]].words += event["delta"]

    def _on_done(self, event: Json, at: float) -> None:
        response = event["response"]
        answer = self.protocol.answers[response["id"]]
        answer.status = response["status"]
        answer.goes_on = [item.get("type") for item in response.get("output") or ()][-1:] == ["mcp_call"]
        answer.latency_ms = (event.get("vivavoce") or {}).get("latency_ms") or {}
        answer.draft = (event.get("vivavoce") or {}).get("draft") or {}
        error = (response.get("status_details") or {}).get("error") or {}
        answer.problem = error.get("message") or error.get("code") or ""

    def _on_error(self, event: Json, at: float) -> None:
        self.protocol.problems.append(event["error"].get("message", "unknown error"))


_HANDLERS: dict[str, Callable[[Dialogue, Json, float], None]] = {
    "session.created": Dialogue._on_session,
    "session.updated": Dialogue._on_session,
    "input_audio_buffer.speech_started": Dialogue._on_speech_started,
    "input_audio_buffer.speech_stopped": Dialogue._on_speech_stopped,
    "vivavoce.output_audio.ducked": Dialogue._on_ducked,
    "vivavoce.output_audio.held": Dialogue._on_held,
    "vivavoce.output_audio.resumed": Dialogue._on_resumed,
    "input_audio_buffer.committed": Dialogue._on_committed,
    "conversation.item.input_audio_transcription.completed": Dialogue._on_transcript,
    "conversation.item.input_audio_transcription.failed": Dialogue._on_transcript,
    "response.created": Dialogue._on_created,
    "response.output_audio.delta": Dialogue._on_audio,
    "response.output_audio_transcript.delta": Dialogue._on_words,
    "response.output_text.delta": Dialogue._on_words,
    "response.done": Dialogue._on_done,
    "error": Dialogue._on_error,
}


@asynccontextmanager
async def dialogue(address: Address, session: Json, *, lead_in: float = 0.5) -> AsyncIterator[Dialogue]:
    """Open a conversation, its microphone running for `lead_in` seconds, and close it at the end.

    `session`: what session.update takes. Raises ConversationEnded, also while it is in use.
    """
    async with open_socket(address) as socket:
        talk = Dialogue(socket)
        reader = asyncio.create_task(talk.read())
        speaker = None
        try:
            await talk.configure(session)
            speaker = asyncio.create_task(talk.microphone.run())
            await asyncio.sleep(lead_in)
            yield talk
        finally:
            tasks = [task for task in (reader, speaker) if task]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@asynccontextmanager
async def open_socket(address: Address) -> AsyncIterator[ClientConnection]:
    """The Realtime WebSocket of a server. Raises ConversationEnded when it cannot be opened."""
    headers = {"Authorization": f"Bearer {address.key.reveal()}"} if address.key else {}
    opening = connect(
        address.socket_url,
        additional_headers=headers,
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


def is_opener(words: str) -> bool:
    """Whether an answer is no more so far than a word or two for which nobody has to think ("Well,", "Of course!")."""
    said = words.strip()
    return bool(said) and said[-1] in ",!" and len(said.split()) <= OPENER_WORDS


def _ms(at: float | None, zero: float) -> float | None:
    return None if at is None else round((at - zero) * 1000, 1)


def _why(error: ConnectionClosed) -> str:
    reason = error.rcvd.reason if error.rcvd else ""
    return f"The server closed the conversation{': ' + reason if reason else '.'}"
