"""What `bench barge-in` has heard over an answer: people, recorded and synthesised, noises, and the answer's own echo.

People speak about as loudly as they asked the question, and somebody in the background 20 dB below that, whatever the
recordings' own levels. The same seed gives the same trials.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vivavoce.audio.pcm import Pcm, join
from vivavoce.cli.bench.barge_in_words import HeldOut
from vivavoce.cli.bench.stimuli import at_level, cough, level_db
from vivavoce.cli.clips import RATE, Clip, choose, read_clip

if TYPE_CHECKING:
    from vivavoce.ports import Synthesizer
    from vivavoce.settings import Settings

One = TypeVar("One")

QUESTION = "Can you tell me about the sea?"
QUESTIONS = {
    "en": QUESTION,
    "es": "¿Me puedes hablar del mar?",
    "fr": "Est-ce que tu peux me parler de la mer ?",
    "it": "Mi puoi parlare del mare?",
}
"""So that who says something in a language has been speaking it."""
VOICES = ("marin", "ash")
MORE_VOICES = ("nova", "onyx", "coral", "fable", "meridian", "quartz")
"""That only the many trials in virtual time have."""
INTERRUPTIONS = ("Stop!", "Wait, what about tomorrow?", "No, that's not what I meant.", "Actually, tell me about Rome.")
BACKCHANNELS = ("Mm-hm.", "Uh-huh.", "Right.", "Yeah.", "Okay.", "I see.")
TO_OTHERS = ("Mom, can you close the door?", "Anna, I am on the phone.", "Come in, the door is open.")
MORE: dict[str, dict[str, tuple[str, ...]]] = {
    "interruption": {
        "en": ("How far is that from here?", "Thank you, that is enough.", "And the mountains?", "Louder, please."),
        "es": ("¡Para!", "Espera, ¿y mañana?", "¿Cuánto cuesta?"),
        "fr": ("Attends, et demain ?", "Combien ça coûte ?", "Parle-moi plutôt de Rome."),
        "it": ("Aspetta, e domani?", "Quanto costa?", "Parlami invece di Roma."),
    },
    "backchannel": {
        "en": ("Sure.", "Got it.", "Yeah, yeah.", "All right.", "Makes sense.", "Oh, nice.", "I know.", "Exactly."),
        "es": ("Sí.", "Claro.", "Vale.", "Ya veo.", "Sí, sí."),
        "fr": ("Oui.", "D'accord.", "Je vois.", "Bien sûr.", "Ah bon."),
        "it": ("Sì.", "Certo.", "Ho capito.", "Va bene.", "Esatto."),
    },
    "to others": {},
}
"""Beside those above, in the languages that the default voices speak, in virtual time only."""
NOISES = ("kitchen_45s", "livekit_keyboard-typing", "livekit_crowded-room", "ui_error")
NOISE_SECONDS = 1.5
NOISE_DB = -35.0  # dBFS
SOFTER_DB = {"backchannel": -3.0, "background": -20.0}
"""Level against the user's usual one."""
VARYING_DB = 4.0
"""In virtual time, a person's level is up to so much above or below,"""
VARYING_SECONDS = 0.2  # and the moment up to so much later
ECHO_DB = (-10.0, -20.0, -30.0)
LONGEST = 4.0  # s of a person that are said
COUGHS = 12
STOPS = ("interruption", "order", "single word", "sentence", "person", "interruption in echo", "to others")
"""Kinds after which the answer may stop; after all others it has to go on."""
EITHER = ("to others",)
"""After which it need not stop, either."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`echo_db`: the microphone hears the loudspeaker, so much below it, beside a clip or alone. `late`: seconds by
    which it is said later than usual, so that hops and frames meet it anywhere. `question`: what is asked before, None:
    the usual one. `talk`: the language of the answer."""

    kind: str
    name: str
    clip: Clip | None
    echo_db: float | None = None
    late: float = 0.0
    question: Clip | None = None
    talk: str = "en"
    held_out: HeldOut = ""


async def gather(settings: Settings, recordings: Path | None, most: int, kept: Path | None) -> tuple[Clip, list[Trial]]:
    """The question and the trials, at most `most` of a kind, spread over all there are; words that nobody recorded are
    spoken by the speech engine of the settings. `kept`: see `speak`."""
    said = await speak(settings, [*lines(False), ("question", QUESTION, VOICES[0], "en")], kept)
    question = next(clip for kind, clip in said if kind == "question")
    usual = level_db(Pcm(question.samples, RATE))
    people = [] if recordings is None else choose(recordings, None)
    heard = [("background", clip) for clip in people[:3]]
    heard += [("interruption", clip) for clip in people[3:]]
    heard += [(kind, clip) for kind, clip in said if kind != "question"]
    trials = [levelled(Trial(kind, clip.name, clip), usual) for kind, clip in heard]
    trials += [*noises(recordings), *(Trial("echo", f"{db:.0f} dB", None, db) for db in ECHO_DB)]
    kinds = dict.fromkeys(trial.kind for trial in trials)
    return question, [one for kind in kinds for one in spread_over([t for t in trials if t.kind == kind], most)]


def spread_over(trials: Sequence[One], most: int) -> list[One]:
    """At most `most` of them, evenly apart, the first always."""
    step = max(1.0, len(trials) / most)
    return [trials[int(place * step)] for place in range(min(most, len(trials)))]


async def speak(
    settings: Settings, said: Sequence[tuple[str, str, str, str]], kept: Path | None = None
) -> list[tuple[str, Clip]]:
    """Each line (kind, text, voice, language) by the speech engine of the settings, closed before anything is
    measured: kinds and clips. `kept`: a folder in which they are kept, and found the next time: two runs have the very
    same then, and the second need not wait for the engine."""
    from contextlib import ExitStack, closing

    from vivavoce.loading import load_engine, model_files

    clips, tts, engine = list[tuple[str, Clip]](), settings.engines.tts, None
    with ExitStack() as stack:
        for kind, text, voice, language in said:
            path = None if kept is None else kept / f"{blake2b(repr((tts, text, voice)).encode()).hexdigest()[:24]}.wav"
            if path is not None and path.exists():
                clip = read_clip(path, text)
            else:
                engine = engine or stack.enter_context(closing(load_engine("tts", tts, model_files(settings))))
                clip = Clip.of("", await _spoken(engine, text, voice, language, path), text)
            clips.append((kind, replace(clip, name=f"{text} ({voice})", language=language)))
    return clips


async def _spoken(engine: Synthesizer, text: str, voice: str, language: str, path: Path | None) -> Pcm:
    """Kept at `path`, too."""
    import soundfile

    async with aclosing(engine.synthesize(text, voice=voice, language=language)) as sounds:
        sound = join([piece async for piece in sounds], engine.rate)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound.samples, sound.rate, subtype="FLOAT")
    return sound


def lines(many: bool) -> Iterator[tuple[str, str, str, str]]:
    """What nobody recorded: kind, text, voice and language of each."""
    spoken = {"interruption": INTERRUPTIONS, "backchannel": BACKCHANNELS, "to others": TO_OTHERS}
    for kind, texts in spoken.items():
        more = MORE[kind] if many else {}
        for text in (*texts, *more.get("en", ())):
            yield from ((kind, text, voice, "en") for voice in (*VOICES, *(MORE_VOICES if many else ())))
        for language, foreign in more.items():
            if language != "en":
                yield from ((kind, text, voice, language) for text in foreign for voice in VOICES)


def levelled(trial: Trial, usual: float, seed: int | None = None) -> Trial:
    """As loud as its kind is against the user's usual level, and no longer than LONGEST. `seed`: some dB more or less,
    and somewhat later."""
    clip = trial.clip
    assert clip is not None  # noqa: S101 - those of people
    db = usual + SOFTER_DB.get(trial.kind, 0.0)
    late = 0.0
    if seed is not None:
        db += chance(seed, "level").uniform(-VARYING_DB, VARYING_DB)
        late = chance(seed, "late").uniform(0, VARYING_SECONDS)
    end = min(clip.end, clip.onset + LONGEST)
    sound = at_level(Pcm(clip.samples[: round((end + 0.2) * RATE)], RATE), db)
    return replace(trial, clip=replace(clip, samples=sound.samples, end=end), late=late)


def noises(recordings: Path | None, *, many: bool = False) -> Iterator[Trial]:
    """`many`: every noise that was recorded, in pieces of NOISE_SECONDS."""
    for seed in range(COUGHS if many else 3):
        yield Trial("noise", f"cough {seed}", Clip.of("cough", cough(24_000, seed)))
    if recordings is None:
        return
    for path in sorted((recordings / "audio" / "noise").glob("*.flac")):
        if not many and path.stem not in NOISES:
            continue
        sound = Pcm(read_clip(path).samples, RATE)
        places = range(0, max(1, int(sound.seconds - NOISE_SECONDS) if many else 1), 6)
        for at in places:
            piece = at_level(sound.cut(at, min(at + NOISE_SECONDS, sound.seconds)), NOISE_DB)
            yield Trial("noise", f"{path.stem} at {at} s", Clip(path.stem, piece.samples, 0.0, piece.seconds))


def chance(seed: int, what: str) -> np.random.Generator:
    return np.random.default_rng([seed, *what.encode()])
