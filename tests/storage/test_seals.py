"""What clients keep for us comes back as it was given, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.errors import StartupError
from vivavoce.storage.seals import Seals, seals_in

SEALS = Seals()


@given(st.text(max_size=200), st.data())
def test_a_token_opens_as_it_was_and_never_altered(text: str, data: st.DataObject) -> None:
    token = SEALS.seal(text, "owner", "compaction")
    assert SEALS.open(token, "owner", "compaction") == text.encode(errors="replace").decode()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii"))
    changed = token[:place] + other + token[place + 1 :]
    assert changed == token or SEALS.open(changed, "owner", "compaction") is None


def test_a_token_is_of_its_owner_its_kind_and_its_server() -> None:
    token = SEALS.seal("words", "owner", "compaction")
    assert SEALS.open(token, "another", "compaction") is None and SEALS.open(token, "owner", "reasoning") is None
    assert Seals().open(token, "owner", "compaction") is None and SEALS.open("gAAAA", "owner", "compaction") is None
    assert SEALS.seal("words", "owner", "compaction") != token  # nobody can tell that the words are the same


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "seal.key"
    token = seals_in(path).seal("words", "", "compaction")
    assert path.stat().st_mode & 0o777 == 0o600 and [each.name for each in path.parent.iterdir()] == ["seal.key"]
    assert seals_in(path).open(token, "", "compaction") == "words"
    path.write_bytes(b"short")
    with pytest.raises(StartupError, match="seal.key"):
        seals_in(path)
