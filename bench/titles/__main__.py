"""How good the titles of conversations are: `.venv/bin/python -m bench.titles [--model]`, from the repository's folder.

`threads.toml` beside this file has 42 beginnings of conversations in five languages, half of them held out. A title
is right when its small words are those of the conversation's language, it has one to seven words, begins and ends with
a word that means something, and holds a word of each group that names the subject. Measured are the first words of the
person, the subject in their own words (`text.subject`), and with --model what the server's mind writes, as it is and as
it is kept (`assistant.titles`).
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vivavoce.assistant.titles import ask, cleaned, title_of
from vivavoce.conversation.items import Message, Text
from vivavoce.loading import load_engines
from vivavoce.settings import read_settings
from vivavoce.text.subject import first_words, is_foreign, title
from vivavoce.text.subject_words import FRAMES, LINKS, SMALL

MOST_WORDS = 7


def threads() -> list[dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "threads.toml").read_text(encoding="utf-8"))["thread"]


def items_of(said: list[str]) -> list[Message]:
    return [Message(str(n), "assistant" if n % 2 else "user", (Text(text),)) for n, text in enumerate(said)]


def faults(made: str, thread: dict[str, Any]) -> list[str]:
    """What is wrong with a title."""
    language, plain = thread["language"], made.lower()
    words = re.findall(r"[^\W_]+", plain)
    found = []
    if is_foreign(made, language):
        found.append("language")
    if not 1 <= len(words) <= MOST_WORDS or made.endswith("…"):
        found.append("length")
    outer = {*SMALL[language], *FRAMES[language]}
    if words and (words[0] in outer or words[-1] in outer or words[-1] in LINKS[language]):
        found.append("form")
    if not all(any(key in plain for key in group) for group in thread["keys"]):
        found.append("subject")
    return found


def measure(name: str, made: Callable[[dict[str, Any]], str], *, show: bool) -> None:
    for kind, chosen in (("corrected by", False), ("held out", True)):
        judged = [(made(one), faults(made(one), one)) for one in threads() if one.get("held", False) is chosen]
        print(f"{name:18} {kind:13} {sum(not wrong for _, wrong in judged)} of {len(judged)} right")
        for text, wrong in judged:
            if show or wrong:
                print(f"    {text!r} {', '.join(wrong)}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.titles", description=__doc__)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--show", action="store_true", help="all titles, not only the wrong ones")
    args = parser.parse_args()
    measure("first words", lambda one: first_words(one["said"][0]), show=args.show)
    measure("own words", lambda one: title(one["said"][::2], one["said"][1::2]), show=args.show)
    if args.model:
        mind = load_engines(read_settings()).llm
        raw = {str(one["said"]): cleaned(asyncio.run(ask(mind, items_of(one["said"])))) for one in threads()}
        measure("model", lambda one: raw[str(one["said"])], show=args.show)
        kept = {str(one["said"]): asyncio.run(title_of(mind, items_of(one["said"]))) for one in threads()}
        measure("model, checked", lambda one: kept[str(one["said"])], show=args.show)
        mind.close()


if __name__ == "__main__":
    main()
