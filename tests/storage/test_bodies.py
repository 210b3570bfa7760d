"""Items as they are stored: whatever a session holds comes back the same, and the client's types take it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openai.types.conversations import ConversationItem
from pydantic import TypeAdapter

from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    CallError,
    FunctionCall,
    FunctionOutput,
    HostedCall,
    Image,
    Item,
    ListedTool,
    Message,
    Speech,
    Text,
    ToolListing,
)
from vivavoce.storage.bodies import body_of, item_of, text_of

STRICT: TypeAdapter[Any] = TypeAdapter(ConversationItem)

ids = st.text("abc_123", min_size=1, max_size=12)
words = st.text(min_size=1, max_size=40)
endings = st.sampled_from(["completed", "incomplete"])
typed = st.builds(Text, words)
spoken = st.builds(Speech, words)
pictures = st.builds(Image, st.just("data:image/png;base64,AA=="), st.sampled_from(["auto", "low", "high"]))
messages = st.one_of(
    st.builds(Message, ids, st.just("user"), st.lists(typed, min_size=1, max_size=3).map(tuple), endings),
    st.builds(Message, ids, st.just("user"), st.tuples(typed, pictures), endings),
    st.builds(Message, ids, st.sampled_from(["user", "assistant"]), st.tuples(spoken), endings),
    st.builds(Message, ids, st.just("assistant"), st.tuples(typed), endings),
    st.builds(Message, ids, st.just("system"), st.tuples(typed)),
)
errors = st.one_of(
    st.builds(CallError, st.just("execution"), words),
    st.builds(CallError, st.sampled_from(["protocol", "http"]), words, st.integers(0, 599)),
)
tools = st.builds(ListedTool, words, words, st.just({"type": "object"}), st.booleans())
items: st.SearchStrategy[Item] = st.one_of(
    messages,
    st.builds(FunctionCall, ids, ids, words, words, endings),
    st.builds(FunctionOutput, ids, ids, words),
    st.builds(ToolListing, ids, words, st.lists(tools, max_size=2).map(tuple), st.none() | words),
    st.builds(HostedCall, ids, words, words, words, st.none() | words, st.none(), st.none() | ids, st.booleans()),
    st.builds(HostedCall, ids, words, words, words, st.none(), errors),
    st.builds(ApprovalRequest, ids, words, words, words),
    st.builds(ApprovalResponse, ids, ids, st.booleans(), st.none() | words),
)


@given(items)
def test_an_item_comes_back_as_it_was(item: Item) -> None:
    assert item_of(body_of(item)) == item


@given(items)
def test_an_item_as_it_is_stored_is_one_of_the_client_s(item: Item) -> None:
    body = body_of(item)
    assert STRICT.validate_python(body).type == body["type"]


def test_of_an_answer_that_was_cut_short_both_are_kept_what_was_heard_and_what_was_sent() -> None:
    body = body_of(Message("m", "assistant", (Speech("In"),), "incomplete"), said=" In Italy, of course.")
    assert text_of(body) == "In"
    assert body["vivavoce"] == {"spoken": True, "said": "In Italy, of course."}
    assert item_of(body) == Message("m", "assistant", (Speech("In"),), "incomplete")


NAMES = (
    "type role content text id status vivavoce call_id output name arguments server_label tools error image_url approve"
).split()
KINDS = ("message", "function_call", "function_call_output", "mcp_call", "mcp_list_tools", "reasoning", "x")
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
)


@given(ODD, st.sampled_from(KINDS))
def test_whatever_lies_in_the_database_is_read_or_left_out(body: Any, kind: str) -> None:
    odd = {**(body if isinstance(body, dict) else {"content": body}), "type": kind}
    item_of(odd)
    assert isinstance(text_of(odd), str)
