"""Any recogniser behind an OpenAI-compatible server (`/audio/transcriptions`)."""

from __future__ import annotations

import asyncio
import io
import math
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from openai import omit
from openai.types.audio import Transcription as Plain
from openai.types.audio import TranscriptionSegment, TranscriptionVerbose, Translation, TranslationVerbose

from vivavoce.audio.codecs import to_pcm16
from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.words import Word
from vivavoce.engines.openai_server import OpenAIServer
from vivavoce.errors import EngineBusy
from vivavoce.models import ModelFiles
from vivavoce.ports import Transcription, TranscriptionHint, Urgency
from vivavoce.text.language_names import CODES


@dataclass(frozen=True, slots=True)
class Options:
    """`details`: ask for language and confidence ("verbose_json"); not every model offers it. `languages`:
    ISO 639-1, of the model. `timeout`: seconds a transcription."""

    base_url: str = "http://127.0.0.1:8080/v1"
    model: str = "whisper-1"
    api_key: str = field(default="", repr=False)
    details: bool = True
    languages: tuple[str, ...] = tuple(sorted(CODES.values()))
    timeout: float = 20.0
    max_retries: int = 1


def load(options: Options, models: ModelFiles) -> RemoteTranscriber:
    """Nothing is loaded and nobody is asked yet: a server that is away fails the turn, not the start."""
    return RemoteTranscriber(options)


class RemoteTranscriber:
    """A Transcriber. SPARE work is refused while anything else is under way, as by the embedded engines."""

    def __init__(self, options: Options) -> None:
        self.name = options.model
        self.languages = options.languages
        self._options = options
        self._under_way = 0
        self._server = OpenAIServer(options)

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        """The words in `speech`, as the server hears them; segments that it takes for no speech are dropped."""
        if urgency is Urgency.SPARE and self._under_way:
            raise EngineBusy(f"{self._server.name} is at work")
        self._under_way += 1
        try:
            async with self._server.errors(), asyncio.timeout(self._server.timeout):
                return _heard(await self._ask(await asyncio.to_thread(_wav, speech), hint), hint)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        self._server.close()

    async def _ask(self, sound: bytes, hint: TranscriptionHint) -> Any:
        audio, file = self._server.client.audio, ("speech.wav", sound, "audio/wav")
        if hint.translate:
            return await audio.translations.create(
                model=self._options.model,
                file=file,
                prompt=hint.context or omit,
                response_format="verbose_json" if self._options.details else "json",
            )
        return await audio.transcriptions.create(
            model=self._options.model,
            file=file,
            language=hint.language or omit,
            prompt=hint.context or omit,
            response_format="verbose_json" if self._options.details else "json",
            timestamp_granularities=["segment", "word"] if hint.detail and self._options.details else omit,
        )


def _wav(speech: Pcm) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(speech.rate)
        wav.writeframes(to_pcm16(speech.samples))
    return file.getvalue()


def _heard(
    answer: Plain | Translation | TranscriptionVerbose | TranslationVerbose, hint: TranscriptionHint
) -> Transcription:
    if not isinstance(answer, TranscriptionVerbose | TranslationVerbose):
        return Transcription(answer.text.strip(), hint.language)
    language, segments = _iso(answer.language) or hint.language, answer.segments or []
    spoken = [segment for segment in segments if not _silent(segment)]
    if segments and not spoken:
        return Transcription("", language, 0.0)
    text = answer.text if len(spoken) == len(segments) else "".join(segment.text for segment in spoken)
    return Transcription(text.strip(), language, _confidence(spoken), _words(answer))


def _words(answer: TranscriptionVerbose | TranslationVerbose) -> tuple[Word, ...]:
    """Servers give words bare, with the spaces left out."""
    words = getattr(answer, "words", None) or []
    return tuple(Word(f" {word.word.strip()}", word.start, word.end) for word in words)


def _silent(segment: TranscriptionSegment) -> bool:
    """Whisper's own rule (openai/whisper, transcribe.py): probably no speech, and unsure of the words."""
    return (segment.no_speech_prob or 0.0) > 0.6 and (segment.avg_logprob or 0.0) < -1.0


def _confidence(segments: Sequence[TranscriptionSegment]) -> float:
    if not segments:
        return 1.0
    return math.exp(min(0.0, sum(segment.avg_logprob or 0.0 for segment in segments) / len(segments)))


def _iso(language: str | None) -> str | None:
    """ISO 639-1 of what the server calls the language, None when it is no known name or code."""
    word = (language or "").lower()
    return CODES.get(word) or (word if len(word) == 2 else None)
