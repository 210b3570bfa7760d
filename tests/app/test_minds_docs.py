"""docs/minds.md: its settings are settings, its options are options, and it names all there are."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from vivavoce.assistant import routing
from vivavoce.settings import Routing, engine_names, fill, read_settings

TEXT = (Path(__file__).parents[2] / "docs" / "minds.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("toml", EXAMPLES)
def test_every_example_is_read_and_its_engines_take_their_options(tmp_path: Path, toml: str) -> None:
    (tmp_path / "vivavoce.toml").write_text(toml, encoding="utf-8")
    settings = read_settings(environment={"VIVAVOCE_HOME": str(tmp_path)})
    chosen = {f"minds.{name}": mind.engine for name, mind in settings.minds.items()}
    for where, engine in {"engines.llm": settings.engines.llm, **chosen}.items():
        options = import_module(f"vivavoce.engines.llm.{engine.name}").Options
        fill(options, engine.options, where)


def test_the_page_names_every_engine_setting_and_reason() -> None:
    assert len(EXAMPLES) >= 6
    for name in engine_names("llm"):
        assert f"`{name}`" in TEXT, name
    for one in fields(Routing):
        assert f"`routing.{one.name}`" in TEXT, one.name
    reasons = {*routing._NAMES.values(), *routing.SUBJECTS["thinking"], routing.ASKED, "asked_to_hurry"}
    for reason in reasons - {"word_problem", "several_signs"}:
        assert f"`{reason}`" in TEXT, reason
