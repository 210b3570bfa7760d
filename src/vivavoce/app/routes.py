"""Which part of the house answers to which address. Further routes are added in `_kept`."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from vivavoce.api.auth import Keys
from vivavoce.api.health import status_routes
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.conversations import conversation_routes
from vivavoce.api.rest.embeddings import embedding_routes
from vivavoce.api.rest.files import file_routes
from vivavoce.api.rest.memories import memory_routes, profile_routes
from vivavoce.api.rest.moderations import moderation_routes
from vivavoce.api.rest.reminders import reminder_routes
from vivavoce.api.rest.responses import response_routes
from vivavoce.api.rest.responses_reading import Means
from vivavoce.api.rest.text import text_routes
from vivavoce.api.rest.tool_servers import tool_server_routes
from vivavoce.api.rest.transcriptions import transcription_routes
from vivavoce.api.rest.transfer import transfer_routes
from vivavoce.api.server import create_api
from vivavoce.app.house import House


def api_of(house: House, keys: Keys) -> Any:
    """The ASGI application."""
    settings = house.settings
    return create_api(
        house.service,
        keys=keys,
        ready=house.is_open,
        models=["vivavoce", *(["auto"] if settings.routing.thinking else []), *settings.minds],
        engines=house.ready_engines,
        minds=house.ready_minds,
        page=Path(str(resources.files("vivavoce"))) / "web",
        more=_kept(house, keys),
    )


def _kept(house: House, keys: Keys) -> list[BaseRoute]:
    """The routes of what this process keeps."""
    minds, engines, archive = house.ready_minds, house.ready_engines, house.archive
    opener = Opener(house.files)
    means = Means(
        minds,
        engines,
        opener,
        archive,
        house.jobs,
        house.tooling,
        house.prompts,
        house.keeper.titling.consider,
        house.home.mind,
        house.service.rates,
        house.seals,
    )
    return [
        *file_routes(house.files, keys),
        *transcription_routes(engines, keys, house.speaker_encoder.get),
        *embedding_routes(house.embedder.get, keys),
        *moderation_routes(house.moderator.get, keys),
        *text_routes(minds, engines, keys, opener, archive.completions),
        *transfer_routes(archive.conversations, archive.database, keys),
        *conversation_routes(archive.conversations, keys),
        *response_routes(means, keys),
        *memory_routes(house.home.knowledge, keys),
        *profile_routes(house.home.knowledge, keys),
        *reminder_routes(house.home.alarms, keys),
        *tool_server_routes(house.hosts, keys),
        *status_routes(house.is_open, house.progress),
    ]
