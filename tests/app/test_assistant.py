"""The assistant of a real server: tools, memory and profile over the wire, each key's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI

from tests.conftest import served
from tests.waiting import PATIENCE

ANNA, BRUNO = "anna-secret", "bruno-secret"
OWN: dict[str, Any] = {"type": "mcp", "server_label": "vivavoce"}
MY_TOOLS = Path(__file__).parents[1] / "assistant" / "my_tools.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {
        "VIVAVOCE_API_KEYS": f"{ANNA},{BRUNO}",
        "VIVAVOCE_TOOLS__FUNCTIONS": str(MY_TOOLS),
        "VIVAVOCE_HOME": str(tmp_path_factory.mktemp("home")),
    }
    with served("--demo", environment=environment) as url:
        yield url


def as_owner(server: str, key: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"{server}/v1/vivavoce", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=PATIENCE
    )


def test_memories_are_shown_written_changed_and_forgotten_each_to_its_owner(server: str) -> None:
    with as_owner(server, ANNA) as anna, as_owner(server, BRUNO) as bruno:
        made = anna.post("/memories", json={"text": "I live in  Turin"}).json()
        assert (made["text"], made["source"], made["object"]) == ("I live in Turin", "written", "vivavoce.memory")
        anna.post("/memories", json={"text": "My dog is called Rex"})
        assert [one["text"] for one in anna.get("/memories").json()["data"]] == [
            "My dog is called Rex",
            "I live in Turin",
        ]
        assert [one["text"] for one in anna.get("/memories?query=dog").json()["data"]] == ["My dog is called Rex"]
        assert bruno.get("/memories").json()["data"] == []
        assert bruno.patch(f"/memories/{made['id']}", json={"text": "stolen"}).status_code == 404
        assert bruno.delete(f"/memories/{made['id']}").status_code == 404
        assert anna.patch(f"/memories/{made['id']}", json={"text": "I live in Rome"}).json()["text"] == "I live in Rome"
        assert anna.delete(f"/memories/{made['id']}").json()["deleted"] is True
        assert anna.delete("/memories").json()["deleted"] == 1
        assert anna.get("/memories").json()["data"] == []


@pytest.mark.parametrize("body", ["{", "[]", '{"text": 5}', "{}", '{"text": "  "}', '{"text": "%s"}' % ("x" * 600)])
def test_a_memory_that_is_none_is_refused_by_name(server: str, body: str) -> None:
    with as_owner(server, ANNA) as anna:
        answer = anna.post("/memories", content=body)
        assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error"


def test_a_profile_changes_field_by_field(server: str) -> None:
    with as_owner(server, ANNA) as anna, as_owner(server, BRUNO) as bruno:
        before = anna.get("/profile").json()
        assert before["memory"] is True and before["persona"] == ""
        assert {one["name"] for one in before["personas"]} == {"warm", "concise", "teacher", "storyteller"}
        pirate = {"name": "pirate", "instructions": "Talk like a pirate."}
        after = anna.patch("/profile", json={"personas": [*before["personas"], pirate], "persona": "pirate"}).json()
        assert [one["name"] for one in after["personas"] if one["own"]] == ["pirate"]
        anna.patch("/profile", json={"name": "Anna", "time_zone": "Europe/Rome", "keep_audio": True})
        kept = anna.get("/profile").json()
        assert (kept["name"], kept["persona"], kept["keep_audio"]) == ("Anna", "pirate", True)
        assert bruno.get("/profile").json() == before


def test_a_page_without_a_session_learns_when_to_open_one(server: str) -> None:
    """Reminders are told in sessions; until then they are listed, each to its owner."""

    asyncio.run(converse(server, ANNA, "Remind me in two hours to call Bruno."))
    with as_owner(server, ANNA) as anna, as_owner(server, BRUNO) as bruno:
        (mine,) = anna.get("/reminders").json()["data"]
        assert (mine["kind"], mine["text"]) == ("reminder", "call Bruno") and 7_000_000 < mine["due_in_ms"] <= 7_200_000
        assert bruno.get("/reminders").json()["data"] == []
        assert bruno.delete(f"/reminders/{mine['id']}").status_code == 404
        assert anna.delete(f"/reminders/{mine['id']}").json()["deleted"] is True
        assert anna.get("/reminders").json()["data"] == []


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ({"persona": "nobody"}, "persona"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"memory": "yes"}, "memory"),
        ({"instructions": "x" * 2000}, "instructions"),
        ({"personas": [{"name": "x"}]}, "personas.0.instructions"),
        ({"personas": [{"name": " ", "instructions": "x"}]}, "personas.0.name"),
        ({"personas": "warm"}, "personas"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused_by_field(server: str, patch: dict[str, Any], param: str) -> None:
    with as_owner(server, BRUNO) as bruno:
        answer = bruno.patch("/profile", json=patch)
        assert answer.status_code == 400 and answer.json()["error"]["param"] == param


def test_nobody_without_a_key_is_told_anything(server: str) -> None:
    for method, path in (("GET", "memories"), ("POST", "memories"), ("DELETE", "memories"), ("GET", "profile")):
        answer = httpx.request(method, f"{server}/v1/vivavoce/{path}", trust_env=False, timeout=PATIENCE)
        assert answer.status_code == 401


async def converse(server: str, key: str, *said: str, session: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Type to the assistant with the official client; all items that the responses made."""
    client = AsyncOpenAI(base_url=f"{server}/v1", api_key=key)
    items: list[dict[str, Any]] = []
    async with client.realtime.connect(model="vivavoce") as call:
        own = {"type": "realtime", "output_modalities": ["text"], "tools": [OWN], **(session or {})}
        await call.session.update(session=own)  # type: ignore[arg-type]
        for text in said:
            message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
            await call.conversation.item.create(item=message)  # type: ignore[arg-type]
            await call.response.create()
            async with asyncio.timeout(30):
                async for event in call:
                    assert event.type != "error", event
                    if event.type == "response.done":
                        items += [item.to_dict() for item in event.response.output or []]
                        if not items or items[-1]["type"] != "mcp_call":
                            break
    return items


def test_the_official_client_is_answered_by_tools(server: str) -> None:
    items = asyncio.run(converse(server, ANNA, "What is 17 percent of 240?", "Add tea to my shopping list."))
    calls = [(item["server_label"], item["name"]) for item in items if item["type"] == "mcp_call"]
    assert calls == [("vivavoce", "calculate"), ("vivavoce", "add_note")]
    texts = [item["content"][0]["text"] for item in items if item["type"] == "message"]
    assert texts == ["40.8.", "I put tea on your shopping list."]
    others = asyncio.run(converse(server, BRUNO, "What's on my shopping list?"))
    assert others[-1]["content"][0]["text"] == "Your shopping list is empty."


def test_what_is_said_in_a_session_with_a_profile_is_remembered_and_shown(server: str) -> None:
    personal = {"vivavoce": {"profile": True}}
    asyncio.run(converse(server, BRUNO, "Hello there! My sister's name is Laura.", session=personal))
    with as_owner(server, BRUNO) as bruno:
        found = bruno.get("/memories").json()["data"]
        assert [(one["text"], one["source"], one["said"]) for one in found] == [
            ("My sister's name is Laura", "noticed", "Hello there! My sister's name is Laura.")
        ]
        bruno.delete("/memories")


def test_functions_of_the_operator_are_listed_with_the_assistants_own(server: str) -> None:
    async def listed() -> set[str]:
        client = AsyncOpenAI(base_url=f"{server}/v1", api_key=ANNA)
        async with client.realtime.connect(model="vivavoce") as call, asyncio.timeout(30):
            await call.session.update(session={"type": "realtime", "tools": [OWN]})  # type: ignore[typeddict-item]
            async for event in call:
                if event.type == "conversation.item.done" and event.item.type == "mcp_list_tools":
                    return {tool.name for tool in event.item.tools}
        raise AssertionError("nothing was listed")

    names = asyncio.run(listed())
    assert {"set_timer", "remember", "read_page", "price_of", "order"} <= names
