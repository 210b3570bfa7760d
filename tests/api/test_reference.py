"""The reference of events and fields is what the code says, and leaves out nothing that OpenAI has."""

from __future__ import annotations

import importlib.util
import typing
from pathlib import Path
from typing import Any

from openai.types.realtime import RealtimeServerEvent

from vivavoce.api.realtime.client_events import EVENTS

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "write-reference.py"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("write_reference", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current() -> None:
    writer = script()
    assert writer.REFERENCE.read_text() == writer.reference(), "run scripts/write-reference.py"


def test_every_event_of_the_contract_is_served_or_said_not_to_be() -> None:
    writer = script()
    types = typing.get_args(typing.get_args(RealtimeServerEvent)[0])
    theirs = {typing.get_args(event.model_fields["type"].annotation)[0] for event in types}
    ours = {name for name in writer.sent_events() if not name.startswith("vivavoce.")}
    assert ours | set(writer.ELSEWHERE) | set(writer.NOT_SENT) == theirs
    assert not ours & set(writer.NOT_SENT) and len([name for name in EVENTS if not name.startswith("vivavoce.")]) == 11
