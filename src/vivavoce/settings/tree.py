"""Every setting with its default, its meaning and its limits, as a tree of frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints

from vivavoce.errors import StartupError
from vivavoce.settings.secrets import ApiKey, DatabaseUrl, Secret

FILE_NAME = "vivavoce.toml"
SESSION_ENGINES = ("vad", "turn", "stt", "llm", "tts")
"""What a conversation needs, loaded at the start; engines of other kinds are loaded when they are first used."""
ENGINE_FOLDERS = {
    **dict(zip(SESSION_ENGINES, ("vad", "turn_detection", "stt", "llm", "tts"), strict=True)),
    "embedding": "embedding",
    "moderation": "moderation",
    "speaker": "speaker",
}
"""Where the engines of each kind lie under `engines/`."""


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
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Least of what is logged; info has the decisions about turns and their reasons, debug also the drafts"
    )


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
    speaker: EngineChoice = EngineChoice("dvector")


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
class Memory:
    extract: Literal["auto", "off"] = setting(
        "auto",
        "Look for facts about people in what they say, when a conversation rests: auto, where there is a mind that is "
        "good enough (routing.thinking, or a large routing.default), or off",
    )


@dataclass(frozen=True, slots=True)
class Manners:
    """Of spoken sessions whose clients ask for none (`session.vivavoce`)."""

    openers: Literal["auto", "on", "off"] = setting(
        "auto", 'Begin with "Well," when an answer takes longer; auto: where instructions and tools are ours'
    )
    listening_signals: bool = setting(False, '"Mm-hm" in a pause of somebody who speaks for long')
    idle_seconds: int = setting(
        0, "With semantic_vad: silence after which it asks whether anybody is there; 0: never", at_least=0, at_most=600
    )
    side_talk: Literal["answer", "ignore"] = setting("answer", "What is said to somebody else gets an answer, or none")


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
    memory: Memory = Memory()
    manners: Manners = Manners()
    tool_servers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], repr=False)
    """Options of MCP servers by their labels, as written (see `fill`)."""
    demo: Demo = Demo()
    sources: Mapping[str, str] = field(default_factory=dict[str, str])


SECTIONS: dict[str, type] = {
    name: kind
    for name, kind in get_type_hints(Settings).items()
    if isinstance(kind, type) and is_dataclass(kind) and kind is not EngineChoices
}
"""The tables whose keys stand here, by their names."""


def storage_url(settings: Settings) -> str:
    """The database in force, with its password."""
    return settings.storage.url.reveal() or f"sqlite:///{settings.paths.database}"
