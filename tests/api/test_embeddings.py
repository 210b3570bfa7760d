"""`/v1/embeddings`, met by the official client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError, InternalServerError, NotFoundError

from tests.api.fakes import serving
from vivavoce.api.rest.embeddings import embedding_routes
from vivavoce.errors import EngineFailed, ModelUnavailable
from vivavoce.ports import Embedding, Urgency


class Letters:
    """Counts letters: an embedder whose answers are known."""

    name, dimensions, longest = "letters", 26, 100

    async def embed(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Embedding]:
        if "broken" in texts:
            raise EngineFailed("letters: broken")
        counts = np.array([[text.count(chr(97 + n)) + 0.1 for n in range(26)] for text in texts], np.float32)
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        return [Embedding(row, len(text)) for row, text in zip(counts / lengths, texts, strict=True)]

    def close(self) -> None: ...


def meet(scene: Callable[[AsyncOpenAI], Awaitable[None]], engine: Any = None) -> None:
    async def get() -> Letters:
        if isinstance(engine, Exception):
            raise engine
        return Letters()

    async def run() -> None:
        async with (
            serving(more=lambda keys: embedding_routes(get, keys)) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key="none", max_retries=0) as client,
        ):
            await scene(client)

    asyncio.run(run())


def test_a_text_and_a_list_have_the_same_meaning() -> None:
    async def scene(client: AsyncOpenAI) -> None:
        create = client.embeddings.create
        one = await create(model="text-embedding-3-small", input="abba")
        both = await create(model="letters", input=["abba", "zoo"])
        assert [each.index for each in both.data] == [0, 1] and both.usage.prompt_tokens == 7
        assert one.data[0].embedding == both.data[0].embedding and one.model == "text-embedding-3-small"

    meet(scene)


def test_base64_holds_the_same_numbers_as_floats() -> None:
    """The official client asks for base64 when nothing else is said, and unpacks it."""

    async def scene(client: AsyncOpenAI) -> None:
        packed = await client.embeddings.create(model="letters", input="hello")
        plain = await client.embeddings.create(model="letters", input="hello", encoding_format="float")
        assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)

    meet(scene)


def test_perplexitys_names_and_encodings_hold_the_same_meaning() -> None:
    """Its client names its own models, sends no encoding, and reads signed bytes."""

    async def scene(client: AsyncOpenAI) -> None:
        plain = (await client.embeddings.create(model="letters", input="hello", encoding_format="float")).data[0]
        path, asked = "/embeddings", {"model": "pplx-embed-v1-0.6b", "input": ["hello"]}
        bytes_told = await client.post(path, body=asked, cast_to=dict[str, Any])
        told = np.frombuffer(base64.b64decode(bytes_told["data"][0]["embedding"]), np.int8).astype(float)
        assert told @ plain.embedding / np.linalg.norm(told) == pytest.approx(1, abs=1e-3) and told.max() == 127
        binary = {**asked, "encoding_format": "base64_binary", "dimensions": 16}
        bits = await client.post(path, body=binary, cast_to=dict[str, Any])
        assert len(base64.b64decode(bits["data"][0]["embedding"])) == 2

    meet(scene)


def test_fewer_dimensions_are_of_length_one_again() -> None:
    async def scene(client: AsyncOpenAI) -> None:
        short = await client.embeddings.create(model="letters", input="hello", dimensions=8)
        assert len(short.data[0].embedding) == 8 and np.linalg.norm(short.data[0].embedding) == pytest.approx(1)

    meet(scene)


@pytest.mark.parametrize(
    ("change", "param", "says"),
    [
        ({"input": [1, 2, 3]}, "input", "check_embedding_ctx_length"),
        ({"input": [[1, 2], [3]]}, "input", "check_embedding_ctx_length"),
        ({"input": ""}, "input.0", "at least one character"),
        ({"input": []}, "input", "array of texts"),
        ({"input": ["a", ""]}, "input.1", "at least one character"),
        ({"input": ["a"] * 2049}, "input", "2048"),
        ({"dimensions": 27}, "dimensions", "at most 26"),
        ({"dimensions": 0}, "dimensions", "from 1"),
        ({"encoding_format": "hex"}, "encoding_format", "float, base64"),
    ],
)
def test_bad_requests_name_field_and_remedy(change: dict[str, Any], param: str, says: str) -> None:
    async def scene(client: AsyncOpenAI) -> None:
        with pytest.raises(BadRequestError, match=says) as refusal:
            await client.embeddings.create(**{"model": "letters", "input": "a", **change})
        assert refusal.value.param == param

    meet(scene)


def test_an_unknown_model_is_not_found() -> None:
    async def scene(client: AsyncOpenAI) -> None:
        with pytest.raises(NotFoundError, match="There is: letters"):
            await client.embeddings.create(model="bge", input="a")

    meet(scene)


def test_a_model_that_fails_or_is_not_there_is_told_and_the_server_goes_on() -> None:
    async def failing(client: AsyncOpenAI) -> None:
        with pytest.raises(InternalServerError, match="letters: broken"):
            await client.embeddings.create(model="letters", input="broken")
        assert await client.embeddings.create(model="letters", input="whole")

    async def missing(client: AsyncOpenAI) -> None:
        with pytest.raises(InternalServerError, match="models pull"):
            await client.embeddings.create(model="letters", input="a")

    meet(failing)
    meet(missing, ModelUnavailable("minilm is not here", "Run `vivavoce models pull minilm`."))
