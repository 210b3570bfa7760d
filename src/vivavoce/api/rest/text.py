"""The routes that answer in text, for clients of OpenAI and of Anthropic alike."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from vivavoce.api.auth import Keys
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.chat import chat_routes
from vivavoce.api.rest.messages import message_routes
from vivavoce.assistant.minds import Minds
from vivavoce.ports import Engines
from vivavoce.storage.completions import Completions


def text_routes(
    minds: Callable[[], Minds | None],
    engines: Callable[[], Engines | None],
    keys: Keys,
    opener: Opener,
    kept: Completions,
) -> list[Route]:
    """`minds`, `engines`: None while they are not warm. `kept`: chat completions that are to be stored."""
    return [*chat_routes(minds, engines, keys, opener, kept), *message_routes(minds, engines, keys, opener)]
