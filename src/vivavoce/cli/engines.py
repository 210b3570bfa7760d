"""Single engines for commands that need one without a server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from vivavoce.settings import Settings, fill

if TYPE_CHECKING:
    from vivavoce.ports import Synthesizer


def load_synthesizer(settings: Settings) -> Synthesizer:
    """The speech engine that the settings name. Raises StartupError."""
    from vivavoce.app import model_files

    choice = settings.engines.tts
    module = import_module(f"vivavoce.engines.tts.{choice.name}")
    engine: Synthesizer = module.load(fill(module.Options, choice.options, "engines.tts"), model_files(settings))
    return engine
