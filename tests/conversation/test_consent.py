"""Who must be asked before a tool runs: what a page or a file says never changes anything by itself."""

from __future__ import annotations

from itertools import product

import pytest

from vivavoce.conversation.consent import must_ask


@pytest.mark.parametrize(("reads_only", "asks_first", "read_foreign"), [*product((False, True), repeat=3)])
def test_always_and_never_are_the_word_of_whoever_opened_the_session(reads_only, asks_first, read_foreign):
    about = {"reads_only": reads_only, "asks_first": asks_first, "read_foreign": read_foreign}
    assert must_ask("always", **about) == "always"
    assert must_ask("never", **about) is None


@pytest.mark.parametrize(("approval", "reads_only"), [*product(("always", "never", "auto"), (False, True))])
def test_the_stricter_word_holds_where_whoever_offers_the_tool_insists(approval, reads_only):
    about = {"reads_only": reads_only, "asks_first": True, "read_foreign": False}
    assert must_ask(approval, **about, insists=True) is not None


def test_a_tool_that_asks_first_asks_each_time():
    assert must_ask("auto", reads_only=False, asks_first=True, read_foreign=False) == "asks_first"


def test_after_words_of_others_nothing_is_changed_unasked():
    assert must_ask("auto", reads_only=False, asks_first=False, read_foreign=True) == "foreign_text"
    assert must_ask("auto", reads_only=False, asks_first=False, read_foreign=False) is None


def test_reading_on_is_free():
    assert must_ask("auto", reads_only=True, asks_first=False, read_foreign=True) is None
