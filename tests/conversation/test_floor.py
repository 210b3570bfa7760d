"""The floor's decisions: pure, on sample time."""

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.config import SemanticVad, ServerVad, TurnPolicy
from vivavoce.conversation.floor import (
    HOP,
    HOP_MS,
    PATIENCE,
    Floor,
    Holder,
    Hushed,
    Idled,
    Resumed,
    TurnEnded,
    TurnStarted,
)

VOICE, QUIET = 0.95, 0.02
SEMANTIC = TurnPolicy(SemanticVad())


def hear(floor: Floor, voice: float, ms: int) -> list:
    return [move for _ in range(ms // HOP_MS) for move in floor.hear(voice)]


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
    for p_done, least, most in ((0.99, 200, 260), (0.5, 400, 600), (0.02, 1100, 1220)):
        floor = Floor(SEMANTIC)
        hear(floor, VOICE, 640)
        (hushed,) = hear(floor, QUIET, HOP_MS)
        assert floor.judge(hushed.hush, p_done) == []
        waited = HOP_MS
        while not hear(floor, QUIET, HOP_MS):
            waited += HOP_MS
        assert least <= waited + HOP_MS <= most, p_done


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


def test_barge_in_needs_more_voice_than_a_fresh_turn():
    floor = Floor(SEMANTIC)
    floor.assistant_started()
    assert hear(floor, VOICE, 64) == []
    assert hear(floor, VOICE, 32) == [TurnStarted(0, barge_in=True)]


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
