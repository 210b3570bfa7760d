"""The server that a command talks to: one that runs already, or one that it starts and stops itself."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vivavoce.certificate import certificate_in, trusting
from vivavoce.cli.processes import memory_mib, started
from vivavoce.errors import StartupError
from vivavoce.settings import Secret, Settings

if TYPE_CHECKING:
    import httpx

READY_WITHIN = 120.0
"""Seconds that a server we start may take; a cold disk has to read a gigabyte of weights."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. `base`: "http://host:port", with no path. `certificate`: file of the one to trust, where
    nobody known signed it."""

    base: str
    key: Secret = Secret()
    certificate: Path | None = None

    @classmethod
    def of(cls, url: str, key: Secret | None = None, certificate: Path | None = None) -> Address:
        """From what people write: with or without scheme, /v1 or /v1/realtime. Raises StartupError."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        schemes = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
        if parts.scheme not in schemes or not parts.hostname:
            raise StartupError(f"{url!r} is no server address.", "Write it like http://127.0.0.1:8990.")
        path = parts.path.rstrip("/").removesuffix("/realtime").removesuffix("/v1")
        return cls(f"{schemes[parts.scheme]}://{parts.netloc}{path}", key or Secret(), certificate)

    @property
    def socket_url(self) -> str:
        return f"{self.base.replace('http', 'ws', 1)}/v1/realtime?model=vivavoce"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """How to find out whether it is the server that is meant; None where it is spoken to in the clear."""
        if not self.base.startswith("https"):
            return None
        if self.certificate is None:
            return ssl.create_default_context()
        try:
            return trusting(self.certificate)
        except (OSError, ssl.SSLError) as error:
            raise StartupError(
                f"The certificate {self.certificate} cannot be read: {error.strerror or error}.",
                "client.certificate must be a PEM file.",
            ) from None

    @property
    def headers(self) -> dict[str, str]:
        """What shows the key."""
        return {"Authorization": f"Bearer {self.key.reveal()}"} if self.key else {}

    def client(self, timeout: float) -> httpx.AsyncClient:
        """Asks the server; paths begin at its base. Raises StartupError."""
        import httpx

        return httpx.AsyncClient(
            base_url=self.base,
            headers=self.headers,
            timeout=timeout,
            trust_env=not self.is_local,
            verify=self.tls or True,
        )

    @property
    def is_local(self) -> bool:
        host = urlsplit(self.base).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


@dataclass(frozen=True, slots=True)
class Running:
    """A server to talk to; `pid` and `ready_seconds` are known of one that we started."""

    address: Address
    pid: int | None = None
    ready_seconds: float | None = None

    def memory_mib(self) -> float | None:
        """Peak resident memory of the server and its children, in MiB, where the system tells it."""
        return memory_mib(self.pid)


@asynccontextmanager
async def reach(settings: Settings, url: str | None, *arguments: str, fresh: bool = False) -> AsyncIterator[Running]:
    """The server at `url`, else the local one, else one that is started here and stopped at the end.

    `arguments` go to `vivavoce serve`; `fresh` passes over a local server that runs already.
    Raises StartupError when the server at `url` does not answer.
    """
    if url or settings.client.url:
        address = address_of(settings, url or settings.client.url)
        if not await is_healthy(address):
            raise StartupError(
                f"No vivavoce server answers at {address.base}.",
                "Start one with `vivavoce serve`, or leave --url out to have one started.",
            )
        yield Running(address)
        return
    local = address_of(settings, _local(settings, settings.server.port))
    if not fresh and await is_healthy(local):
        yield Running(local)
        return
    async with _started(settings, arguments) as running:
        yield running


def address_of(settings: Settings, url: str) -> Address:
    """The server at `url`, with what the settings know of it. Raises StartupError."""
    address = Address.of(url, settings.client.key)
    local = settings.server.certificate or certificate_in(settings.paths.home).file
    trusted = Path(settings.client.certificate or (local if address.is_local else "")).expanduser()
    return replace(address, certificate=trusted if trusted.is_file() else None)


def _local(settings: Settings, port: int) -> str:
    """Where a server with these settings is found on this machine."""
    return f"{'https' if settings.server.https or settings.server.certificate else 'http'}://127.0.0.1:{port}"


async def is_healthy(address: Address) -> bool:
    """Whether GET /health says that the server is ready."""
    import httpx

    try:
        async with address.client(timeout=2) as client:
            return (await client.get("/health")).is_success
    except httpx.HTTPError:
        return False


@asynccontextmanager
async def _started(settings: Settings, arguments: tuple[str, ...]) -> AsyncIterator[Running]:
    port = free_port()
    began = monotonic()
    address = address_of(settings, _local(settings, port))
    command = [sys.executable, "-m", "vivavoce", "serve", "--no-browser", "--port", str(port), *arguments]
    quiet = {"VIVAVOCE_SERVER__LOG_LEVEL": "warning"}  # its log goes to the terminal in which somebody talks
    async with started(
        command,
        lambda: is_healthy(address),
        name="The server",
        within=READY_WITHIN,
        remedy="Try `vivavoce doctor`.",
        environment=quiet | os.environ,
    ) as server:
        yield Running(address, server.pid, monotonic() - began)


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
