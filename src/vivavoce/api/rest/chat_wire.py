"""A chat completion on the wire, as OpenAI writes it: whole, or in chunks. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from vivavoce.api.problems import Trouble
from vivavoce.api.rest.chat_request import ChatAsked
from vivavoce.api.rest.replies import Reply, Sounded, told_mind
from vivavoce.api.rest.sampling import chat_logprobs
from vivavoce.api.rest.spoken import KEPT
from vivavoce.audio.files import sized
from vivavoce.conversation.items import new_id
from vivavoce.ports import Call, Done, Prompt, Reasoning, Thought, Words
from vivavoce.session.accounts import TOKENS_PER_SECOND_OUT, heard_tokens

Wire = dict[str, Any]

END = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Head:
    """What all parts of one completion have in common. `created`: seconds since 1970. `sounds`: ids of the spoken
    answers, one a choice. `heard`: tokens of the recordings that were asked about."""

    id: str
    created: int
    model: str
    sounds: tuple[str, ...] = ()
    heard: int = 0

    def wire(self, kind: str) -> Wire:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": f"vivavoce-{self.model}",
            "service_tier": "default",
        }


def new_head(asked: ChatAsked, prompt: Prompt, model: str, created: int) -> Head:
    sounds = tuple(new_id("audio") for _ in range(asked.choices)) if asked.aloud else ()
    return Head(new_id("chatcmpl"), created, model, sounds, heard_tokens(prompt))


# --- whole


def completion(head: Head, asked: ChatAsked, replies: Sequence[Reply]) -> Wire:
    choices = [
        {
            "index": n,
            "message": _message(head, asked, n, reply),
            "logprobs": chat_logprobs(reply.tokens),
            "finish_reason": finish_reason(reply.done, bool(reply.calls), asked),
        }
        for n, reply in enumerate(replies)
    ]
    metadata = None if asked.metadata is None else dict(asked.metadata)
    body = {**head.wire("chat.completion"), "choices": choices, "usage": usage(head, replies), "metadata": metadata}
    return body | told_mind(replies[0].done)


def _message(head: Head, asked: ChatAsked, n: int, reply: Reply) -> Wire:
    message: Wire = {"role": "assistant", "content": reply.text, "refusal": None, "annotations": []}
    if reply.calls and not reply.text:
        message["content"] = None
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning  # as DeepSeek and vLLM call it; OpenAI has no word for it
    if asked.aloud:
        message["content"] = None
        message["audio"] = {
            "id": head.sounds[n],
            "data": base64.b64encode(sized(reply.sound)).decode(),
            "transcript": reply.text,
            "expires_at": head.created + KEPT,
        }
    if reply.calls and asked.functions:
        message["function_call"] = {"name": reply.calls[0].name, "arguments": reply.calls[0].arguments}
    elif reply.calls:
        message["tool_calls"] = [_call(call, asked) for call in reply.calls]
    return message


def _call(call: Call, asked: ChatAsked) -> Wire:
    head = {"id": new_id("call")}
    if call.name in asked.custom:
        return {**head, "type": "custom", "custom": {"name": call.name, "input": _free_text(call)}}
    return {**head, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _free_text(call: Call) -> str:
    try:
        return str(json.loads(call.arguments)["input"])
    except (ValueError, KeyError, TypeError):
        return call.arguments


def finish_reason(done: Done, called: bool, asked: ChatAsked) -> str:
    if called:
        return "function_call" if asked.functions else "tool_calls"
    return "length" if done.cut_short else "stop"


def usage(head: Head, replies: Sequence[Reply]) -> Wire:
    """Of all choices together; the prompt counts once."""
    first = replies[0].done
    sound = round(sum(reply.seconds for reply in replies) * TOKENS_PER_SECOND_OUT)
    written = sum(reply.done.completion_tokens for reply in replies)
    read = first.prompt_tokens + head.heard
    cached = min(first.cached_tokens, first.prompt_tokens)
    return {
        "prompt_tokens": read,
        "completion_tokens": written + sound,
        "total_tokens": read + written + sound,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": head.heard},
        "completion_tokens_details": {
            "reasoning_tokens": sum(reply.done.reasoning_tokens for reply in replies),
            "audio_tokens": sound,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


# --- in chunks


class Chunks:
    """One choice after the other as chunks."""

    def __init__(self, head: Head, asked: ChatAsked) -> None:
        self._head, self._asked = head, asked
        self._frame = head.wire("chat.completion.chunk")
        if asked.include_usage:
            self._frame["usage"] = None
        self._calls = 0

    def opening(self, n: int) -> Wire:
        self._calls = 0
        if self._asked.aloud:
            return self._chunk(n, {"role": "assistant", "audio": {"id": self._head.sounds[n], "transcript": ""}})
        return self._chunk(n, {"role": "assistant", "content": "", "refusal": None})

    def of(self, n: int, thought: Thought | Sounded) -> Iterator[Wire]:
        match thought:
            case Words():
                yield self._chunk(n, self._words(n, thought.text), logprobs=chat_logprobs(thought.tokens))
            case Reasoning(text):
                yield from [self._chunk(n, {"reasoning_content": text})] if text else []
            case Sounded():
                encoded = base64.b64encode(thought.data).decode()
                if encoded:
                    yield self._chunk(n, {"audio": {"id": self._head.sounds[n], "data": encoded}})
            case Call():
                yield self._chunk(n, self._call(thought))
                self._calls += 1
            case Done():
                if self._asked.aloud:
                    expires = self._head.created + KEPT
                    yield self._chunk(n, {"audio": {"id": self._head.sounds[n], "expires_at": expires}})
                yield self._chunk(n, {}, finish_reason(thought, self._calls > 0, self._asked)) | told_mind(thought)
            case _:
                assert_never(thought)

    def account(self, replies: Sequence[Reply]) -> Wire:
        """The last chunk, for those who asked for it."""
        return {**self._frame, "choices": [], "usage": usage(self._head, replies)}

    def _words(self, n: int, text: str) -> Wire:
        return {"audio": {"id": self._head.sounds[n], "transcript": text}} if self._asked.aloud else {"content": text}

    def _call(self, call: Call) -> Wire:
        wire = _call(call, self._asked)
        if self._asked.functions:
            return {"function_call": wire["function"]}
        return {"tool_calls": [{"index": self._calls, **wire}]}

    def _chunk(self, n: int, delta: Wire, reason: str | None = None, *, logprobs: Wire | None = None) -> Wire:
        choice = {"index": n, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**self._frame, "choices": [choice]}


def broken_off(trouble: Trouble) -> Wire:
    """What a stream that has begun ends with when the mind fails: OpenAI's clients raise it as an error."""
    return {"error": {"message": trouble.message, "type": trouble.kind, "param": None, "code": trouble.code}}
