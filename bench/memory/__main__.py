"""How well facts worth keeping are found in what people say: `.venv/bin/python -m bench.memory [--model ID ...]`, from
the repository's folder.

`conversations.toml` beside this file has 30 talks in English and Italian, half of them with lasting facts. A fact that
is proposed is right when it names one of those that are listed (precision, of all that are proposed), a listed one is
found when a proposed fact names it (recall); what is `optional` counts neither way. Measured are the patterns of
`facts.toml`, and models of the catalogue with everything that `assistant/extraction.py` checks.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vivavoce.assistant.extraction import facts_by
from vivavoce.assistant.facts import facts_in
from vivavoce.engines.llm import llama
from vivavoce.loading import model_files
from vivavoce.ports import LanguageModel
from vivavoce.settings import read_settings


def talks() -> list[dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "conversations.toml").read_text(encoding="utf-8"))["talk"]


def names(fact: str, group: str) -> bool:
    words = re.findall(r"\w+", fact.lower())
    return any(word.startswith(key) for word in words for key in group.split("|"))


def measure(name: str, found_in: Callable[[list[str]], list[str]]) -> None:
    right = proposed = found = listed = quiet = empty = 0
    for talk in talks():
        facts, told = talk["facts"], found_in(talk["said"])
        if talk.get("optional"):
            continue
        good = [fact for fact in told if any(names(fact, group) for group in facts)]
        right, proposed, listed = right + len(good), proposed + len(told), listed + len(facts)
        found += sum(any(names(fact, group) for fact in told) for group in facts)
        if not facts:
            empty, quiet = empty + 1, quiet + (not told)
        for fact in told:
            print(f"    {'right' if fact in good else 'WRONG'}  {fact}")
        for group in facts:
            if not any(names(fact, group) for fact in told):
                print(f"    missed {group}")
    precision = f"{right / proposed:.2f}" if proposed else "-"
    print(f"{name}: precision {precision} of {proposed}, recall {found / listed:.2f} of {listed}, "
          f"nothing kept of {quiet} of {empty} talks without facts")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--model", metavar="ID", action="append", default=[])
    args = parser.parse_args()
    measure("patterns", lambda said: [fact.text for text in said for fact in facts_in(text)])
    for name in args.model:
        mind = llama.load(llama.Options(model=name, slots=1, deadline=900), model_files(read_settings()))
        answers = asyncio.run(_answers(mind))
        measure(name, lambda said, answers=answers: answers[str(said)])
        mind.close()


async def _answers(mind: LanguageModel) -> dict[str, list[str]]:
    return {str(talk["said"]): [one.fact for one in await facts_by(mind, talk["said"])] for talk in talks()}


if __name__ == "__main__":
    main()
