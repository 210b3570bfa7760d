"""What an engine must do to serve here. Adapters live in `engines/`; nothing else knows them.

Rules that every engine keeps (checked by tests/engines, the contract tests):
- sound is `Pcm`; an engine takes any rate it says it takes (`rate`), the caller resamples;
- nothing runs on the event loop: calls go through the engine's own worker thread (`engines/pool.py`);
- leaving a stream early (`aclosing`) stops the work within one step and then returns;
- failures are raised as `TurnError` (EngineFailed, EngineTooSlow, EngineBusy), never as a library's own;
- one loaded engine serves many sessions at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vivavoce.conversation.hop import HOP  # engines hear in the floor's steps
from vivavoce.ports.acting import HostedTool, ToolContext, ToolHost, ToolResult
from vivavoce.ports.hearing import (
    HEARING_RATE,
    SpeakerEncoder,
    Transcriber,
    Transcription,
    TranscriptionHint,
    TurnDetector,
    VoiceActivityDetector,
    VoiceStream,
)
from vivavoce.ports.meaning import HARMS, Embedder, Embedding, Judgement, Moderator, Vector
from vivavoce.ports.speaking import Synthesizer, Voice
from vivavoce.ports.thinking import (
    Call,
    Done,
    LanguageModel,
    Prompt,
    Reasoning,
    Sampling,
    ScoredToken,
    Thought,
    Words,
)
from vivavoce.ports.urgency import Urgency

__all__ = [
    "HARMS",
    "HEARING_RATE",
    "HOP",
    "Call",
    "Done",
    "Embedder",
    "Embedding",
    "Engines",
    "HostedTool",
    "Judgement",
    "LanguageModel",
    "Moderator",
    "Prompt",
    "Reasoning",
    "Sampling",
    "ScoredToken",
    "SpeakerEncoder",
    "Synthesizer",
    "Thought",
    "ToolContext",
    "ToolHost",
    "ToolResult",
    "Transcriber",
    "Transcription",
    "TranscriptionHint",
    "TurnDetector",
    "Urgency",
    "Vector",
    "Voice",
    "VoiceActivityDetector",
    "VoiceStream",
    "Words",
]


@dataclass(frozen=True, slots=True)
class Engines:
    """The five that a session needs. `speaker`: loads what tells voices apart, for the sessions that ask for it; raises
    ModelUnavailable. None: voices are not told apart here."""

    vad: VoiceActivityDetector
    turn: TurnDetector
    stt: Transcriber
    llm: LanguageModel
    tts: Synthesizer
    speaker: Callable[[], Awaitable[SpeakerEncoder]] | None = None

    def close(self) -> None:
        """Release every model. Sessions must have ended."""
        for engine in (self.vad, self.turn, self.stt, self.llm, self.tts):
            engine.close()
