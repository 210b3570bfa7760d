"""`/v1/moderations`, met by the official client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, InternalServerError, NotFoundError
from openai.types import ModerationCreateResponse
from pydantic import TypeAdapter

from tests.api.fakes import serving
from vivavoce.api.rest.moderations import moderation_routes
from vivavoce.errors import EngineFailed
from vivavoce.ports import HARMS, Judgement, Urgency


class Words:
    """Takes a text for what it names."""

    name = "words"

    async def judge(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Judgement]:
        if "broken" in texts:
            raise EngineFailed("words: broken")
        return [
            Judgement({harm: 0.9 if harm in text else 0.1 for harm in HARMS}, frozenset(h for h in HARMS if h in text))
            for text in texts
        ]

    def close(self) -> None: ...


def meet(scene: Callable[[AsyncOpenAI], Awaitable[None]]) -> None:
    async def get() -> Words:
        return Words()

    async def run() -> None:
        async with (
            serving(more=lambda keys: moderation_routes(get, keys)) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key="none", max_retries=0) as client,
        ):
            await scene(client)

    asyncio.run(run())


def test_all_thirteen_categories_come_as_the_client_has_them() -> None:
    async def scene(client: AsyncOpenAI) -> None:
        raw = await client.moderations.with_raw_response.create(input="hate/threatening and sexual/minors")
        TypeAdapter(ModerationCreateResponse).validate_python(json.loads(raw.text))
        (result,) = raw.parse().results
        assert result.flagged and result.categories.hate_threatening and result.categories.sexual_minors
        assert not result.categories.violence and result.category_scores.violence == 0.1
        assert result.category_applied_input_types.self_harm_intent == ["text"]
        wire = json.loads(raw.text)["results"][0]
        assert wire["categories"].keys() == wire["category_scores"].keys() == set(HARMS)

    meet(scene)


def test_a_list_is_judged_text_by_text_and_parts_as_one() -> None:
    async def scene(client: AsyncOpenAI) -> None:
        several = await client.moderations.create(model="omni-moderation-latest", input=["violence", "peace"])
        assert [result.flagged for result in several.results] == [True, False]
        parts: list[Any] = [
            {"type": "text", "text": "peace"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "text", "text": "violence"},
        ]
        (one,) = (await client.moderations.create(input=parts)).results
        assert one.flagged and one.category_applied_input_types.violence == ["text"]

    meet(scene)


@pytest.mark.parametrize(
    ("given", "param", "says"),
    [
        ([], "input", "give a text"),
        (7, "input", "give a text"),
        (["a"] * 257, "input", "256"),
        ([{"type": "video"}], "input.0.type", "text, image_url"),
        ([{"type": "image_url", "image_url": {"url": "http://a"}}], "input", "Pictures are not judged"),
    ],
)
def test_bad_requests_name_field_and_remedy(given: Any, param: str, says: str) -> None:
    async def scene(client: AsyncOpenAI) -> None:
        with pytest.raises(BadRequestError, match=says) as refusal:
            await client.moderations.create(input=given)
        assert refusal.value.param == param

    meet(scene)


def test_unknown_models_and_broken_ones_are_told() -> None:
    async def scene(client: AsyncOpenAI) -> None:
        with pytest.raises(NotFoundError, match="There is: words"):
            await client.moderations.create(model="llama-guard", input="a")
        with pytest.raises(InternalServerError, match="words: broken"):
            await client.moderations.create(input="broken")
        assert not (await client.moderations.create(model="words", input="a")).results[0].flagged

    meet(scene)
