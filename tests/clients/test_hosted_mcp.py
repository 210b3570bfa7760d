"""OpenAI's own voice SDK with the tools of an MCP server that the voice server calls: listed, approved, run, and told
once, though the SDK asks for a response after each call."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest

from tests.api.fakes import serving
from tests.api.test_hosted_tools import talks
from tests.assistant import mcp_server
from tests.clients.test_frameworks import HERE, MODULES, WITHIN


@pytest.mark.skipif(not MODULES.exists() or shutil.which("node") is None, reason="run `make test-clients`")
def test_agents_realtime_uses_a_hosted_mcp_server() -> None:
    report = asyncio.run(call())
    assert report["errors"] == []
    assert "get_weather" in report["tools"] and report["asked"] == ["get_weather"]
    assert report["output"] == "sunny in Rome"
    spoken = [words.strip() for words in report["said"] if "sunny" in words]
    assert spoken == ["It says: sunny in Rome"], "told once"
    assert report["responses"] == 3, "one that asks, one that calls, one that tells"


async def call() -> dict[str, Any]:
    async with mcp_server.serving() as url, serving(open_session=talks()) as served:
        pipe = asyncio.subprocess.PIPE
        client = await asyncio.create_subprocess_exec(
            "node", "call_agents_mcp.mjs", served.base, url, cwd=HERE, stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(WITHIN):
                out, err = await client.communicate()
        except TimeoutError:
            client.kill()
            out, err = await client.communicate()
            raise AssertionError(f"no report in time:\n{err.decode()[-3000:]}") from None
        lines = [line.removeprefix("REPORT ") for line in out.decode().splitlines() if line.startswith("REPORT ")]
        assert lines, f"no report:\n{err.decode()[-3000:]}"
        return dict(json.loads(lines[-1]))
