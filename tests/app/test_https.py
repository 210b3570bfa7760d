"""https and wss by one option: a certificate that real clients accept, made once, renewed when it must be."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from openai import AsyncOpenAI
from websockets.asyncio.client import connect

from tests.conftest import served
from tests.waiting import PATIENCE
from vivavoce import certificate as module
from vivavoce.certificate import Certificate, address_on_the_network, certificate_in, keep_fresh
from vivavoce.cli.server import address_of, is_healthy
from vivavoce.settings import read_settings

KEY = "a-key-for-the-network"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path):
    """Open to the network, with a key, over TLS."""
    with served(
        "--demo", "--https", "--host", "0.0.0.0", environment={"VIVAVOCE_HOME": str(home), "VIVAVOCE_API_KEYS": KEY}
    ) as url:
        yield url


def trust(home: Path) -> ssl.SSLContext:
    """A client that checks names and dates, and knows our certificate as one that was installed."""
    return ssl.create_default_context(cafile=certificate_in(home).file)


def test_the_official_client_talks_over_wss(server: str, home: Path) -> None:
    async def scene() -> str:
        web = httpx.AsyncClient(verify=trust(home), trust_env=False, timeout=PATIENCE)
        client = AsyncOpenAI(base_url=f"{server}/v1", api_key=KEY, http_client=web)
        said = ""
        async with (
            web,
            client.realtime.connect(
                model="any", websocket_connection_options={"ssl": trust(home), "proxy": None}
            ) as call,
        ):
            await call.response.create(response={"output_modalities": ["text"]})
            async for event in call:
                if event.type == "response.output_text.delta":
                    said += event.delta
                elif event.type == "response.done":
                    return said
        return said

    assert asyncio.run(scene()).startswith("Hello!")


def test_other_machines_reach_it_by_its_address_on_the_network(server: str, home: Path) -> None:
    """The name in the certificate is the one that is called, so the client need not look away."""
    address = address_on_the_network()
    if address is None:
        pytest.skip("this machine has no network")
    port = server.rpartition(":")[2]
    host = f"[{address}]" if ":" in address else address
    answer = httpx.get(f"https://{host}:{port}/v1/models", verify=trust(home), trust_env=False, timeout=PATIENCE)
    assert answer.status_code == 401  # the key is wanted, as ever

    async def hello() -> str:
        headers = {"Authorization": f"Bearer {KEY}"}
        url = f"wss://{host}:{port}/v1/realtime"
        async with connect(url, additional_headers=headers, ssl=trust(home), proxy=None) as socket:
            return str(await socket.recv())

    assert "session.created" in asyncio.run(hello())


def test_the_gateway_of_webrtc_reaches_its_server(server: str, home: Path) -> None:
    pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")
    from tests.webrtc.caller import Caller

    async def scene() -> str:
        async with Caller(server, key=KEY, tls=trust(home)) as caller:
            caller.send("response.create")
            return (await caller.until("response.done"))["response"]["status"]

    assert asyncio.run(scene()) == "completed"


def test_our_own_commands_trust_our_own_server_and_nobody_else(server: str, home: Path, tmp_path: Path) -> None:
    ours = read_settings({}, {"VIVAVOCE_HOME": str(home)})
    assert asyncio.run(is_healthy(address_of(ours, server)))
    strangers = read_settings({}, {"VIVAVOCE_HOME": str(tmp_path)})
    assert not asyncio.run(is_healthy(address_of(strangers, server)))
    certificate_in(tmp_path).renew()  # a certificate like ours, of somebody else
    assert not asyncio.run(is_healthy(address_of(strangers, server)))


def test_a_phone_is_shown_the_way_in_and_never_the_key(tmp_path: Path) -> None:
    """On a terminal with a code for its camera; the address holds no key."""
    reader, writer = pty.openpty()
    environment = {**os.environ, "VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_API_KEYS": KEY}
    command = [sys.executable, "-m", "vivavoce", "serve", "--demo", "--no-browser", "--https"]
    with subprocess.Popen([*command, "--host", "0.0.0.0", "--port", "0"], stdout=writer, env=environment) as process:
        os.close(writer)
        printed = b""
        while b"asks for the key" not in printed:
            printed += os.read(reader, 4096)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    os.close(reader)
    text = printed.decode()
    assert KEY not in text
    if address_on_the_network() is not None:
        assert re.search(r"on a phone +https://\S+/\s", text) and "▀" in text


def test_files_that_do_not_fit_are_said_with_their_remedy(tmp_path: Path) -> None:
    certificate_in(tmp_path / "a").renew()
    certificate_in(tmp_path / "b").renew()
    environment = {
        **os.environ,
        "VIVAVOCE_SERVER__CERTIFICATE": str(certificate_in(tmp_path / "a").file),
        "VIVAVOCE_SERVER__KEY_FILE": str(certificate_in(tmp_path / "b").key),
    }
    command = [sys.executable, "-m", "vivavoce", "serve", "--demo", "--no-browser", "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert "server.certificate" in ended.stderr and "belong together" in ended.stderr


# --- the certificate itself --------------------------------------------------------------------------


def serial(certificate: Certificate) -> int:
    return x509.load_pem_x509_certificate(certificate.file.read_bytes()).serial_number


def test_it_is_made_once_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    ours = certificate_in(tmp_path)
    ours.renew()
    first = serial(ours)
    ours.renew()
    assert serial(ours) == first
    assert ours.key.stat().st_mode & 0o777 == 0o600 and ours.key.parent.stat().st_mode & 0o777 == 0o700


def test_it_is_made_anew_for_a_new_address_and_before_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = certificate_in(tmp_path)
    ours.renew()
    first, names = serial(ours), module.names_of_this_machine()
    monkeypatch.setattr(module, "names_of_this_machine", lambda: (*names, "10.9.8.7"))
    ours.renew()
    second = serial(ours)
    assert second != first
    named = x509.load_pem_x509_certificate(ours.file.read_bytes()).extensions
    assert "10.9.8.7" in {str(it.value) for it in named.get_extension_for_class(x509.SubjectAlternativeName).value}
    monkeypatch.setattr(module, "_now", lambda: module.datetime.datetime.now(module.datetime.UTC) + module._days(380))
    ours.renew()
    assert serial(ours) != second


def test_a_server_that_runs_serves_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop that changes its network keeps its callers."""
    monkeypatch.setattr(module, "LOOK_EVERY", 0.02)
    ours = certificate_in(tmp_path)
    ours.renew()

    async def served_serial(port: int) -> int:
        loose = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        loose.check_hostname, loose.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=loose)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return x509.load_der_x509_certificate(shown).serial_number

    async def scene() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ours.file, ours.key)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        fresh = asyncio.create_task(keep_fresh(ours, context))
        first = await served_serial(port)
        names = module.names_of_this_machine()
        monkeypatch.setattr(module, "names_of_this_machine", lambda: (*names, "10.9.8.7"))
        async with asyncio.timeout(PATIENCE):
            while await served_serial(port) == first:
                await asyncio.sleep(0.02)
        fresh.cancel()
        server.close()
        await asyncio.wait([fresh])

    asyncio.run(scene())
