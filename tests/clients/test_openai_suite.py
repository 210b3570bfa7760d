"""The official Python client's own tests, run against the server (`make test-clients` fetches them).

They are written for a mock that makes everything up: they ask for things by ids that nobody has made, send "Example
data" as a sound, and call routes that are not offered here. So what counts is that every answer is one of the client's
own types, strictly read, or a refusal that is right; REFUSALS has all that are.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import served
from tests.waiting import PATIENCE

REPOSITORY = Path(__file__).parent.parent.parent
CLIENTS = REPOSITORY / ".venv" / "clients"
SUITE = CLIENTS / "openai-suite"
RESOURCES = [  # not embeddings: the client asks for base64, and strictly read it does not decode before it checks
    "audio",
    "chat",
    "conversations",
    "realtime",
    "responses",
    "test_conversations.py",
    "test_files.py",
    "test_models.py",
    "test_moderations.py",
    "test_realtime.py",
    "test_responses.py",
]
REFUSALS = [
    # nobody has made these
    r"404 - There is no (stored completion 'completion_id'|file 'file_id'|conversation 'conv_123'|call 'call_id')",
    r"404 - There is no (stored response|response) 're",
    r"404 - There is no item",
    # not offered, and said so
    r"404 - Calls by telephone \(SIP\) are not served here",
    r"404 - There is nothing at \w+ /v1/(audio/voice_consents|realtime/translations)",
    r"405 - POST /v1/audio/voices is not allowed",
    r"405 - DELETE /v1/(audio/voices|models)/\S+ is not allowed",
    r"405 - POST /v1/responses/compact is not allowed",
    # what is missing, or contradicts itself
    r"400 - Missing required parameter: '(model|input)'",
    r"400 - There is no stored prompt id",
    r"400 - 'previous_response_id' and 'conversation' both say what came before",
    # no sound, no number, no language
    r"400 - The file holds no sound that could be decoded",
    r"400 - timestamp_granularities needs response_format verbose_json",
    r"400 - '(limit|max_tokens|max_output_tokens|max_tool_calls)' must be a whole number from 1 to \d+, not '?0",
    r"400 - 'session\.audio\.input\.transcription\.languages\.0' must be an ISO 639-1 code such as en, not 'string'",
]


def test_every_answer_is_strictly_of_the_client_s_types_or_a_right_refusal(tmp_path: Path) -> None:
    if not SUITE.exists():
        pytest.skip("the suite is not here: run `make test-clients`")
    report = tmp_path / "report.xml"
    with served("--demo", "--demo-delay", "60", environment={"VIVAVOCE_HOME": str(tmp_path)}) as url:
        command = [CLIENTS / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
        chosen = ["-k", "strict", "-n", "2", f"--junitxml={report}", *(f"tests/api_resources/{it}" for it in RESOURCES)]
        environment = {**os.environ, "TEST_API_BASE_URL": f"{url}/v1", "PYTHONPATH": ""}
        done = subprocess.run(
            [*command, *chosen], cwd=SUITE, env=environment, capture_output=True, text=True, timeout=4 * PATIENCE
        )
    assert report.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = {case.get("name"): failure.get("message") or "" for case in cases for failure in case.iter("failure")}
    wrong = {name: why for name, why in failed.items() if not any(re.search(it, why) for it in REFUSALS)}
    assert not wrong, "\n".join(f"{name}: {why[:300]}" for name, why in wrong.items())
    assert not list(ElementTree.parse(report).iter("error"))
    passed = len(cases) - sum(1 for case in cases if len(case))
    assert passed > 100, f"{passed} of {len(cases)} passed"
    print(f"{passed} of {len(cases)} passed; the others were refused as they should be")
