"""How well and how quickly requests find their tools: `.venv/bin/python -m bench.tools [RECORDINGS] [--url URL]`, from
the repository's folder.

- rules: which requests are recognised (`tests/assistant/requests*.txt`), which texts that are none are taken for one
  (`tests/assistant/no_requests*.txt`, and the texts of a folder of recordings), and the time that a look takes.
- answers, with --url: typed to a running server, from sending to the first audible sample: requests that a rule finds
  beside questions that the model answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from pathlib import Path
from time import perf_counter

from vivavoce.assistant.intents import intent_of
from vivavoce.cli.dialogue import dialogue
from vivavoce.cli.server import reach
from vivavoce.settings import read_settings

TESTS = Path(__file__).parents[1] / "tests" / "assistant"
FIELDS = ("question", "prompt", "text", "objective")
BY_RULE = ("What time is it in Tokyo?", "What is 17 percent of 240?", "How many days until Christmas?",
           "How many kilometers are 5 miles?", "What's on my shopping list?")  # fmt: skip
BY_MODEL = ("Why is the sky blue?", "What is the capital of Italy?", "Tell me something about the sea.",
            "Who wrote the Divine Comedy?", "What do bees do in winter?")  # fmt: skip


def lines(name: str) -> list[str]:
    return [line for line in (TESTS / name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


def rules(recordings: Path | None) -> None:
    for name in sorted(file.name for file in TESTS.glob("requests*.txt")):
        pairs = [line.split(" | ", 1) for line in lines(name)]
        found = [(tool, intent_of(said)) for tool, said in pairs]
        right = sum(intent is not None and intent.tool == tool for tool, intent in found)
        wrong = sum(intent is not None and intent.tool != tool for tool, intent in found)
        print(f"{name:28} {right} of {len(pairs)} recognised ({right / len(pairs):.1%}), {wrong} mistaken")
    texts = lines("no_requests.txt") + lines("no_requests_others.txt") + (_texts(recordings) if recordings else [])
    began = perf_counter()
    taken = [text for text in texts if intent_of(text) is not None]
    each = (perf_counter() - began) / len(texts) * 1000
    print(f"{'no requests':28} {len(taken)} of {len(texts)} taken for one; {each:.2f} ms a text")
    for text in taken:
        print(f"    {text[:100]}")


def _texts(recordings: Path) -> list[str]:
    found: list[str] = []
    for file in (*sorted((recordings / "text").glob("*.jsonl")), recordings / "manifest.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found += [row[name] for name in FIELDS if isinstance(row.get(name), str)]
    return found


async def answers(url: str) -> None:
    session = {"vivavoce": {"openers": "off"}, "tools": [{"type": "mcp", "server_label": "vivavoce"}]}
    async with reach(read_settings(), url) as running:
        for kind, asked in (("by rule", BY_RULE), ("by the model", BY_MODEL)):
            async with dialogue(running.address, session) as talk:
                times = [(await talk.type(text)).voice_to_voice_ms for text in asked]
            told = sorted(time for time in times if time is not None)
            print(f"{kind:24} first sound after {statistics.median(told):.0f} ms (median of {len(told)}), {told}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tools", description=__doc__)
    parser.add_argument("recordings", nargs="?", type=Path)
    parser.add_argument("--url")
    args = parser.parse_args()
    rules(args.recordings)
    if args.url:
        asyncio.run(answers(args.url))


if __name__ == "__main__":
    main()
