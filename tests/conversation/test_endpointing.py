"""What speaks for the end of a turn, each kind of evidence in its direction; and the words before an answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.audio.pcm import Pcm
from vivavoce.audio.prosody import fall, glide
from vivavoce.conversation.endpointing import Evidence, is_question, p_done
from vivavoce.conversation.expected_answer import expected_answer
from vivavoce.conversation.opener import OPENERS, lowered, opener
from vivavoce.text.yes_no import yes_or_no

probability = st.floats(0.0, 1.0)


@given(probability, st.floats(0.0, 1.5), st.floats(-1.0, 1.0), st.none() | probability)
def test_it_is_a_probability_whatever_the_evidence(audio: float, fallen: float, glided: float, text: float | None):
    assert 0.0 <= p_done(Evidence(audio, fallen, glided, text)) <= 1.0


@given(probability, st.floats(0.0, 1.5), st.floats(-1.0, 1.0), st.floats(0.0, 0.9))
def test_more_evidence_of_an_end_never_speaks_against_it(audio: float, fallen: float, glided: float, text: float):
    base = p_done(Evidence(audio, fallen, glided, text))
    assert p_done(Evidence(min(1.0, audio + 0.1), fallen, glided, text)) >= base
    assert p_done(Evidence(audio, fallen + 0.1, glided, text)) >= base
    assert p_done(Evidence(audio, fallen, glided - 0.1, text)) >= base
    assert p_done(Evidence(audio, fallen, glided, text + 0.1)) >= base


def test_a_question_is_not_waited_behind_though_its_voice_rises():
    rising = Evidence(audio=0.05, fall=0.8, glide=1.0, text=0.9)
    assert p_done(replace(rising, asks=True)) > 0.7 > 0.5 > p_done(rising)
    assert is_question("What's the weather like?") and not is_question("What's the weather like, if")


def test_a_full_stop_that_the_recogniser_left_out_does_not_outweigh_a_voice_that_has_ended():
    ended = Evidence(audio=0.98, fall=0.9, text=0.001)
    assert p_done(ended) == p_done(replace(ended, text=0.02)) > 0.4
    assert p_done(replace(ended, text=0.7)) > 0.9


def test_a_number_is_waited_for_and_a_yes_is_not():
    open_ended = p_done(Evidence(0.7, 0.9))
    assert p_done(Evidence(0.7, 0.9, expected="yes_no")) > open_ended > p_done(Evidence(0.7, 0.9, expected="digits"))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("It is sunny. Do you want to go out?", "yes_no"),
        ("Vuoi un caffè?", "yes_no"),
        ("What is your phone number?", "digits"),
        ("Can you spell your name?", "digits"),
        ("Do you want tea or coffee?", "open"),
        ("What would you like to know?", "open"),
        ("Do it tomorrow.", "open"),
        ("", "open"),
    ],
)
def test_the_last_question_tells_what_is_expected(said: str, kind: str):
    assert expected_answer(said) == kind


def spoken(ending_db: float, noise: float) -> Pcm:
    """A second of voice whose last 100 ms lie `ending_db` above or below the rest, in a noisy room."""
    random = np.random.default_rng(1)
    voice = 0.2 * random.normal(size=16_000)
    voice[-1600:] *= 10 ** (ending_db / 20)
    quiet = np.zeros(4000)
    sound = np.concatenate([quiet, voice]) + noise * random.normal(size=20_000)
    return Pcm(sound.astype(np.float32), 16_000)


@pytest.mark.parametrize("noise", [1e-4, 1e-2])
def test_a_voice_that_falls_is_told_from_one_that_is_held_up_in_a_quiet_and_in_a_noisy_room(noise: float):
    assert fall(spoken(-40.0, noise)) > 0.5 > 0.2 > fall(spoken(0.0, noise))


def sung(start_hz: float, end_hz: float, noise: float = 1e-3) -> Pcm:
    """Half a second of a buzzing voice whose pitch goes from one note to another."""
    pitch = np.linspace(start_hz, end_hz, 8000)
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    voice = sum(np.sin(n * phase) / n for n in range(1, 12)) * 0.1
    return Pcm((voice + noise * np.random.default_rng(2).normal(size=8000)).astype(np.float32), 16_000)


@pytest.mark.parametrize("noise", [1e-3, 2e-2])
def test_a_pitch_that_falls_is_told_from_one_that_rises_or_stays(noise: float):
    assert glide(sung(150, 100, noise)) < -0.5
    assert glide(sung(180, 260, noise)) > 0.5
    assert abs(glide(sung(120, 120, noise))) < 0.1


@given(st.integers(0, 20_000))
@settings(max_examples=20, deadline=None)
def test_noise_and_silence_have_no_pitch(length: int):
    random = np.random.default_rng(length)
    assert abs(glide(Pcm(random.normal(size=length).astype(np.float32), 16_000))) <= 1.0
    assert glide(Pcm(np.zeros(length, np.float32), 16_000)) == 0.0


def test_a_word_of_thought_fits_the_language_and_comes_only_where_one_thinks():
    assert opener("What is the capital of France?", "en", 0) in OPENERS["en"]["asked"]
    assert opener("Accendi la luce per favore", "it", 1) in OPENERS["it"]["asked"]
    assert opener("Wie wird das Wetter morgen?", "de", 0) in OPENERS["de"]["asked"]
    assert opener("Erzähl mir eine Geschichte", "de", 1) in OPENERS["de"]["asked"]
    assert opener("Ich bin heute sehr müde.", "de", 1) in OPENERS["de"]["told"]
    assert opener("Sag nur ja oder nein", "de", 0) is None
    for unfit in ("Hello!", "In one word: is the sky blue?", "Repeat after me, I am a tree."):
        assert opener(unfit, "en", 0) is None
    assert opener("今日は天気がいいですね", "ja", 0) is None
    assert opener("Go forward.", "en", 0) is None
    assert opener("Go forward.", "en", 0, slow=True) is not None
    assert opener("Thank you.", "en", 0, slow=True) is None
    assert lowered("The sea is blue.") == "the sea is blue."
    assert lowered("Paris is big.") == "Paris is big."


def test_words_that_nobody_knows_yet_get_an_opener_that_fits_most() -> None:
    assert opener(None, "it", 3) == "Allora,"
    assert opener(None, "ja", 3) is None


def test_an_opener_promises_nothing_that_the_answer_might_take_back():
    """ "All right, I'm afraid I cannot", "Capisco, scusa, non ho capito": what comes may be a no or an apology."""
    words = [word for kinds in OPENERS.values() for choices in kinds.values() for word in choices]
    assert [word for word in words if yes_or_no(word) is not None] == []
    assert not {"Capisco,", "Ya veo,", "Je vois,"} & set(words)


def test_openers_change_from_turn_to_turn():
    said = [opener("What is the capital of France?", "en", turn) for turn in range(3)]
    assert len(set(said)) == 3
