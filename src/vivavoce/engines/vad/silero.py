"""Silero VAD v6 on ONNX Runtime: is somebody speaking in these 32 ms?

The model is recurrent, so every stream of sound keeps its own memory; the weights and the one thread
that runs them are shared. About 0.1 ms a hop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from vivavoce.audio.pcm import Samples
from vivavoce.engines.onnx import open_network
from vivavoce.engines.pool import Worker
from vivavoce.models import ModelFiles
from vivavoce.ports import HEARING_RATE, HOP, Urgency

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

Infer = Callable[[Samples, Samples], tuple[float, Samples]]
"""(context and hop, state) -> (probability of voice, next state)."""


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

    def infer(sound: Samples, state: Samples) -> tuple[float, Samples]:
        probability, following = network.run(None, {"input": sound[None], "state": state, "sr": rate})
        return float(probability[0, 0]), following

    return infer


@dataclass(slots=True)
class Memory:
    """What the model keeps of one stream of sound."""

    state: Samples = field(default_factory=lambda: np.zeros((2, 1, 128), np.float32))
    context: Samples = field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    age: int = 0  # hops since the memory was empty
    quiet: int = 0  # hops without speech at its end

    def hear(self, hop: Samples, infer: Infer) -> float:
        """Probability of voice in one hop of HOP samples."""
        if self.age >= STALE_HOPS and self.quiet >= QUIET_HOPS:
            self.state, self.age = np.zeros_like(self.state), 0
        probability, self.state = infer(np.concatenate([self.context, hop]), self.state)
        self.context = hop[-CONTEXT:].copy()
        self.age += 1
        self.quiet = self.quiet + 1 if probability < QUIET else 0
        return probability


def hear(samples: Samples, memory: Memory, infer: Infer) -> list[float]:
    """Probability of voice in each hop of `samples`; blocking. Raises ValueError on a broken hop."""
    if len(samples) % HOP:
        raise ValueError(f"want whole hops of {HOP} samples, got {len(samples)} samples")
    return [memory.hear(samples[start : start + HOP], infer) for start in range(0, len(samples), HOP)]


class SileroStream:
    def __init__(self, worker: Worker, infer: Infer) -> None:
        self._worker, self._infer, self._memory = worker, infer, Memory()

    async def voice(self, samples: Samples) -> list[float]:
        work = partial(hear, samples, self._memory, self._infer)
        return await self._worker.call(work, Urgency.NOW, deadline=DEADLINE)


class SileroVad:
    """See `ports.VoiceActivityDetector`."""

    def __init__(self, name: str, infer: Infer) -> None:
        self.name = name
        self._infer = infer
        self._worker = Worker(name, queue=256)

    def open(self) -> SileroStream:
        return SileroStream(self._worker, self._infer)

    def close(self) -> None:
        self._worker.close()
