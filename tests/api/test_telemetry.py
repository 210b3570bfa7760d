"""Metrics count what happened and belong to one server; logs hold neither speech nor keys."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect

from tests.api.fakes import FakeSession, Script, serving, tone
from tests.waiting import PATIENCE
from vivavoce.conversation.config import ResponseRequest
from vivavoce.conversation.events import (
    DraftAccount,
    Latency,
    ReplyAudio,
    ResponseEnded,
    ResponseStarted,
    Transcribed,
    TranscriptionFailed,
    TurnDecided,
    Usage,
)
from vivavoce.errors import EngineFailed
from vivavoce.telemetry import logs
from vivavoce.telemetry.metrics import Metrics, measure_loop_lag


def test_events_are_counted() -> None:
    metrics = Metrics()
    metrics.session_opened()
    metrics.session_opened()
    metrics.session_closed()
    metrics.session_refused()
    metrics.heard(2.5)
    metrics.request_refused(None)
    metrics.observe(TranscriptionFailed("i", "secret words"))
    metrics.observe(ReplyAudio("r", "i", 0, tone(1.0)))
    latency = Latency(80, 190, None, None, 700)
    metrics.observe(ResponseEnded("r", "interrupted", "barge_in", Usage(), latency=latency))
    for valid in (True, False):
        draft = DraftAccount(2, anticipated=True, content_valid=valid, head_start_ms=250.0, wasted_ms=500.0)
        metrics.observe(ResponseEnded("r", "finished", "end_of_turn", Usage(), draft=draft))
    text = metrics.exposition().decode()
    for line in (
        "vivavoce_sessions_open 1.0",
        "vivavoce_sessions_total 2.0",
        "vivavoce_sessions_refused_total 1.0",
        "vivavoce_audio_in_seconds_total 2.5",
        "vivavoce_audio_out_seconds_total 1.0",
        'vivavoce_requests_refused_total{code="none"} 1.0',
        "vivavoce_transcriptions_failed_total 1.0",
        'vivavoce_responses_total{ending="interrupted",reason="barge_in"} 1.0',
        "vivavoce_barge_ins_total 1.0",
        'vivavoce_turn_seconds_bucket{le="0.75",stage="first_sound"} 1.0',
        'vivavoce_turn_seconds_sum{stage="first_sound"} 0.7',
        'vivavoce_drafts_total{outcome="played"} 2.0',
        'vivavoce_drafts_total{outcome="content_valid"} 1.0',
        'vivavoce_drafts_total{outcome="dropped"} 2.0',
        'vivavoce_draft_seconds_total{outcome="played"} 0.5',
        'vivavoce_draft_seconds_total{outcome="dropped"} 1.0',
    ):
        assert line in text, line
    assert 'stage="first_token"' not in text and "secret" not in text


def test_two_servers_in_one_process_stay_apart() -> None:
    one, other = Metrics(), Metrics()
    one.session_opened()
    assert b"vivavoce_sessions_open 0.0" in other.exposition()


def test_a_blocked_event_loop_shows() -> None:
    async def scene() -> bytes:
        metrics = Metrics()
        task = asyncio.create_task(measure_loop_lag(metrics.loop_was_late, 0.02))
        await asyncio.sleep(0)
        time.sleep(0.2)
        await asyncio.sleep(0.001)
        task.cancel()
        return metrics.exposition()

    (line,) = [it for it in asyncio.run(scene()).splitlines() if it.startswith(b"vivavoce_event_loop_lag_seconds ")]
    assert float(line.split()[1]) > 0.1


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What `set_up` writes; the process's logging is put back as it was."""
    names = ("", *logs.CHATTY)
    before = {name: (list(logging.getLogger(name).handlers), logging.getLogger(name).level) for name in names}
    stream = io.StringIO()
    logs.set_up("DEBUG", stream)
    yield stream
    for name, (handlers, level) in before.items():
        logging.getLogger(name).handlers = handlers
        logging.getLogger(name).setLevel(level)


def test_a_decision_and_its_reason_are_told_to_the_client_logged_and_counted(written: io.StringIO) -> None:
    """Protects: whoever asks why the assistant went on, or stopped, finds it in all three places; never the words."""

    async def life(session: FakeSession) -> None:
        while not session.config.manners.managed_playback:
            await asyncio.sleep(0.005)
        await session.tell(
            Transcribed("item_1", "my secret word", "en", 1.0),
            ResponseStarted("resp_1", ResponseRequest(session.config.reply)),
            TurnDecided("resume", "backchannel", 1500),
            ResponseEnded("resp_1", "interrupted", "barge_in", Usage()),
        )
        await session.closed.wait()

    async def scene() -> bytes:
        async with serving(Script(life)) as served, connect(served.ws) as socket:
            managed = {"type": "realtime", "vivavoce": {"managed_playback": True}}
            await socket.send(json.dumps({"type": "session.update", "session": managed}))
            told = {"type": ""}
            while told["type"] != "vivavoce.turn.decided":
                told = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
            assert (told["decision"], told["reason"], told["at_ms"]) == ("resume", "backchannel", 1500)
            while told["type"] != "response.done":
                told = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
            return served.metrics.exposition()

    counted = asyncio.run(scene()).decode()
    assert 'vivavoce_turn_decisions_total{decision="resume",reason="backchannel"} 1.0' in counted
    logged = written.getvalue()
    assert "decision=resume reason=backchannel at_ms=1500" in logged
    assert "response=resp_1 decision=interrupted reason=barge_in" in logged
    assert "secret" not in logged


def test_logs_hold_no_speech(written: io.StringIO) -> None:
    """Neither in fields, nor in errors of libraries that quote their input, nor in frames a library logs."""
    log = logging.getLogger("vivavoce.test")
    log.info("session opened", extra={"session": "sess_1", "text": "my secret word", "transcript": "my secret word"})
    try:
        try:
            raise ValueError("cannot say 'my secret word'")
        except ValueError as error:
            raise ExceptionGroup("my secret word", [EngineFailed("llm: my secret word")]) from error
    except ExceptionGroup:
        log.exception("session broke", extra={"error_id": "err_1"})
    logging.getLogger("websockets.server").debug("< TEXT %s", "my secret word")
    logging.getLogger("openai._base_client").debug("Request options: %s", "my secret word")
    text = written.getvalue()
    assert "secret" not in text
    assert "session=sess_1" in text and "error_id=err_1" in text
    assert "builtins.ValueError" in text and "vivavoce.errors.EngineFailed" in text and "test_telemetry.py" in text


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Bearer abcdef123",
        "authorization: bearer abcdef123",
        "sk-abcdef123 was refused",
        "ek_abcdef123",
        "openai-insecure-api-key.abcdef123",
        "/v1/realtime?model=m&api_key=abcdef123&x=1",
        "{'api-key': 'abcdef123'}",
        "x-api-key: abcdef123",
    ],
)
def test_logs_hold_no_keys(written: io.StringIO, said: str) -> None:
    logging.getLogger("anything").warning("got %s", said)
    assert "abcdef123" not in written.getvalue()
    assert logs.STRUCK in written.getvalue()


def test_ordinary_words_are_not_struck_out() -> None:
    assert logs.struck("task-manager asked: risk-free, key takeaways") == "task-manager asked: risk-free, key takeaways"
