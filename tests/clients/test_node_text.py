"""The official client for Node over HTTP, each of whose helpers makes demands of its own on what is streamed to it."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from tests.api.rest_server import running
from tests.clients.test_frameworks import MODULES, report_of


def test_its_helpers_understand_every_answer() -> None:
    if not MODULES.exists() or shutil.which("node") is None:
        pytest.skip("openai for Node is not installed: run `make test-clients`")
    with running() as url:
        report = asyncio.run(report_of(["node", "call_openai_text.mjs", url]))
    assert report == {
        "chat": "one two three",
        "tools": "The tool said: sunny in Rome",
        "tools_streamed": "The tool said: sunny in Rome",
        "parsed": {"city": "Rome"},
        "response": ["one two three", "one two three"],
        "response_tools": [{"city": "Rome"}, "The tool said: sunny"],
        "conversation": ["user", "user", "assistant"],
        "speech": "RIFF",
        "refused": [True, "response_not_found"],
    }
