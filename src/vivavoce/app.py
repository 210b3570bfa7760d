"""The composition root: settings become engines, engines become sessions, sessions become a server.

The only module that knows all layers; nothing but the command line imports it.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import uvicorn
from starlette.routing import BaseRoute

from vivavoce.api.auth import Keys
from vivavoce.api.rates import Rates
from vivavoce.api.realtime.call import Limits
from vivavoce.api.realtime.connection import Service, drain
from vivavoce.api.realtime.conversation import Send
from vivavoce.api.realtime.prompts import prompts_in
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.api.rest.attachments import Opener
from vivavoce.api.rest.conversations import conversation_routes
from vivavoce.api.rest.embeddings import embedding_routes
from vivavoce.api.rest.files import file_routes
from vivavoce.api.rest.memories import memory_routes, profile_routes
from vivavoce.api.rest.moderations import moderation_routes
from vivavoce.api.rest.responses import response_routes
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.api.rest.responses_run import Means
from vivavoce.api.rest.text import text_routes
from vivavoce.api.rest.tool_servers import tool_server_routes
from vivavoce.api.rest.transfer import transfer_routes
from vivavoce.api.server import UVICORN_OPTIONS, create_api
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.minds import Minds
from vivavoce.assistant.titles import title_of
from vivavoce.assistant.tool_servers import ClientsServers, operators_server
from vivavoce.assistant.tool_servers import Options as ToolServerOptions
from vivavoce.certificate import Certificate, certificate_in, keep_fresh
from vivavoce.conversation.config import PERSONA, ReplyOptions, SessionConfig
from vivavoce.conversation.items import Item
from vivavoce.engines import pool
from vivavoce.engines.lazy import Lazy
from vivavoce.errors import SessionRefused, StartupError, TurnError
from vivavoce.loading import demo_engines, load_engine, load_engines, load_minds, make_home, model_files
from vivavoce.ports import Engines, HostedTool, LanguageModel, Prompt, ToolHost, Urgency
from vivavoce.session.admission import Admission
from vivavoce.session.openers import rehearse
from vivavoce.session.phrases import Phrasebook
from vivavoce.session.self_check import SelfCheck, self_check
from vivavoce.session.session import Session
from vivavoce.session.tooling import Tooling
from vivavoce.settings import Settings, fill, storage_url
from vivavoce.storage.archive import Archive, Keeper, open_archive
from vivavoce.storage.database import MEMORY
from vivavoce.storage.recorder import Recorder
from vivavoce.telemetry import logs
from vivavoce.telemetry.metrics import Metrics, measure_loop_lag
from vivavoce.webrtc.gateway import Gateway, WebRtcOptions

logger = logging.getLogger(__name__)

Say = Callable[[str], None]

CHARACTERS_PER_TOKEN = 3
"""A low guess: what a model can surely take of a conversation of before."""

CLOSING_SECONDS = 5.0  # for tool servers that are processes to end by themselves


async def serve(
    settings: Settings, *, demo: bool = False, say: Say = print, on_ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready(url)` is called once the engines are warm. Raises StartupError."""
    logs.set_up()
    async with open_archive(_database(settings, demo)) as archive:
        await _serve(settings, demo, archive, say, on_ready)


def _database(settings: Settings, demo: bool) -> str:
    """The URL of the database. A demo leaves nothing behind, unless it is told where."""
    return MEMORY if demo and not settings.storage.url else storage_url(settings)


async def _serve(settings: Settings, demo: bool, archive: Archive, say: Say, on_ready: Callable[[str], None]) -> None:
    keys = Keys(tuple(key.digest for key in settings.server.keys))
    certificate = _certificate(settings)
    listening = _listen(settings.server.host, settings.server.port, keys)
    url = _url(listening, "https" if certificate else "http")
    house = _House(settings, demo, archive, certificate)
    house.address = url.replace("http", "ws", 1) + "/v1/realtime"
    server = _Server(_configured(house.api(keys), certificate), house)
    try:
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(measure_loop_lag(house.note_lag)),
                tasks.create_task(_warm(house, server, say, lambda: on_ready(url))),
            ]
            if certificate is not None and server.config.ssl is not None:
                beside.append(tasks.create_task(keep_fresh(certificate, server.config.ssl)))
            beside += [tasks.create_task(house.keeper.run()), tasks.create_task(house.jobs.serve())]
            beside.append(tasks.create_task(house.home.run()))
            await server.serve(sockets=[listening])
            await house.keeper.settle()
            for task in beside:
                task.cancel()
    finally:
        listening.close()
        await house.gateway.close()
        await house.close_hosts()
        house.close()
    if house.trouble is not None:
        raise house.trouble


def _certificate(settings: Settings) -> Certificate | None:
    """What https is served with, where it is. Raises StartupError."""
    file, key = settings.server.certificate, settings.server.key_file
    if file:
        certificate = Certificate(Path(file).expanduser(), Path(key or file).expanduser())
    elif settings.server.https:
        certificate = certificate_in(settings.paths.home)
    else:
        return None
    certificate.renew()
    certificate.check()
    return certificate


def _configured(api: Any, certificate: Certificate | None) -> uvicorn.Config:
    options: dict[str, Any] = {**UVICORN_OPTIONS, "log_config": None, "log_level": "warning", "access_log": False}
    if certificate is not None:
        options |= {"ssl_certfile": certificate.file, "ssl_keyfile": certificate.key}
    config = uvicorn.Config(api, **options)
    config.load()
    return config


class _Server(uvicorn.Server):
    """Lets conversations come to their end before it stops; a second Ctrl-C ends them at once."""

    def __init__(self, config: uvicorn.Config, house: _House) -> None:
        super().__init__(config)
        self._house = house

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._house.draining = True
        seconds = self._house.settings.server.drain_seconds
        await drain(self._house.service, seconds, lambda: self.force_exit)
        await super().shutdown(sockets)


def _webrtc(settings: Settings, certificate: Certificate | None) -> WebRtcOptions:
    webrtc = settings.webrtc
    servers = [(url, "", "") for url in webrtc.stun]
    if webrtc.turn:
        servers.append((webrtc.turn, webrtc.turn_user, webrtc.turn_password.reveal()))
    ours = certificate.file if certificate else None
    return WebRtcOptions(tuple(servers), webrtc.port_range(), webrtc.public_address, ours)


class _House:
    """What one server process holds: its engines once they are loaded, its places, its metrics."""

    def __init__(
        self, settings: Settings, demo: bool, archive: Archive, certificate: Certificate | None = None
    ) -> None:
        self.settings, self.demo, self.archive = settings, demo, archive
        self.metrics = Metrics()
        self.admission = Admission(settings.server.max_sessions)
        self.engines: Engines | None = None
        self.minds: Minds | None = None
        self._added: tuple[LanguageModel, ...] = ()
        self.phrases: Phrasebook | None = None
        self.files = FileShelf(settings.paths.home / "files")
        self.home = make_home(settings, archive.database, self.files)
        self.hosts: dict[str, ToolHost] = {
            self.home.tools.label: self.home.tools,
            **{
                label: operators_server(label, fill(ToolServerOptions, options, f"tools.servers.{label}"))
                for label, options in settings.tool_servers.items()
            },
        }
        """Tool servers that sessions may name by these labels; closed with the house."""
        self._silent: dict[str, tuple[ToolHost, HostedTool]] = {}
        self.tooling = Tooling(self.hosts, ClientsServers(settings.tools.client_servers), self._silent)
        self.trouble: StartupError | None = None
        """Why the engines could not be loaded."""
        self.ready = self.draining = False
        limits = Limits(resume=settings.server.resume_seconds, longest=settings.server.session_minutes * 60)
        self.gateway = Gateway(lambda: self.address, _webrtc(settings, certificate))
        self.keeper = Keeper(archive, self.title)
        self.jobs = Jobs()
        self.embedder, self.moderator = self._lazy("embedding"), self._lazy("moderation")
        self.address = ""
        """Where this machine reaches the server's own WebSocket."""
        prompts = prompts_in(settings.paths.home / "prompts")
        self.service = Service(
            self.open_session,
            self.metrics,
            fresh=RealtimeSession("", "", prompts=prompts),
            limits=limits,
            rates=Rates(settings.server.requests_per_minute, settings.server.tokens_per_minute),
            answer_offer=self.gateway.answer,
            record=self.record,
        )
        self._unwatch = pool.watch(self.note_wait)

    def api(self, keys: Keys) -> Any:
        return create_api(
            self.service,
            keys=keys,
            ready=lambda: self.ready and not self.draining,
            models=["vivavoce", *(["auto"] if self.settings.routing.thinking else []), *self.settings.minds],
            engines=lambda: self.engines if self.ready else None,
            minds=lambda: self.minds if self.ready else None,
            page=Path(str(resources.files("vivavoce"))) / "web",
            more=self._more(keys),
        )

    def _more(self, keys: Keys) -> list[BaseRoute]:
        """The routes of what this process keeps."""
        minds, engines = (lambda: self.minds if self.ready else None), (lambda: self.engines if self.ready else None)
        opener = Opener(self.files)
        return [
            *file_routes(self.files, keys),
            *embedding_routes(self.embedder.get, keys),
            *moderation_routes(self.moderator.get, keys),
            *text_routes(minds, engines, keys, opener, self.archive.completions),
            *transfer_routes(self.archive.conversations, self.archive.database, keys),
            *conversation_routes(self.archive.conversations, keys),
            *response_routes(
                Means(
                    minds,
                    engines,
                    opener,
                    self.archive,
                    self.jobs,
                    self.tooling,
                    prompts_in(self.settings.paths.home / "prompts"),
                    self.keeper.titling.consider,
                ),
                keys,
            ),
            *memory_routes(self.home.knowledge, keys),
            *profile_routes(self.home.knowledge, keys),
            *tool_server_routes(self.hosts, keys),
        ]

    def open_session(self, config: SessionConfig, send: Send, owner: str) -> Session:
        if self.draining:
            raise SessionRefused("The server is shutting down. Try again in a moment.")
        if self.engines is None or self.minds is None or not self.ready:
            raise SessionRefused("The models are still warming up. Try again in a few seconds.")
        self.admission.enter()
        attendant = self.home.attendant(owner)

        def closed() -> None:
            attendant.leave()
            self.admission.leave()

        session = Session(
            replace(self.engines, llm=attendant.mind(self.minds.for_voice(config.model))),
            config,
            attendant.seeing(send),
            on_close=closed,
            phrases=self.phrases,
            tooling=self.tooling,
            owner=owner,
        )
        attendant.attend(session)
        return session

    def _lazy(self, kind: str) -> Lazy[Any]:
        choice = getattr(self.settings.engines, kind)
        return Lazy(lambda: load_engine(kind, choice, model_files(self.settings)))

    def record(self, owner: str, config: SessionConfig, look: Callable[[], Sequence[Item]]) -> Recorder:
        """What keeps a session that is being opened."""
        assert self.minds is not None, "a session is open"  # noqa: S101
        return self.keeper.recorder(owner, look, CHARACTERS_PER_TOKEN * self.minds.for_voice(config.model).context)

    async def title(self, items: Sequence[Item]) -> str:
        return await title_of(None if self.minds is None else self.minds.quick, items)

    def note_lag(self, seconds: float) -> None:
        self.metrics.loop_was_late(seconds)
        self.admission.note_lag(seconds)

    def note_wait(self, engine: str, urgency: Urgency, seconds: float) -> None:
        self.metrics.queued(engine, urgency.name.lower(), seconds)
        if urgency is Urgency.NOW:
            self.admission.note_wait(seconds)

    def note_passed(self, mind: str, why: str) -> None:
        self.metrics.mind_passed(mind, why)
        if why != "resting":
            logger.warning("a mind was passed over", extra={"model": mind, "code": why})

    def load(self) -> None:
        self.engines = demo_engines(self.settings) if self.demo else load_engines(self.settings)
        loaded = load_minds(self.settings, self.engines.llm, self.note_passed)
        self.minds, self._added = loaded.minds, loaded.added
        self._silent.update(loaded.silent)
        self.phrases = Phrasebook(self.engines.tts)

    async def close_hosts(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await asyncio.gather(*(host.close() for host in self.hosts.values()), return_exceptions=True)

    def close(self) -> None:
        self.ready = False
        self._unwatch()
        self.embedder.close()
        self.moderator.close()
        for mind in self._added:
            mind.close()
        if self.engines is not None:
            self.engines.close()


async def _warm(house: _House, server: uvicorn.Server, say: Say, on_ready: Callable[[], None]) -> None:
    """Load the engines, hold the self-check, open the doors."""
    try:
        await asyncio.to_thread(house.load)
    except StartupError as error:
        house.trouble = error
        server.should_exit = True
        return
    if house.engines is not None and not house.demo:
        await _check(house.engines, say)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection need look through it while people talk
    house.ready = True
    on_ready()
    if house.engines is not None and house.phrases is not None and not house.demo:
        await house.phrases.render(ReplyOptions(), "en")
        await rehearse(house.engines.tts)


async def _check(engines: Engines, say: Say) -> None:
    """Hold the self-check; while its question is spoken, the model reads its instructions into every slot."""
    instructions = Prompt(PERSONA, ())
    warming = asyncio.create_task(engines.llm.warm(instructions))
    try:
        say(describe(await self_check(engines)))
        await warming
        await engines.llm.warm(instructions)  # what gave way to the answer; the rest costs nothing
    except TurnError as error:
        say(f"self-check: {error}. `vivavoce doctor` looks closer.")
    finally:
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)


def describe(check: SelfCheck) -> str:
    """The self-check in three lines."""
    return (
        f"self-check: asked     “{check.asked}”\n"
        f"            heard     “{check.heard}”\n"
        f"            answered  “{check.answered}” after {check.voice_to_voice_ms:.0f} ms"
    )


def _listen(host: str, port: int, keys: Keys) -> socket.socket:
    """A bound socket. Raises StartupError: port in use, address not ours, or open to others without a key."""
    if not keys.required and not _is_loopback(host):
        raise StartupError(
            f"Without a key the server listens on this machine only, and {host} is open to others.",
            "Set VIVAVOCE_API_KEYS to a secret of your own, or leave --host at 127.0.0.1.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise StartupError(
                f"Port {port} is in use already.", "Choose another with --port, or --port 0 for any free one."
            ) from None
        raise StartupError(
            f"Cannot listen on {host}, port {port}: {error.strerror}.", "Choose another --host."
        ) from None
    return listening


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _url(listening: socket.socket, scheme: str) -> str:
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
