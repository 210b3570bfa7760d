"""Silero VAD v6 on ONNX Runtime: is somebody speaking in these 32 ms?

The model is recurrent, so every stream of sound keeps its own memory; the weights and the one thread
that runs them are shared, and the hops of many streams that wait at once go through the network together: 113 µs for
one hop alone, 58 µs each for sixteen, bit for bit the same. No hop is spared the network, however quiet: it changes
the memory that the next one is judged by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vivavoce.audio.pcm import Samples
from vivavoce.engines.onnx import open_network
from vivavoce.engines.pool import Batcher, Worker
from vivavoce.errors import EngineFailed
from vivavoce.models import ModelFiles
from vivavoce.ports import HEARING_RATE, HOP

CONTEXT = 64
"""Samples of the hop before that the model wants in front of each hop."""
DEADLINE = 2.0
"""Seconds for one call: a hundred times what a second of sound takes."""

# Long music or noise leaves the memory in a state that under-reports the speech that follows; clearing
# it repairs that (found by the pipecat project). Only after a run of hops that are clearly no speech, since a
# clearing amid speech makes the model lose sight of it for a moment.
STALE_HOPS = round(2.0 * HEARING_RATE / HOP)
QUIET_HOPS = round(0.5 * HEARING_RATE / HOP)
QUIET = 0.1

MOST = 32
"""Hops in one run: 2 ms of work; beyond sixteen there is little left to gain, and the first would wait for the last."""

APART = 0.005
"""Seconds between runs, where many streams are heard: each run costs two changes of thread, and without a pause most
would be of a single hop."""

Infer = Callable[[Samples, Samples], tuple[Samples, Samples]]
"""(contexts and hops (n, CONTEXT + HOP), states (2, n, 128)) -> (probabilities of voice (n,), next states)."""


@dataclass(frozen=True, slots=True)
class Options:
    model: str = "silero-vad-v6"
    file: str = "silero_vad_16k_op15.onnx"
    threads: int = 1


def load(options: Options, models: ModelFiles) -> SileroVad:
    """Raises ModelUnavailable."""
    return SileroVad(options.model, model(options, models))


def model(options: Options, models: ModelFiles) -> Infer:
    """The bare network, for others that want to know whether a sound holds speech; blocking, any thread."""
    network = open_network(models(options.model) / options.file, options.threads)
    rate = np.array(HEARING_RATE, np.int64)

    def infer(sounds: Samples, states: Samples) -> tuple[Samples, Samples]:
        probabilities, following = network.run(None, {"input": sounds, "state": states, "sr": rate})
        return probabilities[:, 0], following

    return infer


@dataclass(slots=True)
class Memory:
    """What the model keeps of one stream of sound."""

    state: Samples = field(default_factory=lambda: np.zeros((2, 128), np.float32))
    context: Samples = field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    age: int = 0  # hops since the memory was empty
    quiet: int = 0  # hops without speech at its end

    def refresh(self) -> None:
        """Before each hop: a memory that has gone stale is emptied."""
        if self.age >= STALE_HOPS and self.quiet >= QUIET_HOPS:
            self.state, self.age = np.zeros_like(self.state), 0

    def keep(self, hop: Samples, state: Samples, probability: float) -> None:
        """After each hop."""
        self.state, self.context = state, hop[-CONTEXT:]
        self.age += 1
        self.quiet = self.quiet + 1 if probability < QUIET else 0


Heard = tuple[Samples, Memory]
"""Whole hops, and the memory of the stream that they go on with."""


def hear(samples: Samples, memory: Memory, infer: Infer) -> list[float]:
    """Probability of voice in each hop of `samples`; blocking. Raises ValueError on a broken hop."""
    _refuse_broken(samples)
    return hear_all([(samples, memory)], infer)[0]


def hear_all(heard: list[Heard], infer: Infer) -> list[list[float]]:
    """Probability of voice in each hop of several streams, every memory at most once; blocking."""
    voices: list[list[float]] = [[] for _ in heard]
    for start in range(0, max((len(samples) for samples, _ in heard), default=0), HOP):
        going_on = [place for place, (samples, _) in enumerate(heard) if start < len(samples)]
        step = [(heard[place][0][start : start + HOP], heard[place][1]) for place in going_on]
        for place, probability in zip(going_on, _hear_step(step, infer), strict=True):
            voices[place].append(probability)
    return voices


def _hear_step(step: list[Heard], infer: Infer) -> list[float]:
    """One hop of each stream."""
    sounds = np.empty((len(step), CONTEXT + HOP), np.float32)
    for row, (hop, memory) in zip(sounds, step, strict=True):
        memory.refresh()
        row[:CONTEXT], row[CONTEXT:] = memory.context, hop
    probabilities, states = infer(sounds, np.stack([memory.state for _, memory in step], axis=1))
    voices: list[float] = probabilities.tolist()
    for place, (hop, memory) in enumerate(step):
        memory.keep(hop, states[:, place], voices[place])
    return voices


def _refuse_broken(samples: Samples) -> None:
    if len(samples) % HOP:
        raise ValueError(f"want whole hops of {HOP} samples, got {len(samples)} samples")


class SileroStream:
    """One stream of sound; its calls come one after another."""

    def __init__(self, batcher: Batcher[Heard, list[float]]) -> None:
        self._batcher, self._memory = batcher, Memory()

    async def voice(self, samples: Samples) -> list[float]:
        try:
            _refuse_broken(samples)
        except ValueError as error:
            raise EngineFailed(str(error)) from error
        return await self._batcher.call((samples, self._memory), deadline=DEADLINE)


class SileroVad:
    """See `ports.VoiceActivityDetector`."""

    def __init__(self, name: str, infer: Infer) -> None:
        self.name = name
        self._worker = Worker(name)
        self._batcher = Batcher[Heard, list[float]](
            self._worker, lambda heard: hear_all(heard, infer), most=MOST, apart=APART
        )

    def open(self) -> SileroStream:
        return SileroStream(self._batcher)

    def close(self) -> None:
        self._worker.close()
