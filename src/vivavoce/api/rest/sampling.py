"""What a request says about how tokens are chosen and what is told of them, and those scores on the wire, in OpenAI's
forms. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vivavoce.api.fields import Fields, invalid
from vivavoce.ports import Sampling, ScoredToken

Wire = dict[str, Any]

MOST_LIKELY = 20
MOST_BIASES = 1024
LARGEST_TOKEN = 2**31 - 1


def read_sampling(fields: Fields) -> Sampling:
    """Of a chat completion. Raises RequestError."""
    top = fields.integer("top_logprobs", None, 0, MOST_LIKELY)
    wanted = fields.flag("logprobs", False)
    if top and not wanted:
        raise invalid("top_logprobs", "come with 'logprobs': true")
    return Sampling(
        presence_penalty=fields.number("presence_penalty", 0.0, -2, 2),
        frequency_penalty=fields.number("frequency_penalty", 0.0, -2, 2),
        logit_bias=_biases(fields),
        logprobs=top or 0 if wanted else None,
    )


def _biases(fields: Fields) -> dict[int, float]:
    given = fields.object("logit_bias")
    if given is None:
        return {}
    if len(given.raw) > MOST_BIASES:
        raise invalid("logit_bias", f"name at most {MOST_BIASES} tokens")
    for name in given.raw:
        if not (name.isascii() and name.isdecimal() and len(name) <= 10 and int(name) <= LARGEST_TOKEN):
            raise invalid("logit_bias", "have the numbers of tokens for names", name)
    return {int(name): given.number(name, 0.0, -100, 100) for name in given.raw}


def chat_logprobs(tokens: Iterable[ScoredToken]) -> Wire | None:
    """As a choice of a chat completion has them; None where nothing was scored."""
    content = [_scored(token, token.likeliest) for token in tokens]
    return {"content": content, "refusal": None} if content else None


def part_logprobs(tokens: Iterable[ScoredToken]) -> list[Wire]:
    """As a text of a response has them."""
    return [_scored(token, token.likeliest) for token in tokens]


def _scored(token: ScoredToken, likeliest: Iterable[ScoredToken]) -> Wire:
    return {**_plain(token), "top_logprobs": [_plain(each) for each in likeliest]}


def _plain(token: ScoredToken) -> Wire:
    return {"token": token.text, "logprob": token.logprob, "bytes": list(token.bytes)}
