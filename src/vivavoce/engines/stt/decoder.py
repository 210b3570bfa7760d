"""Whisper on CTranslate2 over windows shorter than the 30 s that it was trained on. Blocking; any one thread.

The encoder takes fewer frames than 3000 and is many times faster for it, but a decoder that sees a short
window of plain zero padding tends to loop. The splice avoids that: encode the speech and a second of silence
after it, then append the encoder states that the end of a full 30 s window of other speech has, which
tell the decoder "then it was quiet". The other speech is a clip that Kokoro made for us.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import ctranslate2
import numpy as np
from tokenizers import Tokenizer

from vivavoce.audio.codecs import decode as decode_sound
from vivavoce.audio.mel import RATE, STRIDE, log_mel
from vivavoce.audio.pcm import Samples
from vivavoce.conversation.words import Word
from vivavoce.engines.stt.alignment import words_of
from vivavoce.engines.stt.loops import cut_loops, looping

FULL = 30.0
"""Seconds of the window Whisper was trained on."""
STATE = 2 * STRIDE
"""Samples to one encoder state: 20 ms."""
HUSH = 1.0
"""Seconds of silence encoded after the speech, so that its last word has an end."""
SHORTEST = 2.0
"""Seconds encoded at least: the clip behind the tail lasts 0.9 s and must not reach into it."""
SPLICED = 10.0
"""Seconds that the decoder is shown in all; more costs time and gains nothing."""
FLUSH = 2.0
"""Seconds of tail at least, after long speech."""

# Speech holds 4 to 6 tokens a second, Hindi 10; who far exceeds that is not speaking but looping.
TOKENS_AT_LEAST, TOKENS_PER_SECOND = 16, 16
PROMPT_TOKENS = 200
"""Of Whisper's 448, 224 may be prompt."""
POSITIONS = 448


@dataclass(frozen=True, slots=True)
class Guess:
    """What one pass heard. `logprob`: mean over the tokens; `no_speech`: the decoder's probability that nobody speaks;
    `repeats`: it says the same again and again; `endless`: it had to be stopped."""

    text: str
    tokens: tuple[int, ...]
    language: str
    logprob: float
    no_speech: float
    repeats: bool = False
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What is known before listening. `languages`: those to choose from; one of them: it is that one. `translate`:
    write English."""

    languages: tuple[str, ...]
    prompt: str | None = None
    translate: bool = False


class Decoder:
    """One loaded model. `directory`: a CTranslate2 conversion with its tokenizer.json."""

    def __init__(self, directory: Path, *, device: str, compute: str, threads: int, beam: int) -> None:
        self._model = ctranslate2.models.Whisper(
            str(directory), device=device, compute_type=compute, inter_threads=1, intra_threads=threads
        )
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._beam = beam
        self._end = self._id("<|endoftext|>")
        self.languages = self._languages(directory)
        self._tail = self._encode(_clip(), FULL)

    def pass_over(
        self, samples: Samples, context: Context, window: float | None, stop: Callable[[], bool] = lambda: False
    ) -> Guess | None:
        """One pass over at most FULL seconds of speech, padded with zeros to `window` seconds; None: the splice.

        `stop()` is asked between encoding, detecting the language and decoding, which take about a third, an eighth and
        a half of the time: once it says so, nothing more is done, and None returned."""
        seconds = len(samples) / RATE
        states = self._splice(samples) if window is None else self._encode(samples, window)
        if stop():
            return None
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(states))
        language = self._language(view, context.languages)
        if stop():
            return None
        prompt = self._prompt(language, context)
        budget = min(round(TOKENS_AT_LEAST + TOKENS_PER_SECOND * seconds), POSITIONS // 2)
        result = self._model.generate(
            view,
            [prompt],
            beam_size=self._beam,
            max_length=min(max(2 * budget, budget + len(prompt)), POSITIONS),  # at most half of it is generated
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = tuple(token for token in result.sequences_ids[0] if token < self._end)
        text = self._text(tokens)
        repeats, endless = looping(tokens, text), len(tokens) >= budget
        return Guess(text, tokens, language, result.scores[0], result.no_speech_prob, repeats, endless)

    def words(self, samples: Samples, guess: Guess, *, translated: bool) -> tuple[Word, ...]:
        """The words of a guess at `samples`, with their times."""
        states = self._encode(samples, max(SHORTEST, len(samples) / RATE + HUSH))
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(states))
        frames = max(2, len(samples) // STRIDE)
        start = self._start(guess.language, translated)
        found = self._model.align(view, start, [list(guess.tokens)], frames)[0]
        language = "en" if translated else guess.language
        return words_of(guess.tokens, found.alignments, found.text_token_probs, self._raw_text, language)

    def without_loops(self, guess: Guess) -> Guess:
        """What is left of a guess when everything it repeats is said once."""
        tokens = tuple(cut_loops(guess.tokens))
        return Guess(self._text(tokens), tokens, guess.language, guess.logprob, guess.no_speech)

    def _splice(self, samples: Samples) -> Samples:
        seconds = len(samples) / RATE
        heard = self._encode(samples, max(SHORTEST, seconds + HUSH))
        stop = max(round(SPLICED * RATE / STATE), heard.shape[1] + round(FLUSH * RATE / STATE))
        return np.concatenate([heard, self._tail[:, heard.shape[1] : stop]], axis=1)

    def _encode(self, samples: Samples, window: float) -> Samples:
        """Encoder states, shape (1, states, width), of `samples` and zeros up to `window` seconds; FULL at most."""
        size = round(max(window, len(samples) / RATE) * RATE)
        size = min(size - size % -STATE, round(FULL * RATE))
        sound = np.pad(samples[:size], (0, max(0, size - len(samples))))
        features = log_mel(sound, self._model.n_mels)[None]
        return np.asarray(self._model.encode(ctranslate2.StorageView.from_array(features), to_cpu=True))

    def _language(self, states: ctranslate2.StorageView, choice: tuple[str, ...]) -> str:
        if len(choice) == 1:
            return choice[0]
        ranked = self._model.detect_language(states)[0]  # [("<|en|>", probability), …], likeliest first
        codes = (str(token)[2:-2] for token, _ in ranked)
        return next(code for code in codes if code in choice)

    def _prompt(self, language: str, context: Context) -> list[int]:
        start = [*self._start(language, context.translate), self._id("<|notimestamps|>")]
        if not context.prompt:
            return start
        words = self._tokenizer.encode(f" {context.prompt.strip()}", add_special_tokens=False).ids
        return [self._id("<|startofprev|>"), *words[-PROMPT_TOKENS:], *start]

    def _start(self, language: str, translate: bool) -> list[int]:
        start = [self._id("<|startoftranscript|>")]
        if self._model.is_multilingual:  # the English-only models give rubbish with these
            start += [self._id(f"<|{language}|>"), self._id("<|translate|>" if translate else "<|transcribe|>")]
        return start

    def _languages(self, directory: Path) -> tuple[str, ...]:
        if not self._model.is_multilingual:
            return ("en",)
        ids = json.loads((directory / "config.json").read_text())["lang_ids"]
        return tuple(token[2:-2] for number in ids if (token := self._tokenizer.id_to_token(number)))

    def _text(self, tokens: Sequence[int]) -> str:
        return self._raw_text(tokens).strip()

    def _raw_text(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(tokens))
        return text

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"the tokenizer does not know {token}: not a Whisper model?")
        return int(found)


def _clip() -> Samples:
    """The words "Good morning", 0.9 s at RATE, spoken by Kokoro (voice af_heart, Apache-2.0), as µ-law."""
    packed = (files("vivavoce.engines.stt") / "good_morning.ulaw.gz").read_bytes()
    return decode_sound(gzip.decompress(packed), "audio/pcmu")
