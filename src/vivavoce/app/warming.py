"""From a cold start to open doors: the engines are loaded, and a question is asked and answered."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from importlib import import_module

from vivavoce.app.house import House
from vivavoce.conversation.config import PERSONA, ReplyOptions
from vivavoce.errors import StartupError, TurnError
from vivavoce.ports import Engines, Prompt
from vivavoce.session.sayings import rehearse
from vivavoce.session.self_check import SelfCheck, self_check

Say = Callable[[str], None]

COLLECTIONS = (7_000, 10, 1)
"""When Python's garbage collector looks through the young objects, the middle-aged and all of them. All are as seldom
as by default, after 70,000 more objects made than freed; but what hundreds of sessions have in hand at one moment does
not count as made. By default it did, and a look through all objects of 200 sessions takes 0.2 s."""


async def warm(house: House, say: Say, on_ready: Callable[[], None]) -> None:
    """Load the engines, hold the self-check, open the doors. What keeps it from loading is `house.trouble` then."""
    try:
        await asyncio.to_thread(house.load)
    except StartupError as error:
        house.trouble = error
        return
    if house.engines is not None and not house.demo:
        await _check(house.engines, say, house.settings.engines.llm.options.get("base_url"))
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection need look through it while people talk
    gc.set_threshold(*COLLECTIONS)
    house.ready = True
    on_ready()
    if house.engines is not None and house.phrases is not None and not house.demo:
        await house.phrases.render(ReplyOptions(), "en")
        await rehearse(house.engines.tts)
        await asyncio.to_thread(import_module, "vivavoce.assistant.mcp_host")  # see assistant/tool_servers.py


async def _check(engines: Engines, say: Say, mind_at: object = None) -> None:
    """Hold the self-check; while its question is spoken, the model reads its instructions into every slot. `mind_at`:
    address of the server where the mind is, if it is elsewhere: the likeliest to be away."""
    instructions = Prompt(PERSONA, ())
    warming = asyncio.create_task(engines.llm.warm(instructions))
    try:
        say(describe(await self_check(engines)))
        await warming
        await engines.llm.warm(instructions)  # what gave way to the answer; the rest costs nothing
    except TurnError as error:
        elsewhere = f" The mind is asked at {mind_at} (engines.llm.base_url)." if mind_at else ""
        say(f"self-check: {str(error).rstrip('.')}.{elsewhere} `vivavoce doctor` looks closer.")
    finally:
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)


def describe(check: SelfCheck) -> str:
    """The self-check in three lines."""
    return (
        f"self-check: asked     “{check.asked}”\n"
        f"            heard     “{check.heard}”\n"
        f"            answered  “{check.answered}” after {check.voice_to_voice_ms:.0f} ms"
    )
