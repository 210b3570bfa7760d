"""Starting and ending the server as its user does: what cannot be done is said with its remedy."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import served
from tests.waiting import PATIENCE, measured, until
from vivavoce.api.auth import Keys
from vivavoce.app.listening import listen
from vivavoce.errors import StartupError


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vivavoce", "serve", "--no-browser", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=os.environ | environment)


def test_a_port_in_use_is_said_with_its_remedy():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = start("--demo", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 2
    assert "in use" in ended.stderr and "--port" in ended.stderr and "Traceback" not in ended.stderr


def test_nobody_else_is_served_without_a_key():
    ended = start("--demo", "--host", "0.0.0.0", "--port", "0")
    assert ended.returncode == 2
    assert "VIVAVOCE_API_KEYS" in ended.stderr


def test_a_missing_model_is_named_with_the_command_that_fetches_it(tmp_path):
    ended = start("--port", "0", VIVAVOCE_CACHE=str(tmp_path))
    assert ended.returncode == 2
    assert "vivavoce models pull" in ended.stderr and "Traceback" not in ended.stderr


def test_who_comes_before_the_server_takes_calls_waits_and_nobody_gets_its_port():
    with listen("127.0.0.1", 0, Keys(())) as listening:
        socket.create_connection(listening.getsockname(), PATIENCE).close()
        with pytest.raises(StartupError, match="in use already"):
            listen("127.0.0.1", listening.getsockname()[1], Keys(()))


@measured
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_server_while_somebody_talks(number):
    """Draining: the client is told, the process ends by itself, and soon."""

    async def scene() -> float:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "vivavoce", "serve", "--demo", "--no-browser", "--port", str(port)]
        server = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, timeout=PATIENCE).is_success:
                        break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
            async with connect(f"ws://127.0.0.1:{port}/v1/realtime") as client:
                await client.recv()
                asked = time.monotonic()
                server.send_signal(number)
                _, printed = await asyncio.wait_for(server.communicate(), PATIENCE)
                assert b"Traceback" not in printed, printed.decode()
                return time.monotonic() - asked
        finally:
            if server.returncode is None:
                server.kill()

    assert asyncio.run(scene()) < 10


def test_a_full_server_refuses_politely_and_takes_the_next_when_there_is_room():
    os.environ["VIVAVOCE_SERVER__MAX_SESSIONS"] = "1"
    try:
        with served("--demo") as url:
            asyncio.run(_one_too_many(url.replace("http", "ws")))
    finally:
        del os.environ["VIVAVOCE_SERVER__MAX_SESSIONS"]


async def _one_too_many(url: str) -> None:
    async with connect(f"{url}/v1/realtime") as first:
        assert "session.created" in await first.recv()
        async with connect(f"{url}/v1/realtime") as second:
            assert "server_busy" in await second.recv()
            await second.wait_closed()
            assert second.close_code == 1013

    async def a_third() -> bool:
        async with connect(f"{url}/v1/realtime") as third:
            return "session.created" in await third.recv()

    await until(a_third)  # the place of the first is given back


def test_logs_hold_no_speech_and_no_key(tmp_path):
    """What is said, typed or shown as a key stays out of the log, even where requests fail."""
    secret, key = "strawberry pancake", "sk-very-secret-key"
    log = tmp_path / "log"

    async def talk(url: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with connect(f"{url.replace('http', 'ws')}/v1/realtime", additional_headers=headers) as client:
            text = {"type": "input_text", "text": secret}
            item = {"type": "message", "role": "user", "content": [text]}
            await client.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await client.send(json.dumps({"type": "response.create", "response": {"instructions": secret}}))
            await client.send(json.dumps({"type": secret}))
            await client.send(secret)
            while json.loads(await client.recv())["type"] != "response.done":
                pass

    with served("--demo", log=log) as url:
        asyncio.run(talk(url))
        httpx.get(f"{url}/v1/models", headers={"api-key": key}, trust_env=False, timeout=PATIENCE)
    printed = log.read_text()
    assert "vivavoce is ready" in printed
    assert secret not in printed and key not in printed and "Hello! This is the demo" not in printed


def test_the_operator_says_which_manners_are_usual():
    """Clients that know nothing of `session.vivavoce` have no other way to them."""
    chosen = {"LISTENING_SIGNALS": "true", "IDLE_SECONDS": "20", "OPENERS": "off", "SIDE_TALK": "ignore"}
    usual = {"listening_signals": True, "idle_timeout_ms": 20_000, "openers": "off", "side_talk": "ignore"}

    async def scene(url: str) -> None:
        async with asyncio.timeout(PATIENCE), connect(f"{url.replace('http', 'ws')}/v1/realtime") as socket:
            created = json.loads(await socket.recv())
            assert created["session"]["vivavoce"].items() >= usual.items()
            for patch in ({"openers": "on", "idle_timeout_ms": None}, None):  # a client has its way, and gives it up
                update = {"type": "session.update", "session": {"type": "realtime", "vivavoce": patch}}
                await socket.send(json.dumps(update))
                updated = json.loads(await socket.recv())["session"]["vivavoce"]
                assert updated.items() >= {**usual, **(patch or {})}.items()

    environment = {f"VIVAVOCE_MANNERS__{key}": value for key, value in chosen.items()}
    with served("--demo", environment=environment) as url:
        asyncio.run(scene(url))
