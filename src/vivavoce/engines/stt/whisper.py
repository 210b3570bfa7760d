"""Whisper, any size, on CTranslate2: over what was heard, never inventing words, never looping.

Speech beyond 25 s is cut at its quietest places. Each piece goes through the splice (`decoder.py`); a pass that
loops is done again over longer windows; words that neither the decoder nor Silero believes in are dropped.
Figures and how to repeat them: `vivavoce bench stt`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from vivavoce.audio.cut import cut
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.conversation.words import Word
from vivavoce.engines.pool import Stop, Worker
from vivavoce.engines.stt.alignment import shifted
from vivavoce.engines.stt.decoder import FULL, HUSH, Context, Decoder, Guess
from vivavoce.engines.vad import silero
from vivavoce.errors import EngineBusy, EngineFailed, ModelUnavailable
from vivavoce.models import ModelFiles
from vivavoce.ports import HEARING_RATE, HOP, Transcription, TranscriptionHint, Urgency

LONGEST = 25.0
"""Seconds of one piece: leaves room in the 30 s window for the silence that the splice needs."""
FAINTEST = 10 ** (-75 / 20)
"""Root mean square under which nothing can be heard: the last bit of 16 is at -90 dB, whispering at -50."""
DEADLINE, DEADLINE_PER_SECOND = 10.0, 4.0
"""Seconds that one piece may take, queue included."""

REPAIR = 15.0
"""Seconds of zero padding, the first repair of a pass that loops; the second is the FULL window."""
MOST_TOKENS_PER_SECOND = 6.0
"""Speech holds 4 to 6. What repeats itself in the FULL window too, but no faster, has been said."""

# Measured on speech against noise, music and tones, base and tiny.en. The decoder alone tells most of
# them apart; where it hesitates, Silero is asked.
SURE_LOGPROB, SURE_NO_SPEECH = -0.5, 0.35
"""No noise came near both: such a pass needs no other witness."""
LEAST_LOGPROB = -1.3
DOUBTFUL_LOGPROB, DOUBTFUL_NO_SPEECH = -1.0, 0.4
"""Below the one and above the other at once is too little."""
BRIEF_TOKENS, BRIEF_LOGPROB, BRIEF_NO_SPEECH = 3, -2.0, 0.5
"""A single word ("six", "stop") has no context to be sure by, so less is asked of it."""
LEAST_VOICE = 0.1
"""Seconds that Silero must call voice."""

# What Whisper says of silence and applause: the endings of the videos that it was trained on.
OFTEN_INVENTED = frozenset(
    "you|bye|bye bye|thank you|thank you very much|thank you so much|thanks|thanks for watching|"
    "thank you for watching|please subscribe|okay|so|the|i|grazie|grazie a tutti|gracias|merci|"
    "sous titrage st 501|vielen dank|obrigado|продолжение следует|ご視聴ありがとうございました|谢谢".split("|")
)


@dataclass(frozen=True, slots=True)
class Options:
    """`languages`: those that detection chooses from, None for all that the model knows.
    `window`: seconds to which every piece is padded instead of the splice; 30 is plain Whisper, for comparisons.
    `witness`: the Silero model that is asked about doubtful passes."""

    model: str = "whisper-base"
    languages: tuple[str, ...] | None = (
        "en", "it", "es", "fr", "de", "pt", "nl", "pl", "ru", "uk", "tr", "ar", "hi", "ja", "ko", "zh",
    )  # fmt: skip
    beam: int = 1
    threads: int = 1
    device: str = "cpu"
    compute: str = "int8"
    window: float | None = None
    witness: str = "silero-vad-v6"


def load(options: Options, models: ModelFiles) -> Whisper:
    """Takes half a second. Raises ModelUnavailable."""
    directory = models(options.model)
    try:
        decoder = Decoder(
            directory, device=options.device, compute=options.compute, threads=options.threads, beam=options.beam
        )
    except Exception as error:  # the tokenizer's and CTranslate2's errors share no base class
        raise ModelUnavailable(
            f"{options.model} cannot be loaded: {error}",
            f"check it with `vivavoce models verify {options.model}`, or remove it and pull it again",
        ) from error
    witness = silero.model(silero.Options(options.witness), models)
    return Whisper(options, decoder, partial(_voiced, witness))


class Whisper:
    """See `ports.Transcriber`."""

    def __init__(self, options: Options, decoder: Decoder, voiced: Callable[[Samples], float]) -> None:
        self.name = options.model
        wanted = decoder.languages if options.languages is None else options.languages
        self.languages = tuple(code for code in wanted if code in decoder.languages) or decoder.languages
        self._window = options.window
        self._decoder = decoder
        self._voiced = voiced
        self._worker = Worker(options.model)

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        """Passes go to the worker one by one, so that an hour of speech blocks nobody and can be cancelled."""
        if speech.rate != HEARING_RATE:
            raise EngineFailed(f"{self.name}: want sound at {HEARING_RATE} Hz, got {speech.rate} Hz")
        context = self._context(hint)
        heard: list[Guess] = []
        words: list[Word] = []
        position = 0.0
        for piece in cut(speech, LONGEST):
            guess = await self._hear(piece.samples, context, urgency)
            if guess is not None:
                heard.append(guess)
                context = replace(context, languages=(guess.language,))
                if hint.detail:
                    tell = partial(self._decoder.words, piece.samples, guess, translated=context.translate)
                    words += shifted(await self._worker.call(tell, urgency), position)
            position += piece.seconds
        return replace(_joined(heard), words=tuple(words))

    def close(self) -> None:
        self._worker.close()

    def _context(self, hint: TranscriptionHint) -> Context:
        code = (hint.language or "").split("-")[0].lower()
        possible = (code,) if code else hint.languages
        known = tuple(language for language in possible if language in self._decoder.languages)
        return Context(known or self.languages, hint.context, hint.translate)

    async def _hear(self, samples: Samples, context: Context, urgency: Urgency) -> Guess | None:
        """The words in one piece, None when there are none. Cancelling stops a pass under way at its next stage, and so
        does somebody's final pass a SPARE one, which raises EngineBusy."""
        if not _audible(samples):
            return None
        left = threading.Event()
        try:
            return await self._passes(
                samples,
                context,
                urgency,
                lambda: left.is_set() or (urgency is Urgency.SPARE and self._worker.pressed),
            )
        finally:
            left.set()

    async def _passes(self, samples: Samples, context: Context, urgency: Urgency, stop: Stop) -> Guess | None:
        seconds = len(samples) / HEARING_RATE
        deadline = DEADLINE + DEADLINE_PER_SECOND * seconds
        first = partial(self._attempt, samples, context, self._window, stop)
        guess = await self._worker.call(first, urgency, deadline=deadline)
        for window in [REPAIR, FULL] if seconds + HUSH <= REPAIR else [FULL]:
            if guess is None or not (guess.repeats or guess.endless):
                return guess
            again = partial(self._attempt, samples, replace(context, languages=(guess.language,)), window, stop)
            guess = await self._worker.call(again, urgency, deadline=deadline)
        return guess and self._sane(guess, seconds)

    def _sane(self, guess: Guess, seconds: float) -> Guess:
        """What to make of the last pass: its loops go, unless people may well have said all that in the time."""
        too_fast = len(guess.tokens) > MOST_TOKENS_PER_SECOND * seconds
        return self._decoder.without_loops(guess) if guess.endless or (guess.repeats and too_fast) else guess

    def _attempt(self, samples: Samples, context: Context, window: float | None, stop: Stop) -> Guess | None:
        """One pass; None when nobody said what it heard. Blocking. Raises EngineBusy once it is to stop."""
        guess = None if stop() else self._decoder.pass_over(samples, context, window, stop)
        if guess is None:
            raise EngineBusy(f"{self.name} has more urgent work")
        return guess if self._spoken(guess, samples) else None

    def _spoken(self, guess: Guess, samples: Samples) -> bool:
        """Whether anybody said these words."""
        if not guess.text:
            return False
        if guess.logprob > SURE_LOGPROB and guess.no_speech < SURE_NO_SPEECH:
            return True
        unsure = guess.no_speech > SURE_NO_SPEECH and guess.logprob < SURE_LOGPROB
        if unsure and _plain(guess.text) in OFTEN_INVENTED:
            return False
        if len(guess.tokens) <= BRIEF_TOKENS:
            possible = guess.logprob > BRIEF_LOGPROB and guess.no_speech < BRIEF_NO_SPEECH
        else:
            doubtful = guess.logprob < DOUBTFUL_LOGPROB and guess.no_speech > DOUBTFUL_NO_SPEECH
            possible = guess.logprob > LEAST_LOGPROB and not doubtful
        return possible and self._voiced(samples) >= LEAST_VOICE


def _audible(samples: Samples) -> bool:
    return len(samples) > 0 and bool(np.mean(samples**2) > FAINTEST**2)  # False for NaN too


def _voiced(infer: silero.Infer, samples: Samples) -> float:
    """Seconds of voice, by Silero; blocking."""
    whole = np.pad(samples, (0, -len(samples) % HOP))
    return sum(p > 0.5 for p in silero.hear(whole, silero.Memory(), infer)) * HOP / HEARING_RATE


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _joined(heard: list[Guess]) -> Transcription:
    if not heard:
        return Transcription("")
    tokens = sum(len(guess.tokens) for guess in heard)
    logprob = sum(guess.logprob * len(guess.tokens) for guess in heard) / tokens
    return Transcription(" ".join(guess.text for guess in heard), heard[0].language, math.exp(logprob))
