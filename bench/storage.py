"""How fast what is kept is found: `nice .venv/bin/python -m bench.storage` from the repository's folder.

100,000 messages of two people in 5,000 conversations, on SQLite in a file and on a PostgreSQL of its own (where its
programs are here), as its defaults are. Words are drawn as people use them, a few very often and most seldom (Zipf).
Each kind of search is asked for as the API does, twenty conversations with their snippets; the clock is around the
whole call. `--messages N` for fewer, `--out FILE` for the table.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from pathlib import Path
from statistics import median

from tests.storage.postgres import NoPostgres, create_database, running_postgres

from vivavoce.storage import rows
from vivavoce.storage.archive import Archive, open_archive
from vivavoce.storage.conversations import insert_conversation

ME, OTHER = "a" * 64, "b" * 64
WORDS = 40_000
IN_EACH = 20
ASKED = 200
"""Searches of each kind."""
SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi zo na per con tra ste qua mi lo ra ti".split()


@dataclass
class Book:
    """Texts as people write them, the same every time."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    def __post_init__(self) -> None:
        self.words = sorted({self._word() for _ in range(3 * WORDS)}, key=lambda word: (len(word), word))[:WORDS]
        self.chance.shuffle(self.words)
        self.words.sort(key=len)
        self._sums = list(accumulate(1 / (rank + 2) for rank in range(len(self.words))))

    def _word(self) -> str:
        return "".join(self.chance.choice(SYLLABLES) for _ in range(self.chance.randint(1, 5)))

    def text(self, length: int) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self._sums, k=length))

    def between(self, first: float, last: float) -> str:
        """A word whose rank is in this part of the vocabulary."""
        return self.words[int(len(self.words) * self.chance.uniform(first, last))]


def message(role: str, text: str) -> dict[str, object]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "status": "completed", "content": [{"type": kind, "text": text}]}


async def fill(archive: Archive, messages: int, book: Book) -> None:
    """Every fourth conversation is somebody else's."""
    for number in range(messages // IN_EACH):
        owner = OTHER if number % 4 == 3 else ME
        bodies = [
            message("assistant" if place % 2 else "user", book.text(book.chance.randint(20, 80) if place % 2 else 12))
            for place in range(IN_EACH)
        ]
        async with archive.database.writing() as connection:
            name = f"conv_{number:08}"
            await insert_conversation(connection, name, owner, {"title": book.text(4)}, created=number, updated=number)
            await rows.add(connection, name, owner, bodies)


KINDS: dict[str, Callable[[Book], str]] = {
    "a rare word": lambda book: book.between(0.3, 1.0),
    "a usual word": lambda book: book.between(0.005, 0.05),
    "one of the commonest words": lambda book: book.words[book.chance.randint(0, 30)],
    "two words": lambda book: f"{book.between(0.0, 0.01)} {book.between(0.0, 0.05)}",
    "three common words": lambda book: " ".join(book.words[book.chance.randint(0, 200)] for _ in range(3)),
    "a word being typed (2 to 4 letters)": lambda book: book.between(0.01, 1.0)[: book.chance.randint(2, 4)],
    "a phrase": lambda book: f'"{book.words[book.chance.randint(0, 20)]} {book.words[book.chance.randint(0, 20)]}"',
    "what is not there": lambda book: "xylophone quartz",
}


async def timed(times: list[float], work: Awaitable[object]) -> object:
    began = time.perf_counter()
    done = await work
    times.append((time.perf_counter() - began) * 1000)
    return done


async def measure(archive: Archive, book: Book) -> dict[str, list[float]]:
    threads = archive.conversations
    times: dict[str, list[float]] = {}
    everything: list[float] = []
    for kind, make in KINDS.items():
        for owner in (ME, OTHER):
            for _ in range(ASKED // 2):
                await timed(times.setdefault(kind, []), threads.search(owner, make(book), limit=20))
        everything += times[kind]
    times["**all searches**"] = everything
    page = await threads.newest(ME, limit=100)
    for number in range(ASKED):
        one = page.rows[number % 100].id
        await timed(times.setdefault("the newest 20 conversations", []), threads.newest(ME, limit=20))
        await timed(times.setdefault("the last 100 items of one", []), threads.items(ME, one, limit=100, order="desc"))
        await timed(
            times.setdefault("one more item, on the disk", []), threads.add(ME, one, [message("user", book.text(12))])
        )
    for number in range(10):
        await timed(
            times.setdefault("a conversation deleted for good", []), threads.delete(ME, page.rows[-number - 1].id)
        )
    return times


async def run(url: str, messages: int) -> tuple[dict[str, list[float]], float]:
    book = Book()
    async with open_archive(url) as archive:
        began = time.perf_counter()
        await fill(archive, messages, book)
        filled = time.perf_counter() - began
        if archive.database.postgresql:
            async with archive.database.outside_transactions() as connection:
                await connection.exec_driver_sql("ANALYZE")  # what its autovacuum does within a minute
        return await measure(archive, book), filled


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'kept.db'}"}
        try:
            with running_postgres() as server:
                yield {**urls, "PostgreSQL": create_database(server, "bench")}
        except NoPostgres as why:
            print(why)
            yield urls


def table(measured: dict[str, dict[str, list[float]]], filled: dict[str, float], messages: int) -> str:
    heads = [f"{name} {which}" for name in measured for which in ("p50", "p95")]
    lines = [
        f"# What is kept, {date.today()}",
        "",
        f"`nice .venv/bin/python -m bench.storage`, {messages:,} messages, {platform.machine()}, Python "
        f"{platform.python_version()}. Milliseconds around the whole call.",
        "",
        "| | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 1) + "|",
    ]
    for what in next(iter(measured.values())):
        cells = []
        for times in measured.values():
            ordered = sorted(times[what])
            cells += [f"{median(ordered):.1f}", f"{ordered[int(0.95 * (len(ordered) - 1))]:.1f}"]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    lines += ["", *(f"{name}: filled in {seconds:.0f} s." for name, seconds in filled.items())]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    measured, filled = {}, {}
    with databases() as urls:
        for name, url in urls.items():
            measured[name], filled[name] = asyncio.run(run(url, args.messages))
            print(table(measured, filled, args.messages))
    if args.out:
        args.out.write_text(table(measured, filled, args.messages))


if __name__ == "__main__":
    main()
