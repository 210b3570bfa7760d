"""Any order of what people, clients, models and tools do around hosted tools, tried by hypothesis in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.session.scene import Scene, play
from tests.session.tools import ASKING, HOME, RESEARCH, WEATHER, Host, Mind, tooling, with_servers
from vivavoce.conversation.config import ReplyOptions, ResponseRequest, Tool
from vivavoce.conversation.events import (
    CallEnded,
    CallStarted,
    OutputEnded,
    OutputStarted,
    ResponseEnded,
    ResponseStarted,
)
from vivavoce.conversation.items import (
    ApprovalRequest,
    ApprovalResponse,
    FunctionCall,
    FunctionOutput,
    HostedCall,
    Message,
    Text,
    new_id,
)
from vivavoce.engines.scripted import ScriptedTranscriber, scripted_engines
from vivavoce.errors import RequestError, SessionError, ToolFailed
from vivavoce.ports import Call, Done, HostedTool, Thought, ToolResult, Words

REPLIES: Sequence[str | Call | list[Thought]] = (
    "Fine.",
    "One two three four five six seven eight nine ten eleven twelve.",
    Call("get_weather", "{}"),
    Call("research", "{}"),
    Call("open_door", "{}"),
    [Call("get_weather", "{}"), Call("research", "{}"), Done()],
    [Words("Let me see"), Call("get_weather", "{}"), Done()],
    [Call("get_weather", "{}"), Call("open_door", "{}"), Done()],
)
STEPS = st.sampled_from(
    ["speak", "pause", "wait", "cancel", "ask", "aside", "approve", "deny", "answer", "delete", "leave", "come_back",
     "tell", "remind", "configure"]
)  # fmt: skip


class Client:
    """Does one thing after the other; what cannot be done is refused, and that is all."""

    def __init__(self, scene: Scene, options: ReplyOptions) -> None:
        self._scene, self._session, self._options = scene, scene.session, options

    async def do(self, step: str) -> None:
        try:
            await getattr(self, step)()
        except (RequestError, SessionError):
            pass

    async def speak(self) -> None:
        await self._scene.speak(0.8)

    async def pause(self) -> None:
        await self._scene.silence(0.4)

    async def wait(self) -> None:
        await self._scene.silence(3.0)

    async def cancel(self) -> None:
        await self._session.cancel()

    async def ask(self) -> None:
        await self._session.respond(ResponseRequest(self._options))

    async def aside(self) -> None:
        await self._session.respond(ResponseRequest(self._options, False, ()))

    async def approve(self, approve: bool = True) -> None:
        asked = [item for item in self._session.items if isinstance(item, ApprovalRequest)]
        request_id = asked[-1].id if asked else "mcpr_none"
        await self._session.add(ApprovalResponse(new_id("a"), request_id, approve))

    async def deny(self) -> None:
        await self.approve(False)

    async def answer(self) -> None:
        calls = [item for item in self._session.items if isinstance(item, FunctionCall)]
        await self._session.add(FunctionOutput(new_id("o"), calls[-1].call_id if calls else "none", "open"))

    async def delete(self) -> None:
        items = [item for item in self._session.items if not isinstance(item, Message)]
        if items:
            await self._session.delete(items[-1].id)

    async def leave(self) -> None:
        self._session.fall_silent()

    async def come_back(self) -> None:
        self._session.be_heard()

    async def tell(self) -> None:
        await self._session.add(Message(new_id("m"), "user", (Text("yes"),)))

    async def remind(self) -> None:
        await self._session.speak_up("Tea.")

    async def configure(self) -> None:
        config = self._session.config
        servers = (ASKING,) if config.reply.servers == (HOME,) else (HOME,)
        await self._session.configure(replace(config, reply=replace(config.reply, servers=servers)))


def host(takes: float, outcome: str) -> Host:
    results: dict[str, str | ToolResult | ToolFailed] = {
        "text": "sunny",
        "spoken": ToolResult("sunny", spoken="It is sunny."),
        "fails": ToolFailed("no"),
    }
    offers = (HostedTool(WEATHER, reads_only=True), HostedTool(RESEARCH, slow=True, foreign=False))
    return Host(offers=offers, takes=takes, answers=results[outcome])


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(STEPS, min_size=3, max_size=14),
    st.lists(st.sampled_from(range(len(REPLIES))), min_size=1, max_size=6),
    st.sampled_from([0.05, 0.9, 1.1, 5.0]),
    st.sampled_from(["text", "spoken", "fails"]),
    st.booleans(),
)
@example(
    ["speak", "speak", "speak"], [5], 5.0, "text", False
)  # each late result used to lead to the next call, for ever
def test_whatever_happens_every_call_and_every_response_ends_once(
    steps: list[str], script: list[int], takes: float, outcome: str, asks: bool
) -> None:
    told = [REPLIES[n] for n in script]
    count = Counter[str]()

    def replies(prompt) -> str | Thought | Sequence[Thought]:
        count["replies"] += 1
        return told[count["replies"] % len(told)] if prompt.tool_choice.mode != "none" else "Enough."

    config = with_servers(ASKING if asks else HOME, tools=(Tool("open_door"),))
    engines = scripted_engines(llm=Mind(replies), stt=ScriptedTranscriber(("yes please",)))

    async def scene(scene: Scene) -> None:
        client = Client(scene, config.reply)
        for step in steps:
            await client.do(step)
        scene.session.be_heard()
        await scene.silence(90.0)  # two chains of rounds, each call slow

    seen = play(scene, engines=engines, config=config, tooling=tooling(host(takes, outcome)))
    check(seen)


def check(scene: Scene) -> None:
    started = Counter(event.response_id for event in scene.of(ResponseStarted))
    ended = Counter(event.response_id for event in scene.of(ResponseEnded))
    assert started == ended and set(started.values()) <= {1}
    opened = Counter((event.response_id, event.index) for event in scene.of(OutputStarted))
    closed = Counter((event.response_id, event.index) for event in scene.of(OutputEnded))
    assert opened == closed and set(opened.values()) <= {1}
    calls = Counter(event.item.id for event in scene.of(CallStarted))
    done = Counter(event.item.id for event in scene.of(CallEnded))
    assert set(done) <= set(calls) and set(done.values()) <= {1}
    there = {item.id for item in scene.session.items if isinstance(item, HostedCall)}
    assert not [call for call in there if call not in done], "a call that was not deleted has its end"
    assert all(item.status == "completed" for item in scene.session.items if isinstance(item, HostedCall))
