"""Stop texts, which a model may write in any number of pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from vivavoce.engines.llm.stops import StopCutter
from vivavoce.engines.llm.think_tags import ThinkTags
from vivavoce.ports import Reasoning, Words


@given(some.lists(some.text("ab.", max_size=4), max_size=12), some.lists(some.text("ab.", max_size=3), max_size=3))
def test_the_pieces_of_a_stream_make_no_difference_to_where_it_ends(pieces: list[str], stops: list[str]) -> None:
    """Whatever the cut, the reply ends where the first stop begins, and without one nothing is lost."""
    whole, cutter = "".join(pieces), StopCutter(stops)
    told = "".join(map(cutter.push, pieces)) + cutter.finish()
    assert whole.startswith(told)
    assert not any(stop and stop in told for stop in stops)
    if cutter.found is None:
        assert told == whole
    else:
        assert whole[len(told) :].startswith(cutter.found)


def test_only_what_may_become_a_stop_is_held_back() -> None:
    """A listener is not kept waiting for words that cannot end the reply."""
    cutter = StopCutter(["END"])
    assert cutter.push("Hello E") == "Hello "
    assert cutter.push("arth EN") == "Earth "
    assert cutter.push("D and more") == ""
    assert cutter.found == "END"
    assert cutter.push("never told") == cutter.finish() == ""


@given(some.lists(some.sampled_from(["<", "think", ">", "/", "a", " "]), max_size=20))
def test_thinking_is_split_off_whatever_the_pieces(pieces: list[str]) -> None:
    """One piece or many: the same thinking and the same reply, and nothing but the tags is lost."""

    def split(pieces: list[str]) -> tuple[str, str]:
        tags = ThinkTags()
        thoughts = [thought for piece in pieces for thought in tags.push(piece)] + list(tags.finish())
        kinds = (Reasoning, Words)
        return tuple("".join(each.text for each in thoughts if isinstance(each, kind)) for kind in kinds)  # type: ignore[return-value]

    whole = "".join(pieces)
    thinking, reply = split(pieces)
    assert (thinking, reply) == split([whole])
    if not whole.lstrip().startswith("<think>"):
        assert (thinking, reply) == ("", whole)
    else:
        assert thinking == whole.lstrip().removeprefix("<think>").partition("</think>")[0]
