"""What readers cost a listener: `.venv/bin/python -m bench.readers` from the repository's folder, with the default
model.

A listener asks a short question every second, while two readers (apps that use the REST side) have long prompts read
and answered without end; once with their true urgency, and once as if they were listeners, too.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from contextlib import aclosing
from time import monotonic

from vivavoce.conversation.config import PERSONA
from vivavoce.conversation.items import Message, Text, new_id
from vivavoce.engines.llm.llama import Llama, Options, load
from vivavoce.models.store import Store
from vivavoce.ports import Prompt, Urgency, Words
from vivavoce.settings import read_settings

TURNS = 8
BETWEEN = 0.7
"""Seconds from one answer of the listener's to his next question."""
READERS = 2
FILLER = "The quick brown fox jumps over the lazy dog. " * 100
_numbers = itertools.count()


def asked(text: str) -> tuple[Message]:
    return (Message(new_id("item"), "user", (Text(text),)),)


async def listen(model: Llama) -> str:
    firsts, paces = [], []
    for n in range(TURNS):
        began, stamps = monotonic(), []
        prompt = Prompt(PERSONA, asked(f"What is {n} plus {n}?"), "voice", max_tokens=20)
        async with aclosing(model.reply(prompt)) as thoughts:
            async for thought in thoughts:
                if isinstance(thought, Words):
                    stamps.append(monotonic())
        firsts.append(1000 * (stamps[0] - began))
        paces.append((len(stamps) - 1) / max(stamps[-1] - stamps[0], 1e-3))
        await asyncio.sleep(BETWEEN)
    return f"{statistics.median(firsts):.0f} | {max(firsts):.0f} | {statistics.median(paces):.0f}"


async def read(model: Llama, urgency: Urgency) -> None:
    while True:
        prompt = Prompt("", asked(f"{next(_numbers)}. Sum up: {FILLER}"), max_tokens=60, urgency=urgency)
        async with aclosing(model.reply(prompt)) as thoughts:
            async for _ in thoughts:
                pass


async def measure(model: Llama) -> None:
    print("| | first token p50 ms | worst ms | tokens a second |\n|---|---|---|---|")
    await model.warm(Prompt(PERSONA, (), "voice"))
    print(f"| alone | {await listen(model)} |")
    for urgency, name in ((Urgency.SOON, "beside two readers"), (Urgency.NOW, "… if they did not give way")):
        reading = [asyncio.create_task(read(model, urgency)) for _ in range(READERS)]
        await asyncio.sleep(1)
        print(f"| {name} | {await listen(model)} |", flush=True)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


def main() -> None:
    model = load(Options(), Store(read_settings().paths.models).path)
    asyncio.run(measure(model))
    model.close()


if __name__ == "__main__":
    main()
