"""Who wins, what is refused, and that nothing secret can be printed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from vivavoce.errors import StartupError
from vivavoce.settings import (
    ENGINE_FOLDERS,
    ApiKey,
    EngineChoices,
    Secret,
    Settings,
    can_show_pages,
    engine_names,
    entries,
    fill,
    read_settings,
)


def read(home: Path, toml: str = "", overrides: dict[str, object] | None = None, **environment: str) -> Settings:
    (home / "vivavoce.toml").write_text(toml)
    return read_settings(overrides, {"VIVAVOCE_HOME": str(home), **environment})


def test_the_nearest_giver_wins_and_is_remembered(tmp_path: Path) -> None:
    toml = "[server]\nport = 1\nmax_sessions = 3\n"
    given = read(tmp_path, toml, {"server.host": "::1", "server.port": None}, VIVAVOCE_SERVER__PORT="2")
    assert (given.server.host, given.server.port, given.server.max_sessions) == ("::1", 2, 3)
    assert given.sources["server.host"] == "command line"
    assert given.sources["server.port"] == "VIVAVOCE_SERVER__PORT"
    assert given.sources["server.max_sessions"] == str(tmp_path / "vivavoce.toml")


def test_models_lie_in_the_cache_and_not_in_the_home(tmp_path: Path) -> None:
    """A new home must not download everything again."""
    given = read(tmp_path, VIVAVOCE_CACHE=str(tmp_path / "cache"))
    assert given.paths.models == tmp_path / "cache" / "models"
    assert read(tmp_path).paths.cache == read_settings(environment={}).paths.cache


@pytest.mark.parametrize(
    ("toml", "environment", "told"),
    [
        ("[server]\nprt = 1", {}, ["server.prt", "vivavoce.toml", "server.port"]),
        ("[sever]\nport = 1", {}, ["sever.port", "server.port"]),
        ("[server]\nport = 'many'", {}, ["server.port", "a whole number"]),
        ("[server]\nport = 70000", {}, ["server.port", "65535"]),
        ("[server]\nport = true", {}, ["server.port", "a whole number"]),
        ("[server]\nport = [1]", {}, ["server.port", "a whole number"]),
        ("[server]\nport = inf", {}, ["server.port", "a whole number"]),
        ("[server]\nkeys = 5", {}, ["server.keys", "a list"]),
        ("[routing]\nrest_seconds = nan", {}, ["routing.rest_seconds", "a number"]),
        ("", {"VIVAVOCE_SERVER__MAX_SESSIONS": "0"}, ["server.max_sessions", "at least 1"]),
        ("", {"VIVAVOCE_SERVER_PORT": "9000"}, ["VIVAVOCE_SERVER_PORT", "VIVAVOCE_SERVER__PORT"]),
        ("", {"VIVAVOCE_ENGINES__STT__NAME": "wisper"}, ["'wisper'", "whisper"]),
        ("[models]\nprefer = 'moon'", {}, ["models.prefer", "hub, packages"]),
        ("[paths]\nhome = '/elsewhere'", {}, ["paths.home", "VIVAVOCE_HOME"]),
        ("[server\nport = 1", {}, ["vivavoce.toml", "cannot be read"]),
        ("[server]\nkeys = ['sha256:abc0']", {}, ["server.keys", "64 hex digits"]),
        ("[minds.Big]\nname = 'remote'", {}, ["minds.Big.name", "small letters"]),
        ("[minds.auto]\nname = 'remote'", {}, ["minds.auto.name", "auto"]),
        ("[minds]\nname = 'remote'", {}, ["minds.name", "[minds.NAME]"]),
        ("[minds.big]\nname = 'olama'", {}, ["'olama'", "minds.big.name", "remote"]),
        ("[minds.big]\nload = 'never'", {}, ["minds.big.load", "lazily, start"]),
        ("[routing]\nthinking = 'big'", {}, ["routing.thinking", "'big'", "[minds.NAME]"]),
        ("[routing]\nfallback = ['big']", {}, ["routing.fallback", "'big'"]),
        ("[routing]\naliases = ['gpt-5=big']", {}, ["gpt-5", "'big'"]),
        ("[routing]\ndefault = 'big'", {}, ["routing.default", "'big'"]),
        ("[routing]\naliases = ['gpt-5']", {}, ["routing.aliases", "gpt-5"]),
    ],
)
def test_mistakes_are_named_with_a_remedy(
    tmp_path: Path, toml: str, environment: dict[str, str], told: list[str]
) -> None:
    with pytest.raises(StartupError) as refused:
        read(tmp_path, toml, **environment)
    text = f"{refused.value} {refused.value.remedy}"
    assert all(word in text for word in told), text


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    read(tmp_path, VIVAVOCE_RECORDINGS="/somewhere", PATH="/bin")


def test_options_belong_to_the_engine_named_beside_them(tmp_path: Path) -> None:
    toml = '[engines.llm]\nname = "llama"\nthreads = 2\n'
    assert read(tmp_path, toml).engines.llm.options == {"threads": 2}
    other = next(name for name in engine_names("llm") if name != "llama")
    assert read(tmp_path, toml, VIVAVOCE_ENGINES__LLM__NAME=other).engines.llm.options == {}


@pytest.mark.parametrize("kind", ENGINE_FOLDERS)
def test_the_default_engines_exist(kind: str) -> None:
    assert getattr(EngineChoices(), kind).name in engine_names(kind)


@dataclass(frozen=True)
class Options:
    voice: str = "af_heart"
    threads: int = 1
    speed: float = 1.0
    warm: bool = True
    mode: Literal["fast", "good"] = "fast"
    language: str | None = None
    folder: Path = Path()
    names: tuple[str, ...] = ()


def test_an_engines_options_are_filled_from_text_and_from_toml() -> None:
    values = {"threads": "2", "speed": 1, "warm": "no", "language": "", "mode": "good", "names": "a, b"}
    assert fill(Options, values, "engines.tts") == Options(
        threads=2, speed=1.0, warm=False, language=None, mode="good", names=("a", "b")
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [({"voise": "x"}, "engines.tts.voise"), ({"threads": 1.5}, "a whole number"), ({"mode": "slow"}, "fast, good")],
)
def test_an_engines_options_are_checked(values: dict[str, object], told: str) -> None:
    with pytest.raises(StartupError) as refused:
        fill(Options, values, "engines.tts")
    assert told in f"{refused.value} {refused.value.remedy}"


def test_minds_are_tables_whose_options_stay_with_their_engine(tmp_path: Path) -> None:
    toml = """
        [minds.big]
        name = "remote"
        api_key = "plum-five"
        [minds.coder]
        model = "qwen2.5-coder-1.5b-instruct"
        load = "start"
        [routing]
        thinking = "big"
        fallback = ["coder", "vivavoce"]
        aliases = ["gpt-5.1 = big"]
    """
    given = read(tmp_path, toml, VIVAVOCE_MINDS__BIG__MODEL="m", VIVAVOCE_MINDS__CODER__THREADS="2")
    assert dict(given.minds["big"].engine.options) == {"api_key": "plum-five", "model": "m"}
    coder = given.minds["coder"]
    assert (coder.engine.name, coder.load, given.minds["big"].load) == ("llama", "start", "lazily")
    assert dict(coder.engine.options) == {"model": "qwen2.5-coder-1.5b-instruct", "threads": "2"}
    assert given.routing.named() == {"gpt-5.1": "big"}
    shown = {entry.key: entry.value for entry in entries(given)}
    assert shown["minds.big.api_key"] == "***" and shown["minds.coder.load"] == "start"
    assert "plum" not in repr(given) + repr(entries(given))
    other = read(tmp_path, toml, VIVAVOCE_MINDS__BIG__NAME="llama").minds["big"].engine
    assert (other.name, dict(other.options)) == ("llama", {}), "options of an engine that was replaced"


def test_keys_open_and_are_never_shown(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"plum-two").hexdigest()
    toml = f"[server]\nkeys = ['plum-one', 'sha256:{digest}']\n[engines.llm]\napi_key = 'plum-three'"
    given = read(tmp_path, toml, VIVAVOCE_API_KEY="plum-four")
    assert given.server.keys == (ApiKey.of("plum-one"), ApiKey.of("plum-two"))
    assert "plum" not in repr(given) + repr(entries(given))
    assert given.client.key.reveal() == "plum-four"
    assert not Secret() and ApiKey.of("a") == ApiKey.of("a")


def test_pages_open_only_before_a_person() -> None:
    assert not can_show_pages({"CI": "true", "DISPLAY": ":0"})
