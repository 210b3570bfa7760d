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

from vivavoce.settings.convert import fill
from vivavoce.settings.keys import engine_names
from vivavoce.settings.listing import Entry, entries
from vivavoce.settings.read import read_settings
from vivavoce.settings.secrets import ApiKey, DatabaseUrl, Secret, is_secret
from vivavoce.settings.sources import can_show_pages
from vivavoce.settings.tree import (
    ENGINE_FOLDERS,
    SESSION_ENGINES,
    EngineChoice,
    EngineChoices,
    MindChoice,
    Routing,
    Settings,
    storage_url,
)

__all__ = [
    "ENGINE_FOLDERS",
    "SESSION_ENGINES",
    "ApiKey",
    "DatabaseUrl",
    "EngineChoice",
    "EngineChoices",
    "Entry",
    "MindChoice",
    "Routing",
    "Secret",
    "Settings",
    "can_show_pages",
    "engine_names",
    "entries",
    "fill",
    "is_secret",
    "read_settings",
    "storage_url",
]
