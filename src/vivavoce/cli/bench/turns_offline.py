"""`bench turns --offline`: the same stimuli against a session in this process, in virtual time.

What decides about turns is real: the voice detector, the turn detector, the recogniser, and the language model's
opinion on whether words end a turn. What replies is scripted, and speaks a recording of the speech engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench.barge_in_offline import LEAD_IN, REPLY, answer
from vivavoce.cli.bench.latency import TELL_ME_MORE
from vivavoce.cli.bench.scene import (
    Client,
    Opinion,
    Recording,
    TimedDetector,
    TimedTranscriber,
    TimedTurnDetector,
    loop,
    talking,
)
from vivavoce.cli.bench.turn_metrics import Heard
from vivavoce.cli.bench.turns import AFTERWARDS, INTO_THE_ANSWER, NO_ANSWER, asked_by, echo_of, tell, what_was_heard
from vivavoce.cli.bench.virtual_time import VirtualLoop
from vivavoce.cli.microphone import FRAME_SECONDS
from vivavoce.conversation.config import (
    Manners,
    ReplyOptions,
    SemanticVad,
    SessionConfig,
    TranscriptionOptions,
    TurnPolicy,
)
from vivavoce.conversation.events import TurnDecided
from vivavoce.ports import Engines

if TYPE_CHECKING:
    from vivavoce.cli.bench.turn_stimuli import Stimulus
    from vivavoce.cli.clips import Clip
    from vivavoce.settings import Settings

__all__ = ["answer", "engines", "measure"]

PATIENCE = 15.0  # s after the question, by when the answer flows
PHRASE_SECONDS = 0.4
"""Of an opener or a sign of attention."""
TURN_SECONDS, OPINION_SECONDS, WRITING_SECONDS, VOICE_SECONDS = 0.05, 0.15, 0.35, 0.3
"""What a look of the turn detector takes, the language model's opinion, its first word, and a clause's first sound, on
a quiet machine of two cores."""


@contextmanager
def engines(settings: Settings, said: Pcm, recogniser_ms: float) -> Iterator[Engines]:
    """Those that the settings name, but for the voice, which says `said`. Raises StartupError."""
    from vivavoce.loading import load_engine, model_files

    files = model_files(settings)
    with (
        closing(load_engine("vad", settings.engines.vad, files)) as vad,
        closing(load_engine("turn", settings.engines.turn, files)) as turn,
        closing(load_engine("stt", settings.engines.stt, files)) as stt,
        closing(load_engine("llm", settings.engines.llm, files)) as llm,
    ):
        yield Engines(
            TimedDetector(vad),
            TimedTurnDetector(turn, TURN_SECONDS),
            TimedTranscriber(stt, recogniser_ms / 1000),
            Opinion((REPLY,), first=WRITING_SECONDS, real=llm, seconds=OPINION_SECONDS),
            Recording(REPLY, said, said.cut(0.0, PHRASE_SECONDS), VOICE_SECONDS),
        )


def measure(on_trial: Engines, questions: Mapping[str, Clip], chosen: Sequence[Stimulus]) -> list[Heard]:
    """Blocks, for some seconds a stimulus."""
    came = []
    for number, stimulus in enumerate(chosen):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            came.append(runner.run(_play(on_trial, asked_by(stimulus, questions), stimulus, number)))
        tell(came[-1])
    return came


async def _play(on_trial: Engines, question: Clip, stimulus: Stimulus, number: int) -> Heard:
    config = SessionConfig(
        turn=TurnPolicy(SemanticVad()),
        transcription=TranscriptionOptions(),
        reply=ReplyOptions(instructions=TELL_ME_MORE) if stimulus.over else ReplyOptions(),
        manners=Manners(managed_playback=True, listening_signals=stimulus.task == "backchannel", ignore_side_talk=True),
    )
    client = Client(echo_of(stimulus), stimulus.room)
    async with talking(on_trial, config, client):
        await asyncio.sleep(LEAD_IN + _late(number))
        if stimulus.over and not await _asked(client, question, stimulus.clip.onset):
            decided = _decided(client, on_trial, 0.0)
            return Heard(stimulus.task, stimulus.name, stimulus.variant, problem=NO_ANSWER, decided=decided)
        began = loop().time() + FRAME_SECONDS
        client.say(stimulus.clip.samples, began)
        await asyncio.sleep(began + stimulus.clip.end + AFTERWARDS - loop().time())
        return what_was_heard(stimulus, client.ear, client.words, began, _decided(client, on_trial, began))


async def _asked(client: Client, question: Clip, ahead: float) -> bool:
    """Ask, and wait until the answer will have flowed long enough `ahead` seconds later."""
    asked = loop().time() + FRAME_SECONDS
    client.say(question.samples, asked)
    await asyncio.sleep(question.end)
    while client.ear.flowing(loop().time() + ahead) < INTO_THE_ANSWER:
        if loop().time() > asked + question.end + PATIENCE:
            return False
        await asyncio.sleep(FRAME_SECONDS)
    return True


def _late(number: int) -> float:
    """Seconds, another every time, so that hops and frames meet what is said anywhere."""
    return 0.0137 * (number % 13)


def _decided(client: Client, on_trial: Engines, began: float) -> tuple[str, ...]:
    """What the floor decided from `began` on, in seconds on the stimulus's clock, and what was heard."""
    told = [
        f"{at - began:.2f} {event.decision}: {event.reason}"
        for event, at in client.told
        if isinstance(event, TurnDecided) and at >= began
    ]
    assert isinstance(on_trial.stt, TimedTranscriber)  # noqa: S101
    words = tuple(on_trial.stt.heard)
    on_trial.stt.heard.clear()
    return (", ".join(told), " | ".join(words))
