"""What one server process holds, and how its parts are joined."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from vivavoce.api.health import Progress
from vivavoce.api.rates import Rates
from vivavoce.api.realtime.call import Limits
from vivavoce.api.realtime.connection import Service
from vivavoce.api.realtime.conversation import Send
from vivavoce.api.realtime.prompts import prompts_in
from vivavoce.api.realtime.session_object import RealtimeSession
from vivavoce.api.rest.responses_jobs import Jobs
from vivavoce.app.listening import webrtc_of
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.home import Extracting
from vivavoce.assistant.minds import Minds
from vivavoce.assistant.personal import CHOOSES
from vivavoce.assistant.titles import title_of
from vivavoce.assistant.tool_servers import ClientsServers, operators_server
from vivavoce.assistant.tool_servers import Options as ToolServerOptions
from vivavoce.certificate import Certificate
from vivavoce.conversation.config import Manners, SessionConfig
from vivavoce.conversation.items import Item
from vivavoce.engines import pool
from vivavoce.engines.lazy import Lazy
from vivavoce.errors import SessionRefused, StartupError
from vivavoce.loading import demo_engines, load_engine, load_engines, load_minds, make_home, model_files
from vivavoce.ports import Engines, HostedTool, LanguageModel, ToolHost, Urgency, Vector
from vivavoce.session.admission import Admission
from vivavoce.session.phrases import Phrasebook
from vivavoce.session.session import Session
from vivavoce.session.tooling import Tooling
from vivavoce.settings import SESSION_ENGINES, Settings, fill
from vivavoce.storage.archive import Archive, Keeper
from vivavoce.storage.recorder import Recorder
from vivavoce.storage.seals import seals_in
from vivavoce.telemetry.metrics import Metrics
from vivavoce.webrtc.gateway import Gateway

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 3
"""A low guess: what a model can surely take of a conversation of before."""

CLOSING_SECONDS = 5.0  # for tool servers that are processes to end by themselves


class House:
    """Its engines once they are loaded, its places, its metrics, its shelves."""

    def __init__(
        self, settings: Settings, demo: bool, archive: Archive, certificate: Certificate | None = None
    ) -> None:
        """Raises StartupError."""
        self.settings, self.demo, self.archive = settings, demo, archive
        self.ready = self.draining = False
        self._loaded: set[str] = set()
        self.trouble: StartupError | None = None
        """Why the engines could not be loaded."""
        self.engines: Engines | None = None
        self.minds: Minds | None = None
        self.phrases: Phrasebook | None = None
        self._added: tuple[LanguageModel, ...] = ()
        self.embedder, self.moderator = self._lazy("embedding"), self._lazy("moderation")
        self.speaker_encoder = self._lazy("speaker")
        self.metrics = Metrics()
        self.admission = Admission(settings.server.max_sessions)
        self.files = FileShelf(settings.paths.home / "files")
        self.seals = seals_in(settings.paths.home / "seal.key")
        self.home = make_home(settings, archive.database, self.files, Extracting(self.extracting_mind, self.meanings))
        self.hosts: dict[str, ToolHost] = {self.home.tools.label: self.home.tools, **_operators_servers(settings)}
        """Tool servers that sessions may name by these labels; closed with the house."""
        self._silent: dict[str, tuple[ToolHost, HostedTool]] = {}
        self.tooling = Tooling(self.hosts, ClientsServers(settings.tools.client_servers), self._silent)
        self.keeper = Keeper(archive, self.title)
        self.jobs = Jobs()
        self.prompts = prompts_in(settings.paths.home / "prompts")
        self.address = ""
        """Where this machine reaches the server's own WebSocket."""
        self.gateway = Gateway(lambda: self.address, webrtc_of(settings, certificate))
        self.service = self._service()
        self._unwatch = pool.watch(self.note_wait)

    def _lazy(self, kind: str) -> Lazy[Any]:
        choice = getattr(self.settings.engines, kind)
        return Lazy(lambda: load_engine(kind, choice, model_files(self.settings)))

    def _service(self) -> Service:
        server, manners = self.settings.server, _usual_manners(self.settings)
        return Service(
            self.open_session,
            self.metrics,
            fresh=RealtimeSession("", "", SessionConfig(manners=manners), prompts=self.prompts, usual=manners),
            limits=Limits(resume=server.resume_seconds, longest=server.session_minutes * 60),
            rates=Rates(server.requests_per_minute, server.tokens_per_minute),
            answer_offer=self.gateway.answer,
            record=self.record,
        )

    # --- engines -------------------------------------------------------------------------------------

    def load(self) -> None:
        """Load what a conversation needs. Blocks for seconds. Raises StartupError."""
        self.engines = demo_engines(self.settings) if self.demo else load_engines(self.settings, self._loaded.add)
        loaded = load_minds(self.settings, self.engines.llm, self.note_passed)
        self.minds, self._added = loaded.minds, loaded.added
        self._silent.update(loaded.silent)
        self.phrases = Phrasebook(self.engines.tts)

    def is_open(self) -> bool:
        """Whether questions are answered."""
        return self.ready and not self.draining

    def progress(self) -> Progress:
        """How far the start has come."""
        return Progress(tuple(kind for kind in SESSION_ENGINES if kind in self._loaded), SESSION_ENGINES)

    def ready_engines(self) -> Engines | None:
        return self.engines if self.ready else None

    def ready_minds(self) -> Minds | None:
        return self.minds if self.ready else None

    # --- conversations -------------------------------------------------------------------------------

    def open_session(self, config: SessionConfig, send: Send, owner: str) -> Session:
        """Raises SessionRefused."""
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
            replace(
                self.engines,
                llm=attendant.mind(self.minds.for_voice(config.model)),
                speaker=self.speaker_encoder.get,
            ),
            config,
            attendant.seeing(send),
            on_close=closed,
            phrases=self.phrases,
            tooling=self.tooling,
            owner=owner,
        )
        attendant.attend(session)
        return session

    def record(self, owner: str, config: SessionConfig, look: Callable[[], Sequence[Item]]) -> Recorder:
        """What keeps a session that is being opened."""
        assert self.minds is not None, "a session is open"  # noqa: S101
        return self.keeper.recorder(owner, look, CHARACTERS_PER_TOKEN * self.minds.for_voice(config.model).context)

    async def title(self, items: Sequence[Item]) -> str:
        return await title_of(None if self.minds is None else self.minds.quick, items)

    def extracting_mind(self) -> LanguageModel | None:
        """The one that looks for facts: the thinking one, else a large default; None where there is only a small one,
        which takes questions for facts."""
        routing = self.settings.routing
        if self.minds is None or self.settings.memory.extract == "off":
            return None
        mind = self.minds.choose(routing.thinking) if routing.thinking else self.minds.default
        return mind if routing.thinking or mind.context >= CHOOSES else None

    async def meanings(self, texts: Sequence[str]) -> list[Vector]:
        """Raises ModelUnavailable, TurnError."""
        return [each.vector for each in await (await self.embedder.get()).embed(texts, Urgency.SPARE)]

    # --- what is noticed -----------------------------------------------------------------------------

    def note_lag(self, seconds: float) -> None:
        """The event loop was late."""
        self.metrics.loop_was_late(seconds)
        self.admission.note_lag(seconds)

    def note_wait(self, engine: str, urgency: Urgency, seconds: float) -> None:
        """Work waited in an engine's queue."""
        self.metrics.queued(engine, urgency.name.lower(), seconds)
        if urgency is Urgency.NOW:
            self.admission.note_wait(seconds)

    def note_passed(self, mind: str, why: str) -> None:
        """The next mind in line was asked instead of this one."""
        self.metrics.mind_passed(mind, why)
        if why != "resting":
            log.warning("a mind was passed over", extra={"model": mind, "code": why})

    # --- the end -------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Sessions must have ended."""
        await self.gateway.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await asyncio.gather(*(host.close() for host in self.hosts.values()), return_exceptions=True)
        self.ready = False
        self._unwatch()
        self.embedder.close()
        self.moderator.close()
        self.speaker_encoder.close()
        for mind in self._added:
            mind.close()
        if self.engines is not None:
            self.engines.close()


def _operators_servers(settings: Settings) -> dict[str, ToolHost]:
    """The MCP servers of the settings by their labels. Raises StartupError."""
    return {
        label: operators_server(label, fill(ToolServerOptions, options, f"tools.servers.{label}"))
        for label, options in settings.tool_servers.items()
    }


def _usual_manners(settings: Settings) -> Manners:
    """Of sessions whose clients ask for none."""
    chosen = settings.manners
    return Manners(
        openers=chosen.openers,
        listening_signals=chosen.listening_signals,
        idle_timeout_ms=chosen.idle_seconds * 1000 or None,
        ignore_side_talk=chosen.side_talk == "ignore",
    )
