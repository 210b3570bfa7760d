"""The floor's decisions: pure, on sample time."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.config import Eagerness, SemanticVad, ServerVad, TurnPolicy
from vivavoce.conversation.endpointing import PATIENCE
from vivavoce.conversation.floor import Floor, Holder
from vivavoce.conversation.hop import HOP, HOP_MS
from vivavoce.conversation.interruption import WORDS_MS, Overheard, Words
from vivavoce.conversation.moves import (
    Ducked,
    Held,
    Hushed,
    Idled,
    OverlapEnded,
    Resumed,
    TurnEnded,
    TurnStarted,
    described,
)

VOICE, QUIET = 0.95, 0.02
SEMANTIC = TurnPolicy(SemanticVad())


def hear(floor: Floor, voice: float, ms: int) -> list:
    return [move for _ in range(ms // HOP_MS) for move in floor.hear(voice)]


def heard(words: str | None) -> Overheard:
    """By a pass over all that was said."""
    return Overheard(words=None if words is None else Words(words, until=1 << 30))


def kinds(moves: list) -> list[type]:
    return [type(move) for move in moves]


def test_a_click_starts_no_turn():
    assert hear(Floor(SEMANTIC), VOICE, HOP_MS) == []


def test_a_turn_starts_with_its_padding_and_no_earlier_than_the_last_one_ended():
    floor = Floor(TurnPolicy(ServerVad(prefix_padding_ms=320)))
    hear(floor, QUIET, 640)
    assert hear(floor, VOICE, 640) == [TurnStarted(640 * 16 - 320 * 16, barge_in=False)]
    ended = [m for m in hear(floor, QUIET, 640) if isinstance(m, TurnEnded)]
    (started,) = hear(floor, VOICE, 64)
    assert started.at >= ended[0].at


def test_server_vad_waits_exactly_its_silence():
    floor = Floor(TurnPolicy(ServerVad(silence_duration_ms=480)))
    hear(floor, VOICE, 640)
    assert kinds(hear(floor, QUIET, 448)) == [Hushed]
    (ended,) = hear(floor, QUIET, HOP_MS)
    assert ended == TurnEnded(640 * 16 + 480 * 16, 640 * 16, "silence")


def test_a_sure_judgement_ends_the_turn_quickly_and_a_doubtful_one_waits():
    for p_done, least, most in ((0.99, 192, 256), (0.5, 800, 896), (0.02, 1440, 1504)):
        floor = Floor(SEMANTIC)
        hear(floor, VOICE, 640)
        (hushed,) = hear(floor, QUIET, HOP_MS)
        assert floor.judge(hushed.hush, p_done) == []
        waited = HOP_MS
        while not hear(floor, QUIET, HOP_MS):
            waited += HOP_MS
        assert least <= waited + HOP_MS <= most, p_done


LOOKS = st.dictionaries(st.integers(1, 80), st.floats(0.0, 1.0), max_size=4)
"""Judgements of one pause by the hop after which they come: any number, in time or never."""


def waited_ms(eagerness: Eagerness, looks: dict[int, float], rests: Sequence[int] = ()) -> int:
    """Quiet until the turn is ended, by the floor itself, behind earlier pauses of `rests` ms that it let pass."""
    floor = Floor(TurnPolicy(SemanticVad(eagerness)))
    for rest in rests:
        hear(floor, VOICE, 640)
        hear(floor, QUIET, rest)
    hear(floor, VOICE, 640)
    said = floor.now
    (hushed,) = hear(floor, QUIET, HOP_MS)
    for hop in range(1, 150):
        moves = floor.judge(hushed.hush, looks[hop]) if hop in looks else []
        if moves or hear(floor, QUIET, HOP_MS):
            return (floor.now - said) * HOP_MS // HOP
    raise AssertionError("the turn never ended")


RESTS = st.lists(st.integers(1, 25).map(lambda hops: hops * HOP_MS), max_size=3)
"""Pauses at which no eagerness ends a turn while nothing is known of them: up to 800 ms."""


@given(LOOKS, RESTS)
def test_more_eagerness_never_waits_longer_on_the_same_evidence(looks: dict[int, float], rests: list[int]):
    high, medium, auto, low = (waited_ms(name, looks, rests) for name in ("high", "medium", "auto", "low"))
    assert high <= medium == auto <= low


@given(st.floats(0.0, 1.0))
def test_who_is_more_eager_decides_at_least_a_hop_sooner_whatever_the_judgement(p_done: float):
    """Otherwise an eagerness would have its cut-ins and buy nothing for them: decisions fall on whole hops."""
    high, auto, low = (waited_ms(name, {1: p_done}) for name in ("high", "auto", "low"))
    assert min(auto - high, low - auto) >= HOP_MS


def test_who_has_paused_is_waited_for_as_long_again():
    at_once = waited_ms("auto", {1: 1.0})
    assert waited_ms("auto", {1: 1.0}, [640, 320]) == at_once + 640
    assert waited_ms("auto", {1: 1.0}, [128]) == at_once  # that was a stop in a word
    assert waited_ms("high", {1: 1.0}, [640, 320]) == waited_ms("high", {1: 1.0})


@pytest.mark.parametrize("heard_ms", [None, 200, 700], ids=["unheard", "its first word", "more of it"])
def test_who_goes_on_soon_after_he_was_cut_in_on_is_given_more_time(heard_ms: int | None):
    """Whether the turn is reopened or, since he heard some of the answer, another one."""
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    (hushed,) = hear(floor, QUIET, HOP_MS)
    floor.judge(hushed.hush, 1.0)
    hear(floor, QUIET, 640)
    if heard_ms is not None:
        floor.assistant_started()
        floor.assistant_answers()
        hear(floor, QUIET, heard_ms - heard_ms % HOP_MS)
    rest = HOP_MS + 640 + (heard_ms or 0) // HOP_MS * HOP_MS
    hear(floor, VOICE, 1200)
    assert floor.holder is Holder.USER
    floor.assistant_ended()
    assert floor.wait_ms(1.0) == PATIENCE["auto"].quick + rest


def test_the_pauses_of_a_turn_are_not_held_against_the_next():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    hear(floor, QUIET, 640)
    hear(floor, VOICE, 640)
    assert floor.wait_ms(1.0) == PATIENCE["auto"].quick + 640
    hear(floor, QUIET, 4000)
    hear(floor, VOICE, 640)
    assert floor.wait_ms(1.0) == PATIENCE["auto"].quick


def test_without_a_judgement_patience_still_ends_the_turn():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    moves = hear(floor, QUIET, PATIENCE["auto"].slow + 64)
    assert kinds(moves) == [Hushed, TurnEnded] and moves[-1].why == "patience"


def test_going_on_voids_the_pause_and_its_late_judgement():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    (hushed,) = hear(floor, QUIET, 96)
    assert hear(floor, VOICE, 64) == [Resumed(hushed.hush)]
    assert floor.judge(hushed.hush, 1.0) == []
    assert floor.holder is Holder.USER


def test_one_voiced_hop_in_a_pause_is_no_resumption():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    hear(floor, QUIET, 96)
    assert hear(floor, VOICE, HOP_MS) == []


def test_server_vad_interrupts_in_one_stage_and_needs_more_voice_than_a_fresh_turn():
    floor = Floor(TurnPolicy(ServerVad()))
    floor.assistant_started()
    assert hear(floor, VOICE, 64) == []
    (started,) = hear(floor, VOICE, HOP_MS)
    assert started.barge_in


def over_the_assistant(policy: TurnPolicy = SEMANTIC) -> Floor:
    """A floor in the middle of an answer that the user has been listening to."""
    floor = Floor(policy)
    hear(floor, VOICE, 640)
    hear(floor, QUIET, PATIENCE["auto"].slow + 64)
    floor.assistant_started()
    hear(floor, QUIET, 2000)
    return floor


def test_the_first_voiced_hop_ducks_and_going_on_holds():
    floor = over_the_assistant()
    assert kinds(hear(floor, VOICE, HOP_MS)) == [Ducked]
    assert kinds(hear(floor, VOICE, 96)) == [Held]


def test_a_voice_that_goes_on_interrupts_and_its_turn_begins_at_its_onset():
    floor = over_the_assistant()
    (ducked,) = hear(floor, VOICE, HOP_MS)
    moves = hear(floor, VOICE, 1200)
    started = next(move for move in moves if isinstance(move, TurnStarted))
    assert started.barge_in and started.at <= ducked.at
    assert floor.holder is Holder.USER


@pytest.mark.parametrize(
    ("voiced_ms", "overheard", "what"),
    [
        (320, heard("Mm-hm."), "backchannel"),
        (320, heard(""), "noise"),
        (64, Overheard(), "noise"),
        (960, Overheard(echo=0.9), "echo"),
        (320, Overheard(level_db=-20.0), "other_speaker"),
    ],
)
def test_what_is_no_interruption_lets_the_assistant_go_on(voiced_ms: int, overheard: Overheard, what: str):
    floor = over_the_assistant()
    moves = [move for _ in range(voiced_ms // HOP_MS) for move in floor.hear(VOICE, overheard)]
    moves += [move for _ in range(10) for move in floor.hear(QUIET, overheard)]
    assert TurnStarted not in kinds(moves)
    if what != "echo":  # an echo does not even duck
        assert moves[-1] == OverlapEnded(what)
    assert floor.holder is Holder.NOBODY


@pytest.mark.parametrize(("level_db", "held"), [(-20.0, 0), (-6.0, 1), (None, 1)])
def test_voices_from_further_away_than_the_user_do_not_hold_the_assistant(level_db: float | None, held: int):
    """People who talk in the background held it for nine tenths of the time."""
    floor = over_the_assistant()
    moves = [move for _ in range(20) for move in floor.hear(VOICE, Overheard(level_db=level_db))]
    assert kinds(moves).count(Held) == held
    assert Ducked in kinds(moves)


def test_a_short_word_that_claims_the_floor_interrupts_and_is_a_whole_turn():
    floor = over_the_assistant()
    hear(floor, VOICE, 256)
    moves = [move for _ in range(40) for move in floor.hear(QUIET, heard("Stop!"))]
    assert kinds(moves)[:2] == [TurnStarted, Hushed]


@pytest.mark.parametrize(("pause_ms", "stops"), [(1600, True), (8000, False)])
def test_a_word_that_is_not_understood_stops_the_assistant_when_it_is_said_again_soon(pause_ms: int, stops: bool):
    unclear = Overheard(words=Words("Chair.", until=1 << 30, confidence=0.3))
    floor = over_the_assistant()

    def say_it() -> list:
        moves = [move for _ in range(10) for move in floor.hear(VOICE, unclear)]
        return moves + [move for _ in range(10) for move in floor.hear(QUIET, unclear)]

    assert OverlapEnded("backchannel") in say_it()
    hear(floor, QUIET, pause_ms)
    assert (TurnStarted in kinds(say_it())) is stops


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=80), st.sampled_from([None, "", "uh-huh", "but why"]))
def test_every_duck_is_settled_within_the_deadline(voices: list[float], words: str | None):
    floor = over_the_assistant()
    hear(floor, VOICE, HOP_MS)
    for voice in voices:
        floor.hear(voice, heard(words))
    for _ in range(WORDS_MS // HOP_MS + 2):
        if floor.holder is not Holder.OVERLAP:
            break
        floor.hear(VOICE, heard(words))
    assert floor.holder is not Holder.OVERLAP


def test_going_on_right_after_the_end_reopens_the_turn():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    hear(floor, QUIET, PATIENCE["auto"].slow + 64)
    (started,) = hear(floor, VOICE, 64)
    assert started.reopened and not started.barge_in


def test_going_on_over_the_first_word_of_the_answer_reopens_the_turn_too():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    hear(floor, QUIET, PATIENCE["auto"].slow + 64)
    floor.assistant_started()
    started = next(move for move in hear(floor, VOICE, 1200) if isinstance(move, TurnStarted))
    assert started.reopened and started.barge_in


@pytest.mark.parametrize("answers_after", [None, 0.5, 0.0], ids=["only an opener", "its first word", "well into it"])
def test_an_opener_is_nothing_that_one_could_react_to(answers_after: float | None):
    """Who goes on behind it was not done; only what was heard of the answer itself makes it another turn."""
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    (hushed,) = hear(floor, QUIET, HOP_MS)
    floor.judge(hushed.hush, 1.0)
    hear(floor, QUIET, 256)
    floor.assistant_started()
    if answers_after is not None:
        floor.assistant_answers(answers_after)
    hear(floor, QUIET, 640)
    started = next(move for move in hear(floor, VOICE, 1200) if isinstance(move, TurnStarted))
    assert started.reopened is (answers_after != 0.0)


def test_a_noise_before_the_user_goes_on_does_not_make_it_another_turn():
    floor = Floor(SEMANTIC)
    hear(floor, VOICE, 640)
    (hushed,) = hear(floor, QUIET, HOP_MS)
    floor.judge(hushed.hush, 1.0)
    assert kinds(hear(floor, QUIET, 256)) == [TurnEnded]
    floor.assistant_started()
    assert kinds(hear(floor, VOICE, 64)) == [Ducked]
    assert OverlapEnded("noise") in hear(floor, QUIET, 256)
    started = next(move for move in hear(floor, VOICE, 1200) if isinstance(move, TurnStarted))
    assert started.reopened


def test_a_voice_well_into_the_answer_does_not_reopen():
    assert kinds(hear(over_the_assistant(), VOICE, HOP_MS)) == [Ducked]


def test_semantic_vad_speaks_up_after_its_own_idle_time():
    floor = Floor(SEMANTIC, idle_timeout_ms=2000)
    floor.assistant_started()
    floor.assistant_ended()
    assert kinds(hear(floor, QUIET, 2048)) == [Idled]


def test_every_move_has_a_decision_and_a_reason():
    moves = [TurnStarted(0, barge_in=True), Ducked(0), Held(0), OverlapEnded("noise"), Hushed(1, 0), Resumed(1)]
    for move in [*moves, TurnEnded(0, 0, "complete"), Idled(0, 1)]:
        assert all(described(move))


def test_push_to_talk_decides_nothing():
    floor = Floor(TurnPolicy(None))
    assert hear(floor, VOICE, 6400) + hear(floor, QUIET, 6400) == []


def test_idleness_is_told_once_after_the_assistant_ended():
    floor = Floor(TurnPolicy(ServerVad(idle_timeout_ms=5000)))
    assert hear(floor, QUIET, 20_000) == []
    floor.assistant_started()
    hear(floor, QUIET, 6400)
    floor.assistant_ended()
    assert kinds(hear(floor, QUIET, 20_000)) == [Idled]


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.4, 0.6, 1.0]), st.integers(1, 40)), max_size=60), st.booleans())
def test_moves_always_come_in_the_drawn_order(scene, semantic):
    """Whatever is heard: no turn ends that did not start, positions never go back, pauses are numbered once."""
    floor = Floor(SEMANTIC if semantic else TurnPolicy(ServerVad()))
    state, last_at = "nobody", 0
    for voice, hops in scene:
        for _ in range(hops):
            moves = floor.hear(voice)
            for move in list(moves):
                if isinstance(move, Hushed) and semantic:
                    moves += floor.judge(move.hush, voice)
            for move in moves:
                allowed = {
                    "nobody": {TurnStarted: "user"},
                    "user": {Hushed: "pause", TurnEnded: "nobody"},
                    "pause": {Resumed: "user", TurnEnded: "nobody"},
                }[state]
                state = allowed[type(move)]
                if isinstance(move, TurnStarted | TurnEnded):
                    assert last_at <= move.at <= floor.now
                    last_at = move.at
    assert floor.now == HOP * sum(hops for _, hops in scene)


def _speaking() -> Floor:
    floor = Floor(SEMANTIC)
    hear(floor, QUIET, 640)
    floor.assistant_started()
    return floor


def test_a_sound_over_the_assistant_ducks_it_before_a_voice_is_known_and_only_once_it_is_suspected():
    floor = _speaking()
    at = floor.now - 160
    assert floor.alarm(at) == [Ducked(at, "onset")]
    assert hear(floor, QUIET, HOP_MS) == []
    assert hear(floor, VOICE, HOP_MS) == [Ducked(at, "voice")]
    moves = hear(floor, VOICE, 128)
    assert kinds(moves) == [Held] and (moves[0].at - at) / 16 <= 160  # counted from where the sound began


def test_a_sound_without_a_voice_is_let_go_soon_and_leaves_no_trace():
    floor = _speaking()
    floor.alarm(floor.now)
    moves = hear(floor, QUIET, 160)
    assert moves == [OverlapEnded("noise")]
    assert floor.holder is Holder.NOBODY
    assert kinds(hear(floor, VOICE, HOP_MS)) == [Ducked]


def test_nobody_is_alarmed_while_the_assistant_is_silent_or_somebody_speaks():
    assert Floor(SEMANTIC).alarm(0) == []
    assert not Floor(TurnPolicy(ServerVad())).alert
    floor = _speaking()
    hear(floor, VOICE, 64)
    assert floor.alarm(floor.now) == []
