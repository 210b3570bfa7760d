"""`POST /v1/moderations`: what is harmful in texts, in OpenAI's thirteen categories."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object, while_connected
from vivavoce.api.fields import Fields, invalid, missing
from vivavoce.api.problems import answering_engines
from vivavoce.conversation.items import new_id
from vivavoce.errors import RequestError
from vivavoce.ports import HARMS, Judgement, Moderator

MOST_TEXTS = 256
WELL_KNOWN = re.compile(r"(omni|text)-moderation-|vivavoce$")
USUAL = "omni-moderation-latest"


def moderation_routes(moderator: Callable[[], Awaitable[Moderator]], keys: Keys) -> list[Route]:
    """`moderator`: loads it on the first call; raises ModelUnavailable."""

    async def moderate(request: Request) -> Response:
        fields = await read_object(request)
        texts, model = read_texts(fields), fields.text("model", USUAL)
        return await while_connected(request, answer(texts, model))

    async def answer(texts: list[str], model: str) -> Response:
        async with answering_engines():
            engine = await moderator()
            if model != engine.name and not WELL_KNOWN.match(model):
                message = f"There is no moderation model {model!r} here. There is: {engine.name}."
                raise RequestError(message, param="model", code="model_not_found")
            judged = await engine.judge(texts)
        return JSONResponse({"id": new_id("modr"), "model": engine.name, "results": [wire(each) for each in judged]})

    return [Route("/v1/moderations", locked(keys, moderate), methods=["POST"])]


def read_texts(fields: Fields) -> list[str]:
    """A text, several, or the parts of one. Of parts, pictures are left out: nobody here judges them. Raises
    RequestError."""
    given = fields.get("input")
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list) or not given:
        raise missing("input", "give a text, an array of texts, or an array of parts")
    if all(isinstance(text, str) for text in given):
        if len(given) > MOST_TEXTS:
            raise invalid("input", f"be an array of at most {MOST_TEXTS} texts", given)
        return list(given)
    parts = fields.array("input", lambda value, path: _part(Fields(value, path)), most=MOST_TEXTS) or []
    words = [text for text in parts if text is not None]
    if not words:
        raise RequestError(
            "Pictures are not judged here: send text, or settings with a server that sees.",
            param="input",
            code="unsupported_image",
        )
    return ["\n".join(words)]


def _part(part: Fields) -> str | None:
    if part.need_choice("type", ("text", "image_url")) == "image_url":
        return None
    return part.need_text("text")


def wire(judged: Judgement) -> dict[str, Any]:
    return {
        "flagged": bool(judged.applies),
        "categories": {harm: harm in judged.applies for harm in HARMS},
        "category_scores": {harm: round(judged.scores[harm], 6) for harm in HARMS},
        "category_applied_input_types": {harm: ["text"] for harm in HARMS},
    }
