"""Every setting there is, read once, frozen, and handed down. Nothing else reads the environment.

A value comes from the first of these that gives it, and remembers which:

1. the command line (`overrides`);
2. the environment: VIVAVOCE_SERVER__PORT sets `server.port`, and so on for every key; the short
   names in `SHORT_NAMES` (VIVAVOCE_HOME ...) serve as well;
3. `vivavoce.toml` in the home folder;
4. the default written here.

An engine is chosen by the name of its file in `engines/<kind>/`; what else stands in its table are
that engine's own options, checked by `fill` against its `Options` when it is loaded:

    [engines.tts]
    name = "kokoro"
    voice = "af_heart"

Further language models are tables of the same kind, called by the name that a client asks for:

    [minds.large]
    name = "remote"
    base_url = "http://192.168.1.20:11434/v1"

So are MCP servers, which a session names by these labels:

    [tools.servers.docs]
    url = "https://example.org/mcp"
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vivavoce.errors import StartupError

PREFIX = "VIVAVOCE_"
SHORT_NAMES = {
    "VIVAVOCE_HOME": "paths.home",
    "VIVAVOCE_CACHE": "paths.cache",
    "VIVAVOCE_API_KEYS": "server.keys",
    "VIVAVOCE_URL": "client.url",
    "VIVAVOCE_API_KEY": "client.key",
}
FILE_NAME = "vivavoce.toml"
SESSION_ENGINES = ("vad", "turn", "stt", "llm", "tts")
"""What a conversation needs, loaded at the start; engines of other kinds are loaded when they are first used."""
ENGINE_FOLDERS = {
    **dict(zip(SESSION_ENGINES, ("vad", "turn_detection", "stt", "llm", "tts"), strict=True)),
    "embedding": "embedding",
    "moderation": "moderation",
}
"""Where the engines of each kind lie under `engines/`."""

T = TypeVar("T")


# --- values that need care ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A word that must not be printed; `reveal` gives it to the one place that sends it."""

    _word: str = ""

    def reveal(self) -> str:
        return self._word

    def __bool__(self) -> bool:
        return bool(self._word)

    def __repr__(self) -> str:
        return "***" if self._word else ""


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key that opens the server. Only its SHA-256 is kept, so it cannot leak from here."""

    digest: bytes

    @classmethod
    def of(cls, written: str) -> ApiKey:
        """From the key itself, or from "sha256:" and the 64 hex digits of its hash."""
        kind, _, hexadecimal = written.partition(":")
        if kind == "sha256":
            digest = bytes.fromhex(hexadecimal)
            if len(digest) != hashlib.sha256().digest_size:
                raise ValueError("a sha256: key needs 64 hex digits")
            return cls(digest)
        return cls(hashlib.sha256(written.encode()).digest())

    def opens_for(self, offered: str) -> bool:
        """Whether `offered` is this key, in constant time."""
        return hmac.compare_digest(self.digest, hashlib.sha256(offered.encode()).digest())

    def __repr__(self) -> str:
        return f"sha256:{self.digest.hex()[:8]}…"


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseUrl:
    """Where a database is, with the password to it, which is not shown."""

    _url: str = ""

    def reveal(self) -> str:
        return self._url

    def __bool__(self) -> bool:
        return bool(self._url)

    def __repr__(self) -> str:
        before, at, host = self._url.rpartition("@")
        scheme, _, user = before.partition("://")
        return f"{scheme}://{user.partition(':')[0]}:***{at}{host}" if at else self._url


# --- the tree ----------------------------------------------------------------------------------------


def setting(default: Any, doc: str, *, at_least: float | None = None, at_most: float | None = None) -> Any:
    """A field of the tree with the sentence that `vivavoce settings` prints beside it."""
    return field(default=default, metadata={"doc": doc, "at_least": at_least, "at_most": at_most})


@dataclass(frozen=True, slots=True)
class Paths:
    home: Path = setting(Path(), "State and vivavoce.toml; by default the platform's data folder")
    cache: Path = setting(Path(), "What can be downloaded again; by default the platform's cache folder")

    @property
    def models(self) -> Path:
        """Where the models lie, one folder each."""
        return self.cache / "models"

    @property
    def file(self) -> Path:
        """The settings file."""
        return self.home / FILE_NAME

    @property
    def database(self) -> Path:
        """What is kept, where no other database is chosen."""
        return self.home / "vivavoce.db"


@dataclass(frozen=True, slots=True)
class Server:
    host: str = setting("127.0.0.1", "Address to listen on; any but loopback needs a key")
    port: int = setting(8990, "Port to listen on; 0 takes a free one", at_least=0, at_most=65535)
    keys: tuple[ApiKey, ...] = setting((), "Keys that clients must show: words, or sha256:… of words")
    requests_per_minute: int = setting(
        0, "What each key may ask for, each response of a conversation included; 0: no limit", at_least=0
    )
    tokens_per_minute: int = setting(0, "Tokens that each key may use; 0: no limit", at_least=0)
    https: bool = setting(False, "Serve https and wss, with a certificate that the server makes for itself")
    certificate: str = setting("", "PEM file of a certificate of your own for https, with all that it depends on")
    key_file: str = setting("", "PEM file of that certificate's private key")
    max_sessions: int = setting(8, "Conversations at once; the next one is refused", at_least=1)
    session_minutes: int = setting(
        0, "Longest conversation; a minute before, its client is told. 0: no limit", at_least=0
    )
    resume_seconds: int = setting(
        20, "How long a conversation waits for a client whose connection broke off", at_least=0
    )
    drain_seconds: int = setting(2, "How long conversations may go on once the server is told to stop", at_least=0)


@dataclass(frozen=True, slots=True)
class WebRtc:
    """How callers outside this machine's network reach it; the defaults serve this machine and its network."""

    stun: tuple[str, ...] = setting((), "STUN servers, such as stun:stun.example.org:3478")
    turn: str = setting("", "A TURN server, such as turn:turn.example.org:3478")
    turn_user: str = setting("", "User name at the TURN server")
    turn_password: Secret = setting(Secret(), "Password at the TURN server")
    ports: str = setting("", "UDP ports to use, such as 50000-50100; empty: any")
    public_address: str = setting("", "Address by which callers reach this machine behind a one-to-one NAT")

    def port_range(self) -> tuple[int, int]:
        """First and last port, (0, 0) for any. Raises StartupError."""
        if not self.ports:
            return 0, 0
        first, _, last = self.ports.partition("-")
        if not (first.isdigit() and last.isdigit() and 1024 <= int(first) <= int(last) <= 65535):
            raise StartupError(f"webrtc.ports is {self.ports!r}.", "It must be two ports, such as 50000-50100.")
        return int(first), int(last)


@dataclass(frozen=True, slots=True)
class Client:
    """What `talk` and `bench` connect to."""

    url: str = setting("", "Server to talk to; empty: the local one, started if need be")
    key: Secret = setting(Secret(), "Key to show to that server")
    certificate: str = setting("", "PEM file of the certificate of that server, where nobody known signed it")


@dataclass(frozen=True, slots=True)
class ModelSources:
    prefer: Literal["hub", "packages"] = setting("hub", "Where models are looked for first")


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """`name`: the engine's file; `options`: what its `Options` take, as written (see `fill`)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)  # may hold a key


@dataclass(frozen=True, slots=True)
class EngineChoices:
    vad: EngineChoice = EngineChoice("silero")
    turn: EngineChoice = EngineChoice("smart_turn")
    stt: EngineChoice = EngineChoice("whisper")
    llm: EngineChoice = EngineChoice("llama")
    tts: EngineChoice = EngineChoice("kokoro")
    embedding: EngineChoice = EngineChoice("minilm")
    moderation: EngineChoice = EngineChoice("meaning")


@dataclass(frozen=True, slots=True)
class MindChoice:
    """A further language model. `load`: "lazily" means when it is first asked, since it costs memory; a model on this
    machine is then loaded in a process of its own."""

    engine: EngineChoice
    load: Literal["lazily", "start"] = "lazily"


@dataclass(frozen=True, slots=True)
class Routing:
    """Which mind answers; each is named as in its table [minds.NAME], and vivavoce here is engines.llm."""

    default: str = setting("vivavoce", "Mind of clients that name none or vivavoce: one of these names, or auto")
    quick: str = setting("vivavoce", "Mind of the model `auto` that answers at once")
    thinking: str = setting("", "Mind of the model `auto` that gets what needs thought; empty: `auto` is the quick one")
    fallback: tuple[str, ...] = setting((), "Minds that answer in turn when the one that was asked fails or is slow")
    first_token_seconds: float = setting(8.0, "Time for a first word until the next in line is asked", at_least=0.1)
    thinking_seconds: float = setting(90.0, "The same time for the thinking mind, which may take longer", at_least=0.1)
    rest_seconds: float = setting(30.0, "How long a mind that failed twice running is left alone", at_least=0)
    aliases: tuple[str, ...] = setting((), "Names that clients send, and whom they mean, such as gpt-5=large")

    def named(self) -> dict[str, str]:
        """Alias to mind. Raises StartupError."""
        pairs = [alias.partition("=") for alias in self.aliases]
        if wrong := next((name for name, mark, mind in pairs if not (name.strip() and mark and mind.strip())), None):
            raise StartupError(f"routing.aliases holds {wrong!r}.", "Each must be a name, = and a mind: gpt-5=large.")
        return {name.strip(): mind.strip() for name, _, mind in pairs}


@dataclass(frozen=True, slots=True)
class Storage:
    url: DatabaseUrl = setting(
        DatabaseUrl(),
        "Database of what is kept, such as postgresql+asyncpg://user:password@host/name; empty: a file in paths.home",
    )


@dataclass(frozen=True, slots=True)
class Tools:
    client_servers: Literal["public", "any", "none"] = setting(
        "public", "MCP servers that clients may name by their addresses: those of the public internet, any, or none"
    )
    functions: tuple[Path, ...] = setting((), "Files and folders of Python functions that become tools")
    function_seconds: float = setting(30.0, "How long one call of such a function may take", at_least=0.1)
    private_pages: bool = setting(False, "Pages of this machine and its network may be read as well")


@dataclass(frozen=True, slots=True)
class Demo:
    delay_ms: int = setting(300, "How long the scripted engines of --demo let one wait for an answer", at_least=0)


@dataclass(frozen=True, slots=True)
class Settings:
    """`sources`: for each key that was given, who gave it."""

    paths: Paths = Paths()
    server: Server = Server()
    webrtc: WebRtc = WebRtc()
    client: Client = Client()
    models: ModelSources = ModelSources()
    storage: Storage = Storage()
    engines: EngineChoices = EngineChoices()
    minds: Mapping[str, MindChoice] = field(default_factory=dict[str, MindChoice])
    routing: Routing = Routing()
    tools: Tools = Tools()
    tool_servers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], repr=False)
    """Options of MCP servers by their labels, as written (see `fill`)."""
    demo: Demo = Demo()
    sources: Mapping[str, str] = field(default_factory=dict[str, str])


_SECTIONS: dict[str, type] = {
    "paths": Paths,
    "server": Server,
    "webrtc": WebRtc,
    "client": Client,
    "models": ModelSources,
    "routing": Routing,
    "storage": Storage,
    "tools": Tools,
    "demo": Demo,
}
_KEYS = [f"{name}.{one.name}" for name, section in _SECTIONS.items() for one in fields(section)]
_KEYS += [f"engines.{kind}.name" for kind in ENGINE_FOLDERS]
_MIND = re.compile(r"(minds\.([a-z0-9][a-z0-9_-]*)\.)[a-z]\w*")
_TOOL_SERVER = re.compile(r"tools\.servers\.([a-zA-Z0-9_-]{1,64})\.([a-z]+)(?:\.(.+))?")
_TAKEN = ("vivavoce", "auto")
"""Names of minds that mean something already."""


# --- reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Given:
    value: Any
    source: str


def read_settings(overrides: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings now in force. `overrides`: dotted key to value, from the command line.

    Raises StartupError, naming key, source and the nearest valid key, for anything it does not know.
    """
    from_command = {key: _Given(value, "command line") for key, value in (overrides or {}).items() if value is not None}
    from_environment = _from_environment(environment)
    above = {**_default_paths(), **from_environment, **from_command}
    home = _converted("paths.home", above["paths.home"], Path)
    given = _layered(_default_paths(), _from_file(home / FILE_NAME), from_environment, from_command)
    for key, one in given.items():
        _check_known(key, one.source)
    sections = {name: _section(name, section, given) for name, section in _SECTIONS.items()}
    engines = EngineChoices(**{kind: _engine(kind, given) for kind in ENGINE_FOLDERS})
    minds = {name: _mind(name, given) for name in dict.fromkeys(filter(None, map(_mind_of, given)))}
    _check_routing(sections["routing"], ("vivavoce", *minds))
    sources = MappingProxyType({key: one.source for key, one in given.items() if one.source != "default"})
    return Settings(
        **sections,
        engines=engines,
        minds=MappingProxyType(minds),
        tool_servers=MappingProxyType(_tool_servers(given)),
        sources=sources,
    )


def _default_paths() -> dict[str, _Given]:
    from platformdirs import user_cache_dir, user_data_dir

    return {
        "paths.home": _Given(user_data_dir("vivavoce", appauthor=False), "default"),
        "paths.cache": _Given(user_cache_dir("vivavoce", appauthor=False), "default"),
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Given]:
    given = {}
    for name, value in environment.items():
        key = _key_of(name)
        if key:
            given[key] = _Given(value, name)
    return given


def _key_of(name: str) -> str | None:
    """The setting that a variable names; None for variables that are none of ours."""
    if name in SHORT_NAMES or not name.startswith(PREFIX):
        return SHORT_NAMES.get(name)
    rest = name.removeprefix(PREFIX)
    if "__" in rest:
        return rest.lower().replace("__", ".")
    for section in (*_SECTIONS, "engines", "minds"):
        if rest.startswith(f"{section.upper()}_"):
            raise StartupError(
                f"The environment variable {name} names no setting.",
                f"Two underscores part section and key: {PREFIX}{section.upper()}__{rest[len(section) + 1 :]}.",
            )
    return None


def _from_file(path: Path) -> dict[str, _Given]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartupError(f"{path} cannot be read: {error}.", "Correct the file or move it away.") from error
    given = {key: _Given(value, str(path)) for key, value in _flat(tree)}
    if "paths.home" in given:
        raise StartupError(
            f"paths.home in {path} cannot say where that file lies.", "Set the environment variable VIVAVOCE_HOME."
        )
    return given


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _layered(*layers: dict[str, _Given]) -> dict[str, _Given]:
    """Later layers win. A layer that names an engine drops the options that were meant for another."""
    merged: dict[str, _Given] = {}
    for layer in layers:
        for table in [key.removesuffix("name") for key in layer if _names_engine(key)]:
            merged = {key: one for key, one in merged.items() if not key.startswith(table)}
        merged |= layer
    return merged


def _names_engine(key: str) -> bool:
    return key in _KEYS and key.startswith("engines.") or _mind_of(key) is not None and key.endswith(".name")


def _mind_of(key: str) -> str | None:
    """The mind that a key is about."""
    found = _MIND.fullmatch(key)
    return found and found[2]


def _check_known(key: str, source: str) -> None:
    section, _, rest = key.partition(".")
    kind, _, option = rest.partition(".")
    if key in _KEYS or (section == "engines" and kind in ENGINE_FOLDERS and option):
        return
    if section == "minds":
        _check_mind(key, source)
        return
    if key.startswith("tools.servers."):
        _check_tool_server(key, source)
        return
    near = get_close_matches(key, _KEYS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise StartupError(f"There is no setting {key} ({source}).", f"{hint}`vivavoce settings` lists all there are.")


def _check_mind(key: str, source: str) -> None:
    name = _mind_of(key)
    if name is None or name in _TAKEN:
        raise StartupError(
            f"{key} ({source}) is no setting of a mind.",
            "Write a table [minds.NAME] with the engine as `name`; NAME is of small letters, digits, _ and -, and "
            f"none of {', '.join(_TAKEN)}.",
        )


def _check_tool_server(key: str, source: str) -> None:
    found = _TOOL_SERVER.fullmatch(key)
    if found is None or found[1] == "vivavoce":
        raise StartupError(
            f"{key} ({source}) is no setting of a tool server.",
            "Write a table [tools.servers.NAME] with a url or a command; NAME is of letters, digits, _ and -, and not "
            "vivavoce, which is the assistant's own.",
        )


def _check_routing(routing: Routing, known: tuple[str, ...]) -> None:
    """Everyone who is named there has to be a mind."""
    named = {f"routing.aliases ({alias})": mind for alias, mind in routing.named().items() if mind != "auto"}
    named |= {f"routing.fallback ({mind})": mind for mind in routing.fallback}
    if routing.default != "auto":
        named["routing.default"] = routing.default
    named |= {"routing.quick": routing.quick, "routing.thinking": routing.thinking or "vivavoce"}
    for key, mind in named.items():
        if mind not in known:
            raise StartupError(
                f"{key} names {mind!r}, which is no mind.",
                f"Minds are: {', '.join(known)}. Add others as tables [minds.NAME].",
            )


def _section(name: str, section: type, given: Mapping[str, _Given]) -> Any:
    hints = get_type_hints(section)
    values = {}
    for one in fields(section):
        key = f"{name}.{one.name}"
        if key in given:
            values[one.name] = _converted(key, given[key], hints[one.name])
            _check_range(key, given[key], values[one.name], one.metadata)
    return section(**values)


def _check_range(key: str, given: _Given, value: Any, limits: Mapping[str, Any]) -> None:
    low, high = limits["at_least"], limits["at_most"]
    if (low is not None and value < low) or (high is not None and value > high):
        upper = "" if high is None else f" and at most {high:g}"
        raise StartupError(f"{key} is {value} ({given.source}).", f"It must be at least {low:g}{upper}.")


def _tool_servers(given: Mapping[str, _Given]) -> dict[str, dict[str, Any]]:
    """The options of each; tables inside them (headers, env) are put together again."""
    servers: dict[str, dict[str, Any]] = {}
    for key, one in given.items():
        if found := _TOOL_SERVER.fullmatch(key):
            options = servers.setdefault(found[1], {})
            if found[3] is None:
                options[found[2]] = one.value
            else:
                options.setdefault(found[2], {})[found[3]] = str(one.value)
    return servers


def _mind(name: str, given: Mapping[str, _Given]) -> MindChoice:
    prefix = f"minds.{name}."
    load = given.get(f"{prefix}load", _Given("lazily", "default"))
    options = {key: one for key, one in given.items() if key != f"{prefix}load"}
    when = _converted(f"{prefix}load", load, get_type_hints(MindChoice)["load"])
    return MindChoice(_engine("llm", options, prefix), when)


def _engine(kind: str, given: Mapping[str, _Given], prefix: str = "") -> EngineChoice:
    """`prefix`: of the keys of its table; "": the usual one."""
    prefix = prefix or f"engines.{kind}."
    options = {key.removeprefix(prefix): one.value for key, one in given.items() if key.startswith(prefix)}
    default: EngineChoice = getattr(EngineChoices(), kind)
    name = options.pop("name", default.name)
    chosen = given.get(f"{prefix}name")
    if chosen and name not in (known := engine_names(kind)):
        raise StartupError(
            f"There is no {kind} engine {name!r} ({chosen.source}).",
            f"Set {prefix}name to one of: {', '.join(known)}.",
        )
    return EngineChoice(name, MappingProxyType(options))


def engine_names(kind: str) -> list[str]:
    """The engines of a kind: the files in its folder that load one. They are read, not imported: that is slow."""
    folder = Path(__file__).parent / "engines" / ENGINE_FOLDERS[kind]
    return sorted(path.stem for path in folder.glob("[!_]*.py") if "\ndef load(" in path.read_text(encoding="utf-8"))


# --- converting --------------------------------------------------------------------------------------


def fill(options: type[T], values: Mapping[str, Any], where: str) -> T:
    """An engine's `options` dataclass from what the settings say about it.

    `where` is the table's name for errors ("engines.tts"). Strings, as the environment gives them,
    become what the fields want. Raises StartupError for unknown options and unfit values.
    """
    hints = get_type_hints(options)
    known = [one.name for one in fields(options) if one.init]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise StartupError(f"There is no option {where}.{name}.", f"{hint}It takes: {', '.join(known)}.")
    given = {
        name: _converted(f"{where}.{name}", _Given(value, "settings"), hints[name]) for name, value in values.items()
    }
    try:
        return options(**given)
    except ValueError as error:
        raise StartupError(f"The options of {where} do not fit: {error}.", f"Correct them in {FILE_NAME}.") from error


def _converted(key: str, given: _Given, wanted: Any) -> Any:
    try:
        return _convert(given.value, wanted)
    except (ValueError, TypeError) as error:
        shown = "***" if is_secret(key) else repr(given.value)
        raise StartupError(f"{key} is {shown} ({given.source}).", f"It must be {error}.") from error


def _convert(value: Any, wanted: Any) -> Any:
    origin = get_origin(wanted)
    if origin is Literal:
        return _one_of(value, get_args(wanted))
    if origin in (Union, UnionType):
        return _first_that_fits(value, get_args(wanted))
    if origin is tuple:
        parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)
        return tuple(_convert(part, get_args(wanted)[0]) for part in parts if part != "")
    return _SIMPLE.get(wanted, _as_is)(value)


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError("one of " + ", ".join(map(str, choices)))
    return value


def _first_that_fits(value: Any, kinds: tuple[Any, ...]) -> Any:
    if type(None) in kinds and value in (None, "", "none"):
        return None
    kind = next(kind for kind in kinds if kind is not type(None))
    return _convert(value, kind)


def _as_is(value: Any) -> Any:
    return value


def _bool(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    found = words.get(str(value).lower())
    if found is None:
        raise ValueError("true or false")
    return found


def _int(value: Any) -> int:
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
    except ValueError:
        raise ValueError("a whole number") from None
    return int(value)


def _float(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError("a number") from None


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text in quotes")
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("a folder")
    return Path(value).expanduser().absolute()


_SIMPLE: dict[Any, Any] = {
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    Path: _path,
    Secret: lambda value: Secret(_str(value)),
    DatabaseUrl: lambda value: DatabaseUrl(_str(value)),
    ApiKey: lambda value: ApiKey.of(_str(value)),
}


# --- telling -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `vivavoce settings`; `value` is fit to be shown."""

    key: str
    value: Any
    source: str
    doc: str


def entries(settings: Settings) -> list[Entry]:
    """All settings in order, secrets masked."""
    return [*_section_entries(settings), *_engine_entries(settings), *_tool_server_entries(settings)]


def _tool_server_entries(settings: Settings) -> Iterator[Entry]:
    for name, options in settings.tool_servers.items():
        for option, value in options.items():
            key = f"tools.servers.{name}.{option}"
            shown = "***" if option in ("headers", "env", "authorization") else value
            yield Entry(key, shown, settings.sources.get(key, "vivavoce.toml"), "Option of a tool server")


def _section_entries(settings: Settings) -> Iterator[Entry]:
    for name, section in _SECTIONS.items():
        for one in fields(section):
            key = f"{name}.{one.name}"
            value = _shown(getattr(getattr(settings, name), one.name))
            yield Entry(key, value, settings.sources.get(key, "default"), one.metadata["doc"])


def _engine_entries(settings: Settings) -> Iterator[Entry]:
    for kind in ENGINE_FOLDERS:
        yield from _choice_entries(settings, f"engines.{kind}", kind, getattr(settings.engines, kind))
    for name, mind in settings.minds.items():
        yield from _choice_entries(settings, f"minds.{name}", "llm", mind.engine)
        key = f"minds.{name}.load"
        yield Entry(key, mind.load, settings.sources.get(key, "default"), "lazily (when it is first asked) or start")


def _choice_entries(settings: Settings, table: str, kind: str, choice: EngineChoice) -> Iterator[Entry]:
    for name, value in {"name": choice.name, **choice.options}.items():
        key = f"{table}.{name}"
        doc = f"One of {', '.join(engine_names(kind))}" if name == "name" else f"Option of {choice.name}"
        shown = "***" if is_secret(key) and value else value
        yield Entry(key, shown, settings.sources.get(key, "default"), doc)


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_shown(part) for part in value]
    return value if isinstance(value, (int, float, str)) else str(value)


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value must not be shown."""
    last = key.rpartition(".")[2]
    return any(word in last for word in ("key", "token", "secret", "password"))


def storage_url(settings: Settings) -> str:
    """The database in force, with its password."""
    return settings.storage.url.reveal() or f"sqlite:///{settings.paths.database}"


def can_show_pages(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether opening a browser makes sense: a desktop with a person before it, not a CI job."""
    if environment.get("CI"):
        return False
    if sys.platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in environment
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
