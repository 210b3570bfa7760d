"""One short conversation of the server with itself, through the real engines, as a user would have it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from vivavoce.audio.pcm import Pcm, join
from vivavoce.conversation.config import PERSONA, ReplyOptions, SemanticVad, SessionConfig, TurnPolicy
from vivavoce.conversation.events import Event, Latency, OutputEnded, ReplyAudio, ResponseEnded, Transcribed
from vivavoce.errors import EngineFailed, EngineTooSlow
from vivavoce.ports import Engines
from vivavoce.session.session import Session

QUESTION = "What is the capital of France?"
FRAME_SECONDS = 0.02
AUDIBLE = 0.01  # -40 dBFS
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """`voice_to_voice_ms`: from the last audible sample of the question to the first of the answer."""

    asked: str
    heard: str
    answered: str
    voice_to_voice_ms: float
    latency: Latency


async def self_check(engines: Engines, question: str = QUESTION) -> SelfCheck:
    """Ask a synthesised question as through a microphone. Raises TurnError when no answer comes."""
    async with aclosing(engines.tts.synthesize(question, voice="", language="en")) as sounds:
        spoken = join([sound async for sound in sounds], engines.tts.rate)
    told: list[tuple[float, Event]] = []
    ended = asyncio.Event()

    async def send(event: Event) -> None:
        told.append((asyncio.get_running_loop().time(), event))
        if isinstance(event, ResponseEnded):
            ended.set()

    reply = ReplyOptions(PERSONA, max_output_tokens=24)
    session = Session(engines, SessionConfig(TurnPolicy(SemanticVad()), reply=reply), send)
    running = asyncio.create_task(session.run())
    await asyncio.sleep(0)
    asked_until = await _ask(session, spoken)
    listening = asyncio.create_task(_stay_silent(session))
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await ended.wait()
    except TimeoutError:
        raise EngineTooSlow(f"the self-check had no answer within {DEADLINE_SECONDS:g} s") from None
    finally:
        listening.cancel()
        await session.close()
        await asyncio.wait([running, listening])
    return _result(question, told, asked_until)


async def _ask(session: Session, question: Pcm) -> float:
    """Play the question at real time; returns the loop time of its last audible sample."""
    loop = asyncio.get_running_loop()
    began, step = loop.time(), round(FRAME_SECONDS * question.rate)
    for start in range(0, len(question), step):
        await asyncio.sleep(began + start / question.rate - loop.time())
        await session.hear(Pcm(question.samples[start : start + step], question.rate))
    audible = np.flatnonzero(np.abs(question.samples) > AUDIBLE)
    return began + (int(audible[-1]) if len(audible) else len(question)) / question.rate


async def _stay_silent(session: Session) -> None:
    while True:
        await session.hear(Pcm.silence(FRAME_SECONDS, 16_000))
        await asyncio.sleep(FRAME_SECONDS)


def _result(question: str, told: list[tuple[float, Event]], asked_until: float) -> SelfCheck:
    heard = answered = ""
    sounded: float | None = None
    latency = Latency()
    for at, event in told:
        match event:
            case Transcribed(_, text):
                heard = text
            case ReplyAudio() if sounded is None:
                sounded = at
            case OutputEnded(_, _, _, said):
                answered = said
            case ResponseEnded(error=error):
                if error is not None:
                    raise EngineFailed(f"the self-check failed: {error}")
                latency = event.latency or latency
    if sounded is None:
        raise EngineFailed(f"the self-check heard {heard!r} and said nothing.")
    return SelfCheck(question, heard, answered.strip(), round((sounded - asked_until) * 1000), latency)
