"""What `vivavoce bench stt` counts, and that it counts it for every folder."""

import argparse
import asyncio
import json

import soundfile

from tests.engines.sounds import RATE, museum
from vivavoce.audio.pcm import Pcm
from vivavoce.cli.bench import stt
from vivavoce.errors import StartupError
from vivavoce.ports import Transcription


class Heard:
    """A transcriber that hears the same whatever is said."""

    name, languages = "heard", ("en",)

    async def transcribe(self, speech, hint=None, urgency=None) -> Transcription:
        return Transcription("The museum opens, at NINE!")

    def close(self) -> None: ...


def test_words_are_compared_without_case_and_punctuation():
    assert stt.words("It’s 9 o'clock — naïve, isn't it?", "en") == "it's 9 o'clock naïve isn't it".split()
    assert stt.words("谢谢, 你。", "zh") == ["谢", "谢", "你"]
    assert stt.words("नमस्ते दुनिया।", "hi") == ["नमस्ते", "दुनिया"]


def test_distance_counts_insertions_deletions_and_replacements():
    assert stt.distance("a b c d".split(), "a x c".split()) == 2
    assert stt.distance([], ["a"]) == 1 and stt.distance(["a"], []) == 1


def test_folders_are_scored_apart(tmp_path):
    """Speech by its words, noise by the words invented; recordings without an exact transcript are left out."""
    for folder in ("read", "noise"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "one.wav", museum().samples, RATE)
    entries = [
        {"path": "read/one.wav", "text": "the museum opens at ten", "lang": "en", "wer_ok": True, "voice": "human"},
        {"path": "read/one.wav", "text": "roughly this", "lang": "en", "wer_ok": False, "voice": "human"},
        {"path": "noise/one.wav", "text": "", "lang": "", "wer_ok": False, "voice": "noise"},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, entries)))
    tallies = asyncio.run(stt.measure({"shortened": Heard()}, list(stt.read_recordings(tmp_path))))
    read, noise = tallies["read"]["shortened"], tallies["noise"]["shortened"]
    assert (read.clips, read.words, read.errors, read.wer, read.missed) == (1, 5, 1, 0.2, 0)
    assert (noise.clips, noise.words, noise.invented, noise.wer) == (1, 0, 5, None)
    assert [tallies[total]["shortened"].clips for total in (stt.SPEECH, stt.SPEECHLESS_ALL)] == [1, 1]
    assert "20.0" in stt.table(tallies)
    assert json.dumps(stt.as_json("m", tallies))


def test_sounds_with_a_text_beside_them_are_found(tmp_path):
    soundfile.write(tmp_path / "a.wav", Pcm.silence(1, RATE).samples, RATE)
    soundfile.write(tmp_path / "untold.wav", Pcm.silence(1, RATE).samples, RATE)
    (tmp_path / "a.txt").write_text("hello\n")
    assert [(one.path.name, one.text) for one in stt.read_recordings(tmp_path)] == [("a.wav", "hello")]


def test_an_empty_folder_says_what_is_wanted(tmp_path):
    parser = argparse.ArgumentParser()
    stt.add_parser(parser.add_subparsers())
    try:
        stt.run(parser.parse_args(["stt", "--recordings", str(tmp_path)]))
    except StartupError as error:
        assert "manifest.jsonl" in error.remedy
    else:
        raise AssertionError("nothing to measure went unnoticed")
