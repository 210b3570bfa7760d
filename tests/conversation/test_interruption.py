"""What is made of a voice over the assistant's: the evidence each verdict needs, and that one always comes."""

from dataclasses import replace

import pytest

from vivavoce.conversation.interruption import (
    ASIDE_MS,
    ECHO_SHARE,
    WORDS_MS,
    Kind,
    Overlap,
    Words,
    insists,
    verdict,
)

GOING_ON = Overlap(voiced_ms=352, elapsed_ms=352, quiet_ms=0, voice=0.95)
OVER = Overlap(voiced_ms=256, elapsed_ms=480, quiet_ms=224, voice=0.9)


@pytest.mark.parametrize(
    ("overlap", "kind"),
    [
        (GOING_ON, "undecided"),
        (replace(GOING_ON, words="Wait"), "barge_in"),
        (replace(GOING_ON, words="What about tomorrow"), "undecided"),
        (replace(GOING_ON, voiced_ms=480, words="What about tomorrow"), "barge_in"),
        (replace(GOING_ON, voiced_ms=640, words="Old Ralph.", confidence=0.3), "undecided"),  # of "All right."
        (replace(GOING_ON, voiced_ms=960, elapsed_ms=960, words="Old Ralph is", confidence=0.3), "barge_in"),
        (replace(GOING_ON, words="Yeah"), "undecided"),
        (replace(GOING_ON, words="I"), "undecided"),  # ... see
        (replace(GOING_ON, voiced_ms=480, words="I want"), "barge_in"),
        (replace(GOING_ON, words="out"), "undecided"),  # of "Oh, nice"
        (replace(GOING_ON, words="out", voiced_ms=960, elapsed_ms=960), "barge_in"),
        (replace(GOING_ON, voiced_ms=700, elapsed_ms=700), "undecided"),  # "I see", drawn out
        (replace(GOING_ON, voiced_ms=960, elapsed_ms=960), "barge_in"),  # hardly a sign of attention lasts so long
        (replace(GOING_ON, voiced_ms=700, elapsed_ms=700, voice=0.8), "undecided"),  # the recogniser is at it
        (replace(GOING_ON, voiced_ms=700, elapsed_ms=700, words="Yeah, yeah, yeah"), "undecided"),
        (replace(GOING_ON, voiced_ms=1700, elapsed_ms=2000, words="Yeah, yeah, yeah"), "backchannel"),
        (replace(GOING_ON, voiced_ms=1152, elapsed_ms=1152, words="Yeah.", voice=0.95), "barge_in"),  # is not all of it
        (replace(GOING_ON, voiced_ms=1152, elapsed_ms=1152, words="Yeah.", voice=0.88), "noise"),  # a crowd
        (replace(GOING_ON, voiced_ms=1900, elapsed_ms=2000, words="Yeah", missed_ms=1500, voice=0.95), "barge_in"),
        (replace(GOING_ON, voiced_ms=1900, elapsed_ms=2000, words="Yeah", missed_ms=1500, voice=0.8), "noise"),
        (replace(GOING_ON, words="No", confidence=0.2), "undecided"),  # of a crowd
        (replace(GOING_ON, words="Stop!", level_db=-18.0), "barge_in"),
        (replace(GOING_ON, words="Basta.", confidence=0.61, level_db=-18.0), "undecided"),  # of somebody else's "posta"
        (replace(GOING_ON, voiced_ms=700, elapsed_ms=700, words="Oh, no"), "undecided"),  # ... nice, it may be
        (replace(GOING_ON, voiced_ms=700, elapsed_ms=700, words="Oh, no you don't"), "barge_in"),
        (replace(GOING_ON, voiced_ms=1000, elapsed_ms=1000), "barge_in"),
        (replace(GOING_ON, voiced_ms=900, elapsed_ms=1000, voice=0.6), "noise"),  # a crowd
        (replace(GOING_ON, voiced_ms=900, elapsed_ms=1000, voice=0.6, words="What about tomorrow"), "barge_in"),
        (replace(GOING_ON, voiced_ms=900, elapsed_ms=900, voice=0.8, words="You know", confidence=0.3), "undecided"),
        (replace(GOING_ON, voiced_ms=900, elapsed_ms=1000, voice=0.8, words="You know", confidence=0.3), "noise"),
        (replace(GOING_ON, voiced_ms=900, elapsed_ms=1000, voice=0.95, words="You know", confidence=0.3), "barge_in"),
        (replace(GOING_ON, voiced_ms=960, elapsed_ms=960, words=""), "barge_in"),  # of its first syllable
        (replace(GOING_ON, voiced_ms=700, elapsed_ms=700, words="", voice=0.8), "undecided"),
        (replace(GOING_ON, words="Wait", echo=ECHO_SHARE), "echo"),
        (replace(OVER, words="Mm-hm."), "backchannel"),
        (replace(OVER, words="I", missed_ms=96), "undecided"),
        (replace(OVER, words="out.", missed_ms=96), "undecided"),  # of "Oh, nice", by a pass that missed its end
        (replace(OVER, words="Oh, no", missed_ms=96), "undecided"),
        (replace(OVER, words="Oh, no"), "barge_in"),
        (replace(OVER, words="Oh, no", missed_ms=96, elapsed_ms=WORDS_MS), "barge_in"),  # no other pass came
        (replace(OVER, words="Chair.", confidence=0.4), "backchannel"),  # of "Sure."
        (replace(OVER, words="Chair.", confidence=0.4, voiced_ms=1024), "barge_in"),
        (replace(OVER, words="Chair.", confidence=0.4, again=True), "barge_in"),  # said twice, it wants to be heard
        (replace(OVER, words="Yeah.", confidence=0.4, again=True), "backchannel"),
        (replace(OVER, words="Rome?", confidence=0.9), "barge_in"),
        (replace(OVER, words="What?", confidence=0.45), "barge_in"),
        (replace(OVER, words="What?", confidence=0.2), "backchannel"),
        (replace(OVER, words="¿Por qué?", confidence=0.45), "barge_in"),
        (replace(OVER, words="6", confidence=0.45), "barge_in"),
        (replace(OVER, words="M and M.", confidence=0.3, voiced_ms=400), "barge_in"),
        (replace(OVER, words="Yes.", asked=True), "barge_in"),  # an answer
        (replace(OVER, words="Chair.", confidence=0.4, asked=True), "barge_in"),
        (replace(OVER, words="", asked=True), "noise"),
        (replace(OVER, words="I see."), "backchannel"),
        (replace(OVER, words=""), "noise"),
        (replace(OVER, words="Tomorrow?"), "barge_in"),
        (replace(OVER, words="Tomorrow?", level_db=-15.0), "other_speaker"),
        # a crowd, or somebody across the room: softer than whoever asked
        (replace(GOING_ON, voiced_ms=960, elapsed_ms=960, words="", level_db=-8.0), "undecided"),
        (replace(GOING_ON, voiced_ms=1000, elapsed_ms=1000, words="", level_db=-8.0), "noise"),
        (replace(GOING_ON, voiced_ms=1000, elapsed_ms=1000, words="", level_db=-5.0), "barge_in"),
        (replace(GOING_ON, voiced_ms=960, elapsed_ms=1000, words="A thousand", confidence=0.5, level_db=-8.0), "noise"),
        (replace(GOING_ON, voiced_ms=960, words="What about tomorrow", confidence=0.7, level_db=-8.0), "barge_in"),
        (replace(OVER, words="Do not mean that", confidence=0.5, level_db=-8.0), "backchannel"),
        (replace(OVER, words="Two.", confidence=0.5, level_db=-8.0, again=True), "backchannel"),  # a crowd goes on
        (replace(OVER, words="Two.", confidence=0.5, level_db=-8.0, asked=True), "barge_in"),
        (replace(OVER, words="Tomorrow?", confidence=0.7, level_db=-8.0), "barge_in"),
        (replace(OVER, voiced_ms=64), "noise"),
        (OVER, "undecided"),
        (replace(OVER, elapsed_ms=WORDS_MS), "noise"),
    ],
)
def test_evidence_decides(overlap: Overlap, kind: Kind) -> None:
    assert verdict(overlap).kind == kind


ASIDE = replace(GOING_ON, voiced_ms=1500, elapsed_ms=1500, asides=True, words="Mom, can you close")


@pytest.mark.parametrize(
    ("overlap", "kind"),
    [
        (ASIDE, "undecided"),
        (replace(ASIDE, asides=False), "barge_in"),
        (replace(ASIDE, words="Tell me"), "undecided"),  # ... "to my son: not you", it may be
        (replace(ASIDE, words="What about tomorrow"), "barge_in"),  # a question is heeded at once
        (replace(ASIDE, words="Honey, where are"), "undecided"),  # unless it names another
        (replace(ASIDE, words="Where are your shoes"), "undecided"),
        (replace(ASIDE, words="Wait a moment"), "barge_in"),
        (replace(ASIDE, words=None), "undecided"),
        (replace(ASIDE, elapsed_ms=4000), "barge_in"),
        (replace(ASIDE, quiet_ms=224), "undecided"),  # he may go on
        (replace(ASIDE, quiet_ms=800), "addressed_elsewhere"),
        (replace(ASIDE, quiet_ms=224, elapsed_ms=4000), "addressed_elsewhere"),
        (replace(ASIDE, quiet_ms=224, words="Tell me of Rome"), "barge_in"),
        (replace(ASIDE, quiet_ms=224, words="Tell me", missed_ms=300), "undecided"),
        (replace(ASIDE, quiet_ms=800, words="Tell me", missed_ms=300, elapsed_ms=WORDS_MS), "barge_in"),
        (replace(ASIDE, quiet_ms=224, words="Yeah."), "backchannel"),
    ],
)
def test_where_asides_are_ignored_what_may_be_one_is_heard_to_its_end(overlap: Overlap, kind: Kind) -> None:
    assert verdict(overlap).kind == kind


def test_what_is_let_go_without_being_understood_is_known_from_what_was() -> None:
    assert verdict(replace(OVER, words="Chair.", confidence=0.4)).doubted
    assert not verdict(replace(OVER, words="Sure.", confidence=0.4)).doubted


@pytest.mark.parametrize("words", [None, "", "Yeah", "I", "Tell me"])
@pytest.mark.parametrize("quiet", [0, 64, 224])
@pytest.mark.parametrize("level", [None, -20.0])
@pytest.mark.parametrize("asides", [False, True])
def test_nobody_waits_for_ever(words: str | None, quiet: int, level: float | None, asides: bool) -> None:
    """Held playback that is neither stopped nor resumed would be a mute assistant."""
    longest = ASIDE_MS if asides else WORDS_MS
    late = Overlap(longest - quiet, longest, quiet, 0.9, level_db=level, words=words, asides=asides)
    assert verdict(late).kind != "undecided"


@pytest.mark.parametrize(
    ("passes", "insisted"),
    [
        ([("Slow.", 0.67), ("Slow.", 0.39)], True),  # the last one has the breath behind it, too
        ([("Quando?", 0.69), ("", 1.0)], True),
        ([("No.", 0.24), ("No.", 0.22)], True),  # two agree
        ([("No.", 0.24), ("Nah.", 0.3), ("Stop.", 0.24)], False),
        ([("Chair.", 0.3), ("Chair.", 0.3)], False),  # on what wants nothing
        ([("Sure.", 0.5), ("Stop.", 0.5)], False),
        ([("Stop all of that now.", 0.5)], False),  # no brief remark: it is judged by its length
        ([("Stop.", 0.3)], False),
        ([], False),
    ],
)
def test_a_brief_word_is_heard_by_any_pass(passes: list[tuple[str, float]], insisted: bool) -> None:
    heard = [Words(text, until=0, confidence=confidence) for text, confidence in passes]
    assert insists(heard) is insisted


@pytest.mark.parametrize("words", ["Slow.", ""])
def test_what_was_heard_by_an_earlier_pass_counts_unless_it_is_soft(words: str) -> None:
    over = replace(OVER, words=words, confidence=0.39)
    assert verdict(over).kind in ("backchannel", "noise")
    assert verdict(replace(over, insisted=True)).kind == "barge_in"
    soft = replace(over, insisted=True, level_db=-8.0)  # somebody else's voice
    assert verdict(soft).kind == verdict(over).kind
