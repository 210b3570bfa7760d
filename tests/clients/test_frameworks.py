"""Voice frameworks as they come, each in its own environment (`make test-clients`), each with one call: a spoken turn,
a tool, an answer that is interrupted, and the answer to that."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.api.fakes import serving
from tests.clients.weather import FORECAST, YIELDED, Weather
from tests.waiting import measured
from vivavoce.certificate import Certificate, certificate_in
from vivavoce.conversation.config import SessionConfig
from vivavoce.session.session import Session

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
PYTHON = REPOSITORY / ".venv" / "clients" / "bin" / "python"
MODULES = HERE / "node_modules"
WITHIN = 180

CLIENTS = [
    ("openai-agents", [str(PYTHON), "call_openai_agents.py"]),
    ("livekit", [str(PYTHON), "call_livekit.py"]),
    ("pipecat", [str(PYTHON), "call_pipecat.py"]),
    ("agents-realtime", ["node", "call_agents_realtime.mjs"]),
    ("openai-node", ["node", "call_openai_node.mjs"]),
    ("realtime-beta", ["node", "call_realtime_beta.mjs"]),
]
INSIST_ON_TLS = {"openai-node"}


@measured
@pytest.mark.parametrize(("name", "command"), CLIENTS, ids=[name for name, _ in CLIENTS])
def test_a_framework_holds_a_conversation(name: str, command: list[str], tmp_path: Path) -> None:
    present = PYTHON.exists() if command[0] != "node" else MODULES.exists() and shutil.which("node") is not None
    if not present:
        pytest.skip(f"{name} is not installed: run `make test-clients`")
    certificate = certificate_in(tmp_path) if name in INSIST_ON_TLS else None
    report = asyncio.run(call(command, certificate))
    assert report["errors"] == []
    assert report["tool"] == {"city": "Rome"}
    assert report["interrupted"] and report["spoken_ms"] > 500
    assert "".join(report["said"]).rstrip().endswith(YIELDED)
    assert FORECAST not in report["said"], "what was cut off is not taken for heard"


async def call(command: list[str], certificate: Certificate | None) -> dict[str, Any]:
    trust = {}
    if certificate is not None:
        certificate.renew()
        trust = {"NODE_EXTRA_CA_CERTS": str(certificate.file)}
    engines = Weather().engines()

    def open_session(config: SessionConfig, send: Any, owner: str = "") -> Session:
        return Session(engines, config, send)

    async with serving(open_session=open_session, certificate=certificate) as served:
        report = await report_of([*command, served.base], trust)
        assert report is not None, "it is not installed"
        return report


async def report_of(command: list[str], environment: dict[str, str] | None = None) -> dict[str, Any] | None:
    """What a client that runs on its own tells of its call; None where it says that it is not installed."""
    pipe = asyncio.subprocess.PIPE
    quiet = {"OPENAI_AGENTS_DISABLE_TRACING": "1", "OPENAI_API_KEY": "none"}
    client = await asyncio.create_subprocess_exec(
        *command, cwd=HERE, stdout=pipe, stderr=pipe, env={**os.environ, **quiet, **(environment or {})}
    )
    try:
        async with asyncio.timeout(WITHIN):
            out, err = await client.communicate()
    except TimeoutError:
        client.kill()
        out, err = await client.communicate()
        raise AssertionError(f"no report in time:\n{err.decode()[-3000:]}") from None
    if "NOT INSTALLED" in out.decode():
        return None
    lines = [line.removeprefix("REPORT ") for line in out.decode().splitlines() if line.startswith("REPORT ")]
    assert lines, f"no report:\n{err.decode()[-3000:]}"
    return dict(json.loads(lines[-1]))
