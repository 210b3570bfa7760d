"""`POST /v1/embeddings`: the meaning of texts as numbers."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object, while_connected
from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.problems import answering_engines
from vivavoce.errors import RequestError
from vivavoce.ports import Embedder, Embedding, Vector

MOST_TEXTS = 2048
WELL_KNOWN = re.compile(r"text-embedding-|pplx-embed-|vivavoce$")
"""Names that apps have built in; they mean the model there is."""
PERPLEXITY = "pplx-embed-"
ENCODINGS = ("float", "base64", "base64_int8", "base64_binary")
"""OpenAI's two, then Perplexity's: a signed byte a dimension, or its sign alone, the first in the highest bit."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked."""

    model: str
    texts: tuple[str, ...]
    dimensions: int | None
    encoding: str


def embedding_routes(embedder: Callable[[], Awaitable[Embedder]], keys: Keys) -> list[Route]:
    """`embedder`: loads it on the first call; raises ModelUnavailable."""

    async def embed(request: Request) -> Response:
        asked = read_asked(await read_object(request))
        return await while_connected(request, _answer(embedder, asked))

    return [Route("/v1/embeddings", locked(keys, embed), methods=["POST"])]


async def _answer(embedder: Callable[[], Awaitable[Embedder]], asked: Asked) -> Response:
    async with answering_engines():
        engine = await embedder()
        _check(asked, engine)
        found = await engine.embed(asked.texts)
    return JSONResponse(_wire(asked, found))


def read_asked(fields: Fields) -> Asked:
    """Raises RequestError."""
    fields.text("user", None)
    model = fields.need_text("model", "give the name of a model, such as text-embedding-3-small")
    return Asked(
        model,
        _texts(fields),
        fields.integer("dimensions", None, 1, 100_000),
        fields.choice("encoding_format", ENCODINGS, "base64_int8" if model.startswith(PERPLEXITY) else "float"),
    )


def _texts(fields: Fields) -> tuple[str, ...]:
    given = fields.get("input")
    if given is None or given == []:
        raise missing("input", "give a text, or an array of texts")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or len(texts) > MOST_TEXTS:
        raise invalid("input", f"be a text, or an array of at most {MOST_TEXTS} texts", given)
    for place, text in enumerate(texts):
        if isinstance(text, int | list):
            raise RequestError(
                "'input' must be text: numbers of tokens mean something to one tokenizer only, and the model here has "
                "another. LangChain sends text with check_embedding_ctx_length=False.",
                param="input",
                code="invalid_value",
            )
        if not isinstance(text, str) or not text:
            raise invalid(f"input.{place}", "be a text of at least one character", text)
    return tuple(texts)


def _check(asked: Asked, engine: Embedder) -> None:
    if asked.model != engine.name and not WELL_KNOWN.match(asked.model):
        message = f"There is no embedding model {asked.model!r} here. There is: {engine.name}."
        raise RequestError(message, param="model", code="model_not_found")
    if asked.dimensions is not None and asked.dimensions > engine.dimensions:
        raise invalid("dimensions", f"be at most {engine.dimensions}, what {engine.name} has", asked.dimensions)


def _wire(asked: Asked, found: list[Embedding]) -> dict[str, Any]:
    tokens = sum(each.tokens for each in found)
    data = [
        {"object": "embedding", "index": place, "embedding": _written(_shortened(each.vector, asked), asked)}
        for place, each in enumerate(found)
    ]
    return {
        "object": "list",
        "data": data,
        "model": asked.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _shortened(vector: Vector, asked: Asked) -> Vector:
    """The first numbers, brought to length 1 again."""
    if asked.dimensions is None:
        return vector
    kept = vector[: asked.dimensions]
    length = float(np.linalg.norm(kept))
    return kept / length if length else kept


def _written(vector: Vector, asked: Asked) -> str | list[float]:
    match asked.encoding:
        case "base64":
            packed = np.ascontiguousarray(vector, "<f4").tobytes()
        case "base64_int8":  # only the direction counts: the largest number becomes 127
            packed = np.rint(vector * (127 / max(float(np.abs(vector).max()), 1e-9))).astype(np.int8).tobytes()
        case "base64_binary":
            packed = np.packbits(vector > 0).tobytes()
        case _:
            return [float(number) for number in vector]
    return base64.b64encode(packed).decode()
