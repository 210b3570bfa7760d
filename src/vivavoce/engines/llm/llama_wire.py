"""Requests to llama.cpp's server and the chunks that it answers with, as values. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vivavoce.engines.llm.render import ChatMessage
from vivavoce.engines.llm.scores import scored
from vivavoce.engines.llm.tools import SPEECH_ONLY, Schema
from vivavoce.ports import Done, Prompt, ScoredToken

Request = dict[str, Any]
Chunk = dict[str, Any]

THOUGHTFUL = ("medium", "high", "xhigh")
FIRST_TOKEN = {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 20}
PEEK = {"max_tokens": 1, "temperature": 0, "logprobs": 20, "stream": True}


def request(messages: list[ChatMessage], slot: int, max_tokens: int, temperature: float) -> Request:
    """`return_progress` makes the server report after every step of reading: where it can be cancelled;
    `timings_per_token` makes it count as it goes: a reply that is left has an account."""
    return {
        "messages": messages,
        "id_slot": slot,
        "cache_prompt": True,
        "max_tokens": max_tokens,
        "temperature": temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "timings_per_token": True,
    }


def continued(request: Request, said: str) -> Request:
    """The same request after some of its reply: llama.cpp writes on behind a last message of the assistant."""
    if not said:
        return request
    return request | {"messages": [*request["messages"], {"role": "assistant", "content": said}]}


def sampling(prompt: Prompt) -> Request:
    """What the prompt itself says about how to choose words. An array of pairs: in an object, numbers would be taken
    for words."""
    asked = prompt.sampling
    given = {
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "top_k": asked.top_k,
        "presence_penalty": asked.presence_penalty or None,
        "frequency_penalty": asked.frequency_penalty or None,
        "logit_bias": [[token, bias] for token, bias in asked.logit_bias.items()] or None,
        "logprobs": None if asked.logprobs is None else True,
        "top_logprobs": asked.logprobs,
    }
    return {name: value for name, value in given.items() if value is not None}


def tokens(chunk: Chunk) -> list[ScoredToken]:
    """Those that the words of a chunk consist of, where they were asked for."""
    choice = (chunk.get("choices") or [{}])[0]
    return scored((choice.get("logprobs") or {}).get("content")) if choice.get("delta", {}).get("content") else []


def speaking(request: Request, prompt: Prompt) -> Request:
    """Sampling for talk. Top-k, top-p and the repetition penalty are those of Qwen2.5's own generation
    config; DRY (oobabooga/text-generation-webui#5677) stops the loops that small models fall into."""
    sampling = {"top_k": 20, "top_p": 0.8, "repeat_penalty": 1.05, "repeat_last_n": 128}
    loops = {"dry_multiplier": 0.8, "dry_allowed_length": 4, "dry_penalty_last_n": 256}
    return {**sampling, **loops, **request, **({"grammar": SPEECH_ONLY} if prompt.tools else {})}


def calling(request: Request, schema: Schema) -> Request:
    return shaped(request, schema) | {"temperature": 0}


def shaped(request: Request, schema: Schema) -> Request:
    """The reply has to be JSON that fits: the grammar allows nothing else."""
    return {**request, "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}}


def p_end(chunks: Sequence[Chunk]) -> float | None:
    """Probability of the end of the message among the likeliest next tokens; None where nothing was told."""
    for chunk in chunks:
        for choice in chunk.get("choices") or ():
            for token in (choice.get("logprobs") or {}).get("content") or ():
                # marks have no text: the end of the message, or of everything
                return sum(math.exp(each["logprob"]) for each in token["top_logprobs"] if not each["bytes"])
    return None


def reasoning(chunk: Chunk) -> str:
    """The model's thinking, where the server tells it apart."""
    choices = chunk.get("choices") or [{}]
    return choices[0].get("delta", {}).get("reasoning_content") or ""


def thinking(prompt: Prompt) -> Request:
    """Whether a model that can is to think first: only where the prompt asks for effort, since thinking is silence."""
    return {"chat_template_kwargs": {"enable_thinking": prompt.effort in THOUGHTFUL}}


def text(chunk: Chunk) -> str:
    choices = chunk.get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


def has_text(chunk: Chunk) -> bool:
    return bool(text(chunk))


def first_tokens(chunks: Sequence[Chunk]) -> list[dict[str, Any]]:
    """The likeliest first tokens and their probabilities."""
    for chunk in chunks:
        for choice in chunk.get("choices") or ():
            for token in (choice.get("logprobs") or {}).get("content") or ():
                return [{"token": each["token"], "p": math.exp(each["logprob"])} for each in token["top_logprobs"]]
    return []


def done(chunks: Sequence[Chunk]) -> Done:
    usage: dict[str, Any] = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), _so_far(chunks))
    ends = [choice.get("finish_reason") for chunk in chunks for choice in chunk.get("choices") or ()]
    return Done(
        prompt_tokens=usage.get("prompt_tokens", 0),
        cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
        completion_tokens=usage.get("completion_tokens", 0),
        cut_short="length" in ends,
    )


def _so_far(chunks: Sequence[Chunk]) -> dict[str, Any]:
    """The account of a reply that was left before its end, by what its last token told."""
    timings = next((chunk["timings"] for chunk in reversed(chunks) if chunk.get("timings")), None)
    if timings is None:
        return {}
    return {
        "prompt_tokens": timings["cache_n"] + timings["prompt_n"],
        "completion_tokens": timings["predicted_n"],
        "prompt_tokens_details": {"cached_tokens": timings["cache_n"]},
    }


def joined(before: Done, after: Done) -> Done:
    """The account of two bursts of one reply: what the second one read was there already."""
    return Done(
        before.prompt_tokens or after.prompt_tokens,
        before.cached_tokens if before.prompt_tokens else after.cached_tokens,
        before.completion_tokens + after.completion_tokens,
        after.cut_short,
    )


def stopped(done: Done, found: str | None) -> Done:
    """The account of a reply that a stop text may have ended: then no limit did."""
    return replace(done, stopped=found, cut_short=done.cut_short and found is None)
