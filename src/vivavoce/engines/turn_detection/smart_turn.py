"""Smart Turn v3.2 on ONNX Runtime: does this sound like the end of what somebody wanted to say?

A classifier on Whisper's encoder over the last 8 s of raw sound (Daily, pipecat-ai/smart-turn); it hears intonation
and broken-off sentences, in 23 languages. About 30 ms a call on one thread, so ask it on quiet, not on every hop. Looks
of several sessions are not run together, as the voice detector's hops are: in one run of two, four or eight each takes
1.02, 1.04 and 1.1 times as long as alone (twelve runs each, 72 ms alone without AVX-512), and the first waits for the
last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from vivavoce.audio.mel import log_mel
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.engines.onnx import open_network
from vivavoce.engines.pool import Worker
from vivavoce.errors import EngineFailed
from vivavoce.models import ModelFiles
from vivavoce.ports import HEARING_RATE, Urgency

WINDOW = 8 * HEARING_RATE
VARIANCE_FLOOR = 1e-7  # as in training; keeps digital silence finite
DEADLINE = 5.0
"""Seconds for one call, queue included."""

Infer = Callable[[Samples], float]
"""Features of shape (80, 800) -> probability that the turn is complete."""


@dataclass(frozen=True, slots=True)
class Options:
    model: str = "smart-turn-v3.2"
    file: str = "smart-turn-v3.2-cpu.onnx"
    threads: int = 1


def load(options: Options, models: ModelFiles) -> SmartTurn:
    """Raises ModelUnavailable."""
    network = open_network(models(options.model) / options.file, options.threads)

    def infer(features: Samples) -> float:
        # The output is called "logits" but has been through a sigmoid.
        return float(network.run(None, {"input_features": features[None]})[0][0, 0])

    return SmartTurn(options.model, infer)


def features(samples: Samples) -> Samples:
    """Shape (80, 800): the last 8 s, zeros in front of what is shorter, brought to mean 0 and variance 1."""
    last = samples[-WINDOW:]
    window = np.pad(last, (WINDOW - len(last), 0))
    return log_mel((window - window.mean()) / np.sqrt(window.var() + VARIANCE_FLOOR))


class SmartTurn:
    """See `ports.TurnDetector`."""

    def __init__(self, name: str, infer: Infer) -> None:
        self.name = name
        self._infer = infer
        self._worker = Worker(name)

    async def p_done(self, speech: Pcm) -> float:
        if speech.rate != HEARING_RATE:
            raise EngineFailed(f"{self.name}: want sound at {HEARING_RATE} Hz, got {speech.rate} Hz")
        return await self._worker.call(partial(self._judge, speech.samples), Urgency.NOW, deadline=DEADLINE)

    def _judge(self, samples: Samples) -> float:
        return self._infer(features(samples))

    def close(self) -> None:
        self._worker.close()
