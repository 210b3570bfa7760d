"""Settings become engines, loaded from the model files, each by the name of its file; and the assistant's own part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vivavoce.assistant.auto import AUTO, Auto, AutoAloud
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.home import Extracting, Home, Shelves, ToolOptions
from vivavoce.assistant.minds import DEFAULT, Minds
from vivavoce.assistant.thinking import THINK, TOOL, Desk, Thinking
from vivavoce.engines.llm.apart import Apart
from vivavoce.engines.llm.fallback import Fallback, Passed
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, ToneVoice, scripted_engines
from vivavoce.errors import ModelUnavailable
from vivavoce.models import ModelFiles
from vivavoce.models.store import Store
from vivavoce.ports import Engines, HostedTool, LanguageModel, ToolHost
from vivavoce.settings import ENGINE_FOLDERS, SESSION_ENGINES, EngineChoice, MindChoice, Settings, fill
from vivavoce.storage.database import Database
from vivavoce.storage.keepsakes import Memories, Notes, Profiles, Reminders

LOCAL = "llama"
"""The engine that computes on this machine."""
DEMO_HUSH_SECONDS = 0.05  # of the demo's known delay, what passes before its engines are asked


def model_files(settings: Settings) -> ModelFiles:
    """Where the files of a model lie; raises ModelUnavailable for one that is not there."""
    return Store(settings.paths.models, prefer=settings.models.prefer).path


def load_engines(settings: Settings, loaded: Callable[[str], None] = lambda kind: None) -> Engines:
    """Load the five engines that the settings name, side by side; `loaded` is told the kind of each that is there.
    Blocks for seconds. Raises StartupError."""
    files = model_files(settings)

    def load(kind: str) -> Any:
        engine = load_engine(kind, getattr(settings.engines, kind), files)
        loaded(kind)
        return engine

    with ThreadPoolExecutor(len(SESSION_ENGINES)) as threads:
        loading = {kind: threads.submit(load, kind) for kind in SESSION_ENGINES}
    failed = [error for future in loading.values() if (error := future.exception())]
    if failed:
        for future in loading.values():
            if not future.exception():
                future.result().close()
        raise _joined(failed)
    return Engines(**{kind: future.result() for kind, future in loading.items()})


def _joined(failed: list[BaseException]) -> BaseException:
    """One error for all models that are missing; any other failure speaks for itself."""
    missing = [error for error in failed if isinstance(error, ModelUnavailable)]
    if len(missing) < 2 or len(missing) < len(failed):
        return failed[0]
    return ModelUnavailable(" ".join(map(str, missing)), "Run `vivavoce models pull`.")


def load_engine(kind: str, choice: EngineChoice, files: ModelFiles) -> Any:
    """One engine by the name of its file. Raises StartupError."""
    module = import_module(f"vivavoce.engines.{ENGINE_FOLDERS[kind]}.{choice.name}")
    options = fill(module.Options, choice.options, f"engines.{kind}")
    with _telling(f"engines.{kind}"):
        return module.load(options, files)


@contextmanager
def _telling(table: str) -> Iterator[None]:
    """A model that is missing is told with the settings that want it."""
    try:
        yield
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{table}: {error}", error.remedy) from error


@dataclass(frozen=True, slots=True)
class LoadedMinds:
    """`added`: the models that have to be closed; `silent`: tools that minds call by themselves (see Tooling)."""

    minds: Minds
    added: tuple[LanguageModel, ...]
    silent: Mapping[str, tuple[ToolHost, HostedTool]]


def load_minds(settings: Settings, default: LanguageModel, passed: Passed) -> LoadedMinds:
    """The minds that the settings name; `default` is its owner's. Blocks while those load that are wanted at the
    start. Raises StartupError."""
    files, routing = model_files(settings), settings.routing
    added: dict[str, LanguageModel] = {}
    try:
        for name, choice in settings.minds.items():
            added[name] = _load_mind(name, choice, files, settings.paths.models)
    except BaseException:
        for model in added.values():
            model.close()
        raise
    own = {DEFAULT: default, **added}

    def row(*names: str, within: float = routing.first_token_seconds) -> Fallback:
        able = [(name, own[name]) for name in dict.fromkeys(names)]
        return Fallback(able, within, routing.rest_seconds, passed)

    rows = {name: row(name, *routing.fallback) for name in own}
    quick, thinking = rows[routing.quick], rows[routing.quick]
    if routing.thinking:  # an answer that was promised is given, if need be by the quick one
        thinking = row(routing.thinking, *routing.fallback, routing.quick, within=routing.thinking_seconds)
    desk = Desk(routing.thinking or routing.quick)
    every: dict[str, LanguageModel] = {AUTO: Auto(quick, thinking), **rows}
    minds = Minds(
        every[routing.default],
        {name: mind for name, mind in every.items() if name != DEFAULT},
        routing.named(),
        aloud={AUTO: AutoAloud(quick, thinking, desk)} if routing.thinking else None,
        unlisted=() if routing.thinking else (AUTO,),
        quick=rows[DEFAULT],
    )
    return LoadedMinds(minds, tuple(added.values()), {THINK: (Thinking(thinking, desk), TOOL)})


def _load_mind(name: str, choice: MindChoice, files: ModelFiles, folder: Path) -> LanguageModel:
    """A mind, or what becomes one when it is first asked, in a process of its own. Its options are checked in any
    case. Those on other machines take nothing here."""
    engine = choice.engine.name
    module = import_module(f"vivavoce.engines.{ENGINE_FOLDERS['llm']}.{engine}")
    options = fill(module.Options, choice.engine.options, f"minds.{name}")
    if engine == LOCAL and choice.load == "lazily":
        return Apart(engine, options, folder)
    with _telling(f"minds.{name}"):
        loaded: LanguageModel = module.load(options, files)
    return loaded


def demo_engines(settings: Settings) -> Engines:
    """Scripted engines that together take the delay the settings name."""
    delay = max(0.0, settings.demo.delay_ms / 1000 - DEMO_HUSH_SECONDS)
    return scripted_engines(
        stt=ScriptedTranscriber(takes=0.3 * delay),
        llm=ScriptedModel(first=0.5 * delay),
        tts=ToneVoice(takes=0.2 * delay),
    )


def make_home(settings: Settings, kept: Database, files: FileShelf, extracting: Extracting | None = None) -> Home:
    """The assistant's own part of a server. Raises StartupError."""

    def read_file(owner: str, file_id: str) -> tuple[str, bytes]:
        return files.find(owner, file_id).name, files.content(owner, file_id)

    shelves = Shelves(Notes(kept), Reminders(kept), Memories(kept), Profiles(kept))
    tools = settings.tools
    options = ToolOptions(tools.functions, tools.function_seconds, tools.private_pages)
    return Home(shelves, read_file, options, extracting=extracting)
