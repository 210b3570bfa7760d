"""One server process from its start to its end: start, serve, drain, stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from vivavoce.api.auth import Keys
from vivavoce.api.realtime.connection import drain
from vivavoce.api.server import UVICORN_OPTIONS
from vivavoce.app.house import House
from vivavoce.app.listening import certificate_of, listen, url_of
from vivavoce.app.routes import api_of
from vivavoce.app.warming import Say, warm
from vivavoce.certificate import Certificate, keep_fresh
from vivavoce.settings import Settings, storage_url
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.database import MEMORY
from vivavoce.telemetry import logs
from vivavoce.telemetry.metrics import measure_loop_lag


async def serve(
    settings: Settings, *, demo: bool = False, say: Say = print, on_ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready(url)` is called once the engines are warm. Raises StartupError."""
    logs.set_up(settings.server.log_level.upper())
    async with open_archive(_database(settings, demo)) as archive:
        await _serve(settings, demo, archive, say, on_ready)


def _database(settings: Settings, demo: bool) -> str:
    """The URL of the database. A demo leaves nothing behind, unless it is told where."""
    return MEMORY if demo and not settings.storage.url else storage_url(settings)


async def _serve(settings: Settings, demo: bool, archive: Archive, say: Say, on_ready: Callable[[str], None]) -> None:
    keys = Keys(tuple(key.digest for key in settings.server.keys))
    certificate = certificate_of(settings)
    listening = listen(settings.server.host, settings.server.port, keys)
    url = url_of(listening, "https" if certificate else "http")
    house = House(settings, demo, archive, certificate)
    house.address = url.replace("http", "ws", 1) + "/v1/realtime"
    server = _Server(_configured(api_of(house, keys), certificate), house)
    try:
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(measure_loop_lag(house.note_lag)),
                tasks.create_task(_open(house, server, say, lambda: on_ready(url))),
                tasks.create_task(house.keeper.run()),
                tasks.create_task(house.jobs.serve()),
                tasks.create_task(house.home.run()),
            ]
            if certificate is not None and server.config.ssl is not None:
                beside.append(tasks.create_task(keep_fresh(certificate, server.config.ssl)))
            await server.serve(sockets=[listening])
            await house.keeper.settle()
            for task in beside:
                task.cancel()
    finally:
        listening.close()
        await house.close()
    if house.trouble is not None:
        raise house.trouble


async def _open(house: House, server: uvicorn.Server, say: Say, on_ready: Callable[[], None]) -> None:
    """Warm the house; a server that cannot be warmed ends."""
    await warm(house, say, on_ready)
    if house.trouble is not None:
        server.should_exit = True


def _configured(api: Any, certificate: Certificate | None) -> uvicorn.Config:
    options: dict[str, Any] = {**UVICORN_OPTIONS, "log_config": None, "log_level": "warning", "access_log": False}
    if certificate is not None:
        options |= {"ssl_certfile": certificate.file, "ssl_keyfile": certificate.key}
    config = uvicorn.Config(api, **options)
    config.load()
    return config


class _Server(uvicorn.Server):
    """Lets conversations come to their end before it stops; a second Ctrl-C ends them at once."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house = house

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._house.draining = True
        seconds = self._house.settings.server.drain_seconds
        await drain(self._house.service, seconds, lambda: self.force_exit)
        await super().shutdown(sockets)
