"""OpenAI's moderation, or any server's that has its route (`/moderations`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vivavoce.engines.openai_server import OpenAIServer
from vivavoce.errors import EngineFailed
from vivavoce.models import ModelFiles
from vivavoce.ports import HARMS, Judgement, Urgency

AT_ONCE = 32
"""Texts in one request."""


@dataclass(frozen=True, slots=True)
class Options:
    base_url: str = "https://api.openai.com/v1"
    model: str = "omni-moderation-latest"
    api_key: str = field(default="", repr=False)
    timeout: float = 20.0
    max_retries: int = 1


def load(options: Options, models: ModelFiles) -> RemoteModerator:
    """Nobody is asked yet: a server that is away fails the request, not the start."""
    return RemoteModerator(options)


class RemoteModerator:
    """See `ports.Moderator`. Urgency is the server's own business."""

    def __init__(self, options: Options) -> None:
        self.name = options.model
        self._server = OpenAIServer(options)

    async def judge(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Judgement]:
        made: list[Judgement] = []
        for start in range(0, len(texts), AT_ONCE):
            made += await self._ask(list(texts[start : start + AT_ONCE]))
        return made

    async def _ask(self, texts: list[str]) -> list[Judgement]:
        async with self._server.errors():
            answer = await self._server.client.moderations.create(model=self.name, input=texts)
            results = [
                (each.category_scores.model_dump(by_alias=True), each.categories.model_dump(by_alias=True))
                for each in answer.results
            ]
        if len(results) != len(texts):
            raise EngineFailed(f"{self._server.name} judged {len(results)} of {len(texts)} texts")
        return [
            Judgement(
                {harm: float(scores.get(harm) or 0.0) for harm in HARMS},
                frozenset(harm for harm in HARMS if applies.get(harm)),
            )
            for scores, applies in results
        ]

    def close(self) -> None:
        self._server.close()
