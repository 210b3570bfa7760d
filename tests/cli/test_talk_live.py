"""What the speakers really played decides what the model remembers having said."""

import numpy as np
import pytest
from rich.console import Console

from vivavoce.cli.talk_live import Captions, Speaker, managed


def ones(size: int) -> np.ndarray:
    return np.ones(size, np.float32)


def test_a_cut_tells_the_item_and_how_much_of_it_was_played() -> None:
    speaker = Speaker()
    speaker.put("a", ones(2400))
    speaker.put("b", ones(4800))
    speaker.take(2400 + 1200)
    assert speaker.flush() == ("b", 50)
    assert not speaker.take(480).any()


def test_a_cut_before_the_item_sounded_is_zero() -> None:
    speaker = Speaker()
    speaker.put("a", ones(480))
    speaker.take(480)
    speaker.put("b", ones(480))
    assert speaker.flush() == ("b", 0)


def test_nothing_is_cut_when_all_was_played() -> None:
    speaker = Speaker()
    speaker.put("a", ones(480))
    speaker.take(960)
    assert speaker.flush() is None


def test_a_voice_softens_it_then_pauses_it_and_it_goes_on_from_the_same_sample() -> None:
    speaker = Speaker()
    sound = np.linspace(0.1, 1, 1920, dtype=np.float32)
    speaker.put("a", sound)
    assert np.array_equal(speaker.take(480), sound[:480])
    speaker.duck(-20.0)
    softer = speaker.take(480) / sound[480:960]
    assert softer[0] == pytest.approx(1.0) and softer[-1] == pytest.approx(0.1)
    assert np.abs(np.diff(softer)).max() < 0.01  # no click
    speaker.hold()
    assert not speaker.take(480).any()
    speaker.resume()
    assert speaker.take(480)[-1] == pytest.approx(sound[1439])
    assert np.array_equal(speaker.take(480), sound[1440:])


def test_what_is_cut_while_it_pauses_does_not_silence_the_next_answer() -> None:
    speaker = Speaker()
    speaker.put("a", ones(480))
    speaker.duck(-14.0)
    speaker.hold()
    assert speaker.flush() == ("a", 0)
    speaker.put("b", ones(960))
    assert speaker.take(480)[-1] == 1.0


def test_a_live_talk_asks_for_managed_playback_and_keeps_the_manners() -> None:
    session = {"audio": {}, "vivavoce": {"side_talk": "ignore"}}
    assert managed(session)["vivavoce"] == {"side_talk": "ignore", "managed_playback": True}


def test_half_duplex_waits_for_the_room() -> None:
    speaker = Speaker()
    assert not speaker.sounding
    speaker.put("a", ones(480))
    assert speaker.sounding
    speaker.take(480)
    assert speaker.sounding


def test_captions_show_both_sides_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(Console(width=200, highlight=False))
    captions.show({"type": "conversation.item.input_audio_transcription.completed", "transcript": " Hi [there]."})
    for word in ("Good ", "morning."):
        captions.show({"type": "response.output_audio_transcript.delta", "delta": word})
    done = {
        "type": "response.done",
        "response": {"status": "cancelled"},
        "vivavoce": {"latency_ms": {"first_sound": 512.3}},
    }
    captions.show(done)
    captions.show({"type": "error", "error": {"message": "No such item."}})
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["you", "Hi [there]."],
        ["vivavoce", "Good morning.  512 ms, interrupted"],
        ["error", "No such item."],
    ]
