"""What the settings add: the database, a certificate, servers elsewhere, functions and tool servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from vivavoce.app.listening import certificate_of, webrtc_of
from vivavoce.assistant.tool_servers import Options as ToolServerOptions
from vivavoce.assistant.tool_servers import operators_server
from vivavoce.assistant.tools.functions import FunctionTools
from vivavoce.cli.db import state_of
from vivavoce.cli.doctor.engines import chosen
from vivavoce.cli.doctor.finding import Finding, wrong
from vivavoce.errors import StartupError, ToolFailed, VivavoceError
from vivavoce.ports import HostedTool, ToolHost
from vivavoce.settings import Settings, fill

PATIENCE = 10.0
"""Seconds for a server to answer."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def added(settings: Settings) -> Iterator[Finding]:
    yield _database(settings)
    yield from _network(settings)
    yield from _elsewhere(settings)
    yield from _functions(settings)
    yield from _tool_servers(settings)


def _database(settings: Settings) -> Finding:
    try:
        return Finding("database", state_of(settings))
    except VivavoceError as error:
        return wrong("database", error, "See that it can be reached and read, or set storage.url to another.")


def _network(settings: Settings) -> Iterator[Finding]:
    try:
        certificate = certificate_of(settings)
        webrtc_of(settings, certificate)
    except StartupError as error:
        yield wrong("https and WebRTC", error, "")
        return
    if certificate is not None:
        yield Finding("certificate", str(certificate.file))


def _elsewhere(settings: Settings) -> Iterator[Finding]:
    """Engines and minds on other machines."""
    for table, choice, options in chosen(settings):
        if hasattr(options, "base_url"):
            yield asyncio.run(_reached(table, choice.name, options))


async def _reached(table: str, engine: str, options: Any) -> Finding:
    """Whether a server answers, and takes the key. It is asked which models it has, which costs nothing."""
    host = urlsplit(options.base_url).hostname or ""
    if engine == "anthropic":
        path, headers = "/v1/models", {"x-api-key": options.api_key, "anthropic-version": "2023-06-01"}
    else:
        path, headers = "/models", {"Authorization": f"Bearer {options.api_key or 'none'}"}
    url = options.base_url.rstrip("/") + path
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=host not in LOOPBACK) as client:
            status = (await client.get(url, headers=headers)).status_code
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        remedy = f"Start the server, or correct {table}.base_url."
        return Finding(table, f"{options.base_url} cannot be reached ({type(error).__name__})", "wrong", remedy)
    if status in (401, 403):
        return Finding(table, f"{host} refuses the key ({status})", "wrong", f"Correct {table}.api_key.")
    return Finding(table, f"{options.model} at {host}, which answers")


def _functions(settings: Settings) -> Iterator[Finding]:
    for path in settings.tools.functions:
        try:
            tools = asyncio.run(_offered(FunctionTools([path], settings.tools.function_seconds)))
        except StartupError as error:
            yield wrong("tools.functions", error, "")
            continue
        names = ", ".join(one.tool.name for one in tools)
        none = "" if names else f"`vivavoce tools list` says why nothing in {path} can be used."
        yield Finding("tools.functions", names or "no function can be used", "fine" if names else "wrong", none)


def _tool_servers(settings: Settings) -> Iterator[Finding]:
    for label, options in settings.tool_servers.items():
        table = f"tools.servers.{label}"
        try:
            tools = asyncio.run(_offered(operators_server(label, fill(ToolServerOptions, options, table))))
        except (StartupError, ToolFailed) as error:
            yield wrong(table, error, f"See that it runs, and correct the table [{table}].")
            continue
        yield Finding(table, f"{len(tools)} tools")


async def _offered(host: ToolHost) -> list[HostedTool]:
    """Raises ToolFailed."""
    try:
        async with asyncio.timeout(PATIENCE):
            return list(await host.tools())
    except TimeoutError:
        raise ToolFailed(f"{host.label} did not answer within {PATIENCE:g} s.") from None
    finally:
        await host.close()
