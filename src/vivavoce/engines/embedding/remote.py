"""Any embedding model behind an OpenAI-compatible server (`/embeddings`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vivavoce.engines.openai_server import OpenAIServer
from vivavoce.errors import EngineFailed
from vivavoce.models import ModelFiles
from vivavoce.ports import Embedding, Urgency

AT_ONCE = 256
"""Texts in one request."""


@dataclass(frozen=True, slots=True)
class Options:
    """`dimensions`: of the vectors that the model makes; `longest`: tokens of one text that it reads."""

    base_url: str = "http://127.0.0.1:8080/v1"
    model: str = "default"
    api_key: str = field(default="", repr=False)
    dimensions: int = 1536
    longest: int = 8192
    timeout: float = 20.0
    max_retries: int = 1


def load(options: Options, models: ModelFiles) -> RemoteEmbedder:
    """Nobody is asked yet: a server that is away fails the request, not the start."""
    return RemoteEmbedder(options)


class RemoteEmbedder:
    """See `ports.Embedder`. Urgency is the server's own business."""

    def __init__(self, options: Options) -> None:
        self.name, self.dimensions, self.longest = options.model, options.dimensions, options.longest
        self._server = OpenAIServer(options)

    async def embed(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Embedding]:
        made: list[Embedding] = []
        for start in range(0, len(texts), AT_ONCE):
            made += await self._ask(list(texts[start : start + AT_ONCE]))
        return made

    async def _ask(self, texts: list[str]) -> list[Embedding]:
        async with self._server.errors():
            answer = await self._server.client.embeddings.create(model=self.name, input=texts, encoding_format="float")
            vectors = {each.index: np.asarray(each.embedding, np.float32) for each in answer.data}
            tokens = answer.usage.total_tokens if answer.usage else 0
        if sorted(vectors) != list(range(len(texts))) or {len(vector) for vector in vectors.values()} != {
            self.dimensions
        }:
            raise EngineFailed(f"{self._server.name} sent other vectors than were asked for")
        shares = [tokens // len(texts) + (place < tokens % len(texts)) for place in range(len(texts))]
        return [Embedding(vectors[place], share) for place, share in enumerate(shares)]

    def close(self) -> None:
        self._server.close()
