"""An assistant that hears itself must not stop itself, and a user who speaks over its echo must still stop it.

Speech is made here, in voiced syllables, so that no recording is needed.
"""

import numpy as np
import pytest

from vivavoce.audio.echo import EchoGuard
from vivavoce.audio.pcm import Pcm, Samples
from vivavoce.cli.bench import stimuli
from vivavoce.conversation.interruption import ECHO_SHARE

RATE, HOP = 16_000, 512


def _speech(seconds: float, seed: int) -> Pcm:
    """Voiced syllables of 80 to 350 ms with formants and a pitch of their own, and short pauses, at -22 dBFS."""
    random = np.random.default_rng(seed)
    pieces: list[Samples] = []
    while sum(map(len, pieces)) < seconds * RATE:
        size = round(random.uniform(0.08, 0.35) * RATE)
        hz, pulses = np.fft.rfftfreq(size, 1 / RATE), np.zeros(size)
        pulses[:: round(RATE / random.uniform(90, 220))] = 1.0
        formants = ((250, 900), (900, 2000), (2000, 3300))
        shape = sum(np.exp(-(((hz - random.uniform(low, high)) / 120) ** 2)) for low, high in formants)
        sound = np.fft.irfft(np.fft.rfft(pulses) * shape, size) * np.hanning(size) ** 0.3 * random.uniform(0.3, 1.0)
        pieces += [sound.astype(np.float32), np.zeros(round(random.uniform(0.0, 0.12) * RATE), np.float32)]
    return stimuli.at_level(Pcm(np.concatenate(pieces)[: round(seconds * RATE)], RATE), -22.0)


def _shares(sent: Pcm, heard: Samples, guard: EchoGuard | None = None, begin: float = 50.0) -> Samples:
    """What the guard says hop by hop, of sound sent half a second ahead and frames that arrive up to 20 ms late."""
    guard, late = guard or EchoGuard(), np.random.default_rng(0)
    chunks = iter(range(0, len(sent), 960))
    shares = []
    upcoming = next(chunks, None)
    for end in range(HOP, len(heard) + 1, HOP):
        while upcoming is not None and upcoming / RATE < end / RATE + 0.5:
            guard.sent(Pcm(sent.samples[upcoming : upcoming + 960], RATE), begin + upcoming / RATE)
            upcoming = next(chunks, None)
        shares.append(guard.share(heard[end - HOP : end], begin + end / RATE + late.uniform(0, 0.02)))
    return np.array(shares, np.float32)


def _echo_of(sent: Pcm, db: float, delay: float = 0.12) -> Pcm:
    """What a microphone picks up of a loudspeaker that plays it."""
    heard = stimuli.louder(stimuli.in_room(sent), db)
    return Pcm(np.concatenate([np.zeros(round(delay * RATE), np.float32), heard.samples]), RATE)


def _mix(seconds: float, *placed: tuple[float, Pcm]) -> Pcm:
    """Sounds that begin at their times and add up."""
    whole = np.zeros(round(seconds * RATE), np.float32)
    for at, sound in placed:
        room = whole[round(at * RATE) :]
        room[: len(sound)] += sound.samples[: len(room)]
    return Pcm(whole, RATE)


def _microphone(sound: Pcm, seconds: float) -> Samples:
    noise = np.random.default_rng(9).normal(0, 10 ** (-62 / 20), round(seconds * RATE)).astype(np.float32)
    return _mix(seconds, (0.0, sound), (0.0, Pcm(noise, RATE))).samples


@pytest.mark.parametrize("db", [-10.0, -20.0, -30.0])
@pytest.mark.parametrize("delay", [0.03, 0.3, 0.6])
def test_its_own_voice_is_known_for_an_echo(db: float, delay: float) -> None:
    sent = _speech(5.0, 1)
    shares = _shares(sent, _microphone(_echo_of(sent, db, delay), 5.0))
    settled = shares[round((delay + 1.0) * RATE / HOP) :]
    assert np.mean(settled >= ECHO_SHARE) > 0.9


def test_a_user_whose_client_cancels_echoes_is_no_echo() -> None:
    sent = _speech(5.0, 1)
    taken = []
    for seed in range(2, 6):
        guard = EchoGuard()
        taken.append(np.mean(_shares(sent, _microphone(_speech(5.0, seed), 5.0), guard) >= ECHO_SHARE))
        assert guard.delay is None, "a delay that was never there makes the next resemblance an echo"
    assert np.mean(taken) < 0.08


@pytest.mark.parametrize("db", [-10.0, -20.0])
def test_a_user_over_the_echo_is_heard_within_a_quarter_of_a_second(db: float) -> None:
    sent, user = _speech(5.0, 1), _speech(1.5, 7)
    both = _mix(5.5, (0.0, _echo_of(sent, db)), (3.0, user))
    shares = _shares(sent, _microphone(both, 5.0))
    assert np.all(shares[round(3.25 * RATE / HOP) : round(4.4 * RATE / HOP)] < ECHO_SHARE)


def test_the_delay_is_found_and_kept() -> None:
    sent, guard = _speech(5.0, 1), EchoGuard()
    _shares(sent, _microphone(_echo_of(sent, -15.0, delay=0.3), 5.0), guard)
    assert guard.delay == pytest.approx(0.3, abs=0.04)


def test_sound_that_is_held_is_no_longer_expected_and_comes_late_when_it_goes_on() -> None:
    """Without it, the assistant takes itself for the user as soon as it goes on after an "uh-huh"."""
    sent, guard = _speech(3.0, 1), EchoGuard()
    guard.sent(sent, 50.0)
    guard.held(51.0)
    guard.resumed(52.5)
    heard = _mix(4.5, (0.0, sent.cut(0.0, 1.0)), (2.5, sent.cut(1.0)))
    shares = _shares(Pcm.silence(0.0, RATE), _microphone(_echo_of(heard, -15.0), 4.5), guard)
    assert np.mean(shares[round(3.3 * RATE / HOP) :] >= ECHO_SHARE) > 0.9


def test_hops_that_nobody_asks_about_are_remembered_all_the_same() -> None:
    """The guard is asked only where there is a voice; what came before counts as if it had been asked each time."""
    sent = _speech(5.0, 1)
    heard = _microphone(_echo_of(sent, -20.0, 0.3), 5.0)
    asked, spared = EchoGuard(), EchoGuard()
    for guard in (asked, spared):
        for start in range(0, len(sent), 960):
            if start < 2.5 * RATE:
                guard.sent(Pcm(sent.samples[start : start + 960], RATE), 50.0 + start / RATE)
    ends = range(HOP, 2 * RATE, HOP)
    shares = [asked.share(heard[end - HOP : end], 50.0 + end / RATE) for end in ends]
    for end in ends[:-1]:
        spared.note(heard[end - HOP : end], 50.0 + end / RATE)
    last = spared.share(heard[ends[-1] - HOP : ends[-1]], 50.0 + ends[-1] / RATE)
    assert last == pytest.approx(shares[-1], abs=0.05) and last > ECHO_SHARE
