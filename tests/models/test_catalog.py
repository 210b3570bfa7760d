"""The catalog that ships must be coherent, and a catalog that is not must be refused."""

import re

import pytest

from vivavoce.errors import ModelUnavailable
from vivavoce.models.catalog import HubSource, NpmSource, WheelSource, parse_catalog, read_catalog

FREE = ("MIT", "Apache-2.0", "BSD-2-Clause")
ENTRY = """
[[model]]
id = "{id}"
kind = "{kind}"
languages = ["en"]
licence = "MIT"
description = "A thing."
files = [{{ name = "{name}", size = 3, sha256 = "{sha256}" }}]
[[model.source]]
wheels = ["thing==1.0"]
path = "{path}"
"""
GOOD = {"id": "thing", "kind": "stt", "name": "model.bin", "sha256": "a" * 64, "path": "thing/{name}"}


def test_every_file_is_pinned():
    for model in read_catalog():
        assert model.files, model.id
        assert len({file.name for file in model.files}) == len(model.files), model.id
        for file in model.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.size > 0, (model.id, file.name)


def test_every_source_names_every_file_and_an_exact_version():
    for model in read_catalog():
        assert model.sources, model.id
        names = {file.name for file in model.files}
        for source in model.sources:
            match source:
                case HubSource():
                    assert set(source.paths) == names and source.revision not in ("", "main"), model.id
                case WheelSource():
                    assert set(source.members) == names, model.id
                    assert all(requirement.count("==") == 1 for requirement in source.requirements), model.id
                case NpmSource():
                    assert set(source.members) == names and source.version, model.id


def test_every_default_is_free_and_can_be_had_without_a_hub():
    defaults = read_catalog().defaults()
    assert {model.kind for model in defaults} == {"vad", "turn", "stt", "llm", "tts", "voices", "embedding"}
    for model in defaults:
        assert model.licence in FREE, model.id
        assert any(isinstance(source, WheelSource | NpmSource) for source in model.sources), model.id


def test_all_voices_of_kokoro_are_there():
    assert len(read_catalog()["kokoro-82m-voices"].files) == 54


def test_an_unknown_id_is_answered_with_the_known_ones():
    with pytest.raises(ModelUnavailable, match="whisper-bas'") as refusal:
        read_catalog()["whisper-bas"]
    assert "whisper-base" in refusal.value.remedy


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "../thing"),
        ("name", "../../model.bin"),
        ("name", "/etc/model.bin"),
        ("name", "C:model.bin"),
        ("path", "..\\\\thing"),
        ("path", "thing/../../x"),
        ("sha256", "a" * 63),
        ("kind", "magic"),
    ],
)
def test_what_could_write_elsewhere_or_proves_nothing_is_refused(field, value):
    assert parse_catalog(ENTRY.format(**GOOD))["thing"].size == 3
    with pytest.raises(ValueError):
        parse_catalog(ENTRY.format(**{**GOOD, field: value}))


def test_two_models_of_one_id_are_refused():
    with pytest.raises(ValueError, match="same id"):
        parse_catalog(ENTRY.format(**GOOD) * 2)
