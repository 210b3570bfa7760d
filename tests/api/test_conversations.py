"""Threads by REST, met by the official client and held against its types."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError
from openai.types.conversations import Conversation, ConversationItem, ConversationItemList
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from tests.api.fakes import Served, serving
from tests.waiting import PATIENCE
from vivavoce.api.auth import Keys
from vivavoce.api.rest.conversations import conversation_routes
from vivavoce.api.rest.transfer import transfer_routes
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.database import MEMORY

KEYS = ("first-key", "second-key")
STRICT: TypeAdapter[Any] = TypeAdapter(ConversationItem)
HELLO = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Where is Rome?"}]}
ANSWER = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "In Italy."}]}


@dataclass
class Scene:
    client: AsyncOpenAI
    served: Served
    archive: Archive

    async def ask(self, method: str, path: str, *, key: str = KEYS[0], **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"{self.served.base}/v1", trust_env=False, timeout=PATIENCE) as http:
            return await http.request(method, path, headers={"authorization": f"Bearer {key}"}, **options)


def routes(archive: Archive, keys: Keys) -> list[BaseRoute]:
    threads = archive.conversations
    return [*transfer_routes(threads, archive.database, keys), *conversation_routes(threads, keys)]


def meet(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        async with (
            open_archive(MEMORY) as archive,
            serving(keys=KEYS, more=lambda keys: routes(archive, keys)) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key=KEYS[0], max_retries=0) as client,
        ):
            await story(Scene(client, served, archive))

    asyncio.run(run())


def test_a_conversation_from_its_beginning_to_its_end() -> None:
    async def story(scene: Scene) -> None:
        api = scene.client.conversations
        made = await api.create(
            items=[HELLO, {"role": "assistant", "content": "In Italy."}], metadata={"title": "Rome"}
        )
        assert Conversation.model_validate(made.model_dump()).metadata == {"title": "Rome"}
        assert (await api.retrieve(made.id)).created_at == made.created_at
        assert (await api.update(made.id, metadata={"title": "The Eternal City"})).metadata == {
            "title": "The Eternal City"
        }
        assert (await api.update(made.id, metadata=None)).metadata == {}
        items = [item async for item in api.items.list(made.id, order="asc", limit=1)]
        assert [item.content[0].text for item in items] == ["Where is Rome?", "In Italy."]
        assert (await api.delete(made.id)).deleted
        with pytest.raises(NotFoundError) as gone:
            await api.retrieve(made.id)
        assert gone.value.code == "conversation_not_found"

    meet(story)


def test_items_are_added_listed_retrieved_and_deleted() -> None:
    async def story(scene: Scene) -> None:
        api = scene.client.conversations
        made = await api.create()
        added = await api.items.create(made.id, items=[HELLO, ANSWER], include=["message.output_text.logprobs"])
        assert ConversationItemList.model_validate(added.model_dump()).last_id == added.data[1].id
        newest_first = await api.items.list(made.id)
        assert [item.id for item in newest_first.data] == [added.data[1].id, added.data[0].id]
        older = await api.items.list(made.id, after=added.data[1].id)
        assert [item.id for item in older.data] == [added.data[0].id] and older.has_more is False
        one = await api.items.retrieve(added.data[0].id, conversation_id=made.id)
        assert one.content[0].text == "Where is Rome?" and one.status == "completed"
        left = await api.items.delete(added.data[0].id, conversation_id=made.id)
        assert left.id == made.id
        with pytest.raises(NotFoundError):
            await api.items.retrieve(added.data[0].id, conversation_id=made.id)

    meet(story)


KINDS: list[dict[str, Any]] = [
    {"type": "message", "role": "developer", "content": "Be brief."},
    {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA=="}],
    },
    {"type": "message", "role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]},
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "refusal", "refusal": "No."}],
        "status": "incomplete",
    },
    {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "sunny"}]},
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
    {"type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "t", "input_schema": {}}]},
    {"type": "mcp_call", "server_label": "s", "name": "t", "arguments": "{}", "output": "done"},
    {"type": "mcp_approval_request", "server_label": "s", "name": "t", "arguments": "{}"},
    {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    {"type": "custom_tool_call", "call_id": "c", "name": "n", "input": "x"},
    {"type": "image_generation_call", "result": None},
    {"type": "web_search_call", "action": {"type": "search", "query": "x"}},
    {"type": "file_search_call", "queries": ["x"]},
]


def test_every_kind_of_item_comes_back_as_the_clients_type_has_it() -> None:
    """Also those that mean nothing here: a conversation may have been led elsewhere."""

    async def story(scene: Scene) -> None:
        made = await scene.client.conversations.create(items=KINDS)  # type: ignore[arg-type]
        wire = (await scene.ask("GET", f"/conversations/{made.id}/items?order=asc")).json()
        assert len(wire["data"]) == len(KINDS)
        for item, sent in zip(wire["data"], KINDS, strict=True):
            assert STRICT.validate_python(item).type == sent["type"]
            for name, value in sent.items():
                assert item[name] == value or name == "content"

    meet(story)


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([{"type": "message", "role": "user"}], "items.0.content"),
        ([{"type": "message", "role": "wizard", "content": "x"}], "items.0.role"),
        ([HELLO, {"type": "message", "role": "user", "content": [{"type": "input_text"}]}], "items.1.content.0.text"),
        ([{"role": "user", "content": [{"type": "output_text", "text": "x"}]}], "items.0.content.0.type"),
        ([{"role": "user", "content": [{"type": "input_image"}]}], "items.0.content.0.image_url"),
        ([{"role": "user", "content": [{"type": "input_image", "image_url": "file:///etc/passwd"}]}],
         "items.0.content.0.image_url"),
        ([{"type": "spell"}], "items.0.type"),
        ([{"type": "item_reference", "id": "msg_1"}], "items.0.type"),
        ([{}], "items.0.type"),
        ([{"type": "function_call", "name": "x"}], "items.0.call_id"),
        ([{"type": "function_call", "call_id": "c", "name": "x", "arguments": {}}], "items.0.arguments"),
        ([{**HELLO, "id": ""}], "items.0.id"),
        ([{**HELLO, "id": "x" * 129}], "items.0.id"),
        ([{**HELLO, "id": "nul\0"}], "items.0.id"),
        ([{**HELLO, "vivavoce": "text"}], "items.0.vivavoce"),
        ([HELLO] * 21, "items"),
        ("text", "items"),
        ([3], "items.0"),
        (None, "items"),
    ],
)  # fmt: skip
def test_a_bad_item_is_named_and_nothing_is_written(items: Any, param: str) -> None:
    async def story(scene: Scene) -> None:
        made = await scene.client.conversations.create()
        answer = await scene.ask("POST", f"/conversations/{made.id}/items", json={"items": items})
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["param"] == param
        assert not (await scene.client.conversations.items.list(made.id)).data

    meet(story)


@pytest.mark.parametrize(
    ("method", "path", "param"),
    [
        ("GET", "/conversations?limit=0", "limit"),
        ("GET", "/conversations?limit=101", "limit"),
        ("GET", "/conversations?limit=²", "limit"),
        ("GET", "/conversations?query=" + "x" * 501, "query"),
        ("GET", "/conversations/CONV/items?order=up", "order"),
        ("GET", "/conversations/CONV/items?include=everything", "include"),
    ],
)
def test_a_bad_question_is_answered_with_what_is_wrong(method: str, path: str, param: str) -> None:
    async def story(scene: Scene) -> None:
        made = await scene.client.conversations.create()
        answer = await scene.ask(method, path.replace("CONV", made.id))
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)

    meet(story)


def test_metadata_keep_their_limits() -> None:
    async def story(scene: Scene) -> None:
        for metadata in ({"k" * 65: "v"}, {"k": "v" * 513}, {str(n): "v" for n in range(17)}, {"k": 3}):
            with pytest.raises(BadRequestError):
                await scene.client.conversations.create(metadata=metadata)  # type: ignore[arg-type]

    meet(story)


def test_a_title_is_changed_and_the_rest_stays() -> None:
    async def story(scene: Scene) -> None:
        made = await scene.client.conversations.create(metadata={"title": "a", "pinned": "true"})
        path = f"/conversations/{made.id}"
        assert (await scene.ask("PATCH", path, json={"metadata": {"title": "b"}})).json()["metadata"] == {
            "title": "b", "pinned": "true",
        }  # fmt: skip
        assert (await scene.ask("PATCH", path, json={"metadata": {"pinned": None}})).json()["metadata"] == {
            "title": "b"
        }
        assert (await scene.ask("PATCH", path, json={"metadata": {"title": 3}})).status_code == 400

    meet(story)


def test_threads_are_listed_and_found() -> None:
    async def story(scene: Scene) -> None:
        api = scene.client.conversations
        made = [await api.create(items=[{"role": "user", "content": f"Perché piove {n}?"}]) for n in range(3)]
        listed = (await scene.ask("GET", "/conversations?limit=2")).json()
        assert [row["id"] for row in listed["data"]] == [made[2].id, made[1].id] and listed["has_more"]
        rest = (await scene.ask("GET", f"/conversations?limit=2&after={listed['last_id']}")).json()
        assert [row["id"] for row in rest["data"]] == [made[0].id] and not rest["has_more"]
        found = (await scene.ask("GET", "/conversations", params={"query": "perche piov"})).json()
        assert [row["id"] for row in found["data"]] == [it.id for it in reversed(made)]
        pieces = found["data"][0]["snippets"][0]["pieces"]
        assert [piece["text"] for piece in pieces if piece["match"]] == ["Perché", "piove"]

    meet(story)


def test_a_fork_begins_as_the_other_did() -> None:
    async def story(scene: Scene) -> None:
        made = await scene.client.conversations.create(items=[HELLO, ANSWER])
        first = (await scene.client.conversations.items.list(made.id, order="asc")).data[0]
        fork = (await scene.ask("POST", f"/conversations/{made.id}/fork", json={"up_to_item_id": first.id})).json()
        assert [item.id for item in (await scene.client.conversations.items.list(fork["id"])).data] == [first.id]
        nowhere = await scene.ask("POST", f"/conversations/{made.id}/fork", json={"up_to_item_id": "msg_x"})
        assert nowhere.status_code == 404

    meet(story)


def test_another_key_sees_nothing_at_any_address() -> None:
    async def story(scene: Scene) -> None:
        made = await scene.client.conversations.create(items=[HELLO])
        item = (await scene.client.conversations.items.list(made.id)).data[0].id
        paths = [
            ("GET", f"/conversations/{made.id}"), ("POST", f"/conversations/{made.id}"),
            ("DELETE", f"/conversations/{made.id}"), ("POST", f"/conversations/{made.id}/fork"),
            ("GET", f"/conversations/{made.id}/items"), ("GET", f"/conversations/{made.id}/items/{item}"),
            ("DELETE", f"/conversations/{made.id}/items/{item}"),
            ("GET", f"/conversations/{made.id}/items/{item}/audio"),
            ("GET", f"/conversations?after={made.id}"),
        ]  # fmt: skip
        for method, path in paths:
            theirs = await scene.ask(method, path, key=KEYS[1])
            nobodys = await scene.ask(method, path.replace(made.id, "conv_0"), key=KEYS[1])
            assert theirs.status_code == nobodys.status_code == 404, path
            assert theirs.text.replace(made.id, "conv_0") == nobodys.text
            assert (await scene.ask(method, path, key="no-key")).status_code == 401
        assert (await scene.ask("GET", "/conversations?query=rome", key=KEYS[1])).json()["data"] == []
        assert (await scene.client.conversations.items.list(made.id)).data

    meet(story)


def test_a_database_that_is_gone_is_said_and_the_server_goes_on() -> None:
    async def story(scene: Scene) -> None:
        await scene.archive.database.aclose()
        scene.archive.database._engine.sync_engine.connect = _refused  # type: ignore[method-assign]
        answer = await scene.ask("GET", "/conversations")
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "storage_unavailable"
        assert (await scene.ask("GET", "/models")).status_code == 200

    def _refused(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    meet(story)
