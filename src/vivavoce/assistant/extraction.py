"""Facts that people tell of themselves in other ways than `facts.toml` knows, found by a mind that can tell them from
talk, when a conversation rests. Never a turn waits for it.

Only the person's own words are read: no answers, files or results of tools, and no turn that holds a secret. What the
mind proposes is kept where it is short, stands in words that were said, and is not known yet.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from vivavoce.assistant.intents import intent_of
from vivavoce.assistant.memory import Knowledge
from vivavoce.assistant.secrets import holds_secret
from vivavoce.conversation.items import Message, Text
from vivavoce.errors import RequestError, VivavoceError
from vivavoce.ports import LanguageModel, Prompt, Urgency, Vector, Words
from vivavoce.text.relevance import stems
from vivavoce.text.subject import is_about

log = logging.getLogger(__name__)

WAITING = 32
"""Conversations that may wait; further ones are let go."""
DEADLINE = 90.0
"""Seconds that the mind gets."""
MOST_SAID, LONGEST_SAID = 12, 2_000
"""Turns and characters that it reads at once."""
SHORTEST = 4
"""Words of a turn that may hold a fact."""
MOST, LONGEST = 5, 160
"""Facts of one look, and characters of one."""
GROUNDED = 0.5
"""Share of a fact's words that must have been said in the turn it is taken from."""
SAME_WORDS, SAME_MEANING = 0.65, 0.86
"""Share of common words, and cosine of two meanings, from which two facts are one."""

INSTRUCTIONS = (
    "You decide what an assistant should remember about a person. You are shown what they said. List lasting "
    "facts about the person themselves: who they are, their family and pets, home, work, health, tastes, habits, "
    "plans and possessions. Write each as one short sentence in the person's own language, from their side (I, "
    "my), with the exact words it is taken from. Leave out questions, requests, moods of the moment, opinions "
    "about the world, other people's stories, things said in jest or as an example, and anything secret. Most "
    "talk holds nothing: then the list is empty."
)
SCHEMA = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"fact": {"type": "string"}, "words": {"type": "string"}},
                "required": ["fact", "words"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}
EXAMPLES: tuple[tuple[str, list[tuple[str, str]]], ...] = (
    ("- what's the tallest building in the world\n- could you make that shorter", []),
    (
        "- since we moved up to Leeds in March I've been cycling to the office\n- any ideas for dinner",
        [
            ("I live in Leeds.", "since we moved up to Leeds in March"),
            ("I cycle to work.", "I've been cycling to the office"),
        ],
    ),
    (
        "- domani mia figlia comincia le medie, aiutami a scriverle un biglietto",
        [("Ho una figlia che comincia le medie.", "mia figlia comincia le medie")],
    ),
)
"""Small models do what they are shown rather than what they are told."""


@dataclass(frozen=True, slots=True)
class Found:
    """`words`: those that were said."""

    fact: str
    words: str


Embed = Callable[[Sequence[str]], Awaitable[Sequence[Vector]]]


def worth_reading(said: Sequence[str]) -> list[str]:
    """The turns that may hold a fact: no requests that a rule does, none with a secret, none of three words."""
    lines = (" ".join(text.split()) for text in said)
    kept = [line for line in lines if len(line.split()) >= SHORTEST and len(line) <= LONGEST_SAID]
    kept = [line for line in dict.fromkeys(kept) if intent_of(line) is None and not holds_secret(line)][-MOST_SAID:]
    while kept and sum(map(len, kept)) > LONGEST_SAID:
        del kept[0]
    return kept


async def facts_by(mind: LanguageModel, said: Sequence[str]) -> list[Found]:
    """What a mind takes for facts in what a person said, as far as it stands there. Raises TurnError."""
    said = worth_reading(said)
    if not said:
        return []
    shown: list[Message] = []
    for number, (talk, facts) in enumerate(EXAMPLES):
        listed = json.dumps({"facts": [{"fact": fact, "words": words} for fact, words in facts]}, ensure_ascii=False)
        shown.append(Message(f"said{number}", "user", (Text(talk),)))
        shown.append(Message(f"facts{number}", "assistant", (Text(listed),)))
    asked = Message("talk", "user", (Text("\n".join(f"- {line}" for line in said)),))
    prompt = Prompt(
        INSTRUCTIONS, (*shown, asked), max_tokens=300, temperature=0.0, schema=SCHEMA, urgency=Urgency.SPARE
    )
    text = ""
    async with aclosing(mind.reply(prompt)) as thoughts:
        async for thought in thoughts:
            text += thought.text if isinstance(thought, Words) else ""
    return [found for found in _read(text) if _holds(found, said)][:MOST]


def _read(text: str) -> list[Found]:
    try:
        facts = json.loads(text)["facts"]
        return [Found(" ".join(str(one["fact"]).split()), str(one["words"])) for one in facts]
    except (ValueError, KeyError, TypeError):
        return []


def _holds(found: Found, said: Sequence[str]) -> bool:
    """Whether it is a short statement, in words that were said, and no secret."""
    if not 2 <= len(found.fact.split()) or len(found.fact) > LONGEST or found.fact.endswith("?"):
        return False
    words = _letters(found.words)
    turn = next((line for line in said if words and words in _letters(line)), None)
    if turn is None or len(found.words.split()) < 2 or turn.rstrip().endswith("?") and words == _letters(turn):
        return False
    return is_about(found.fact, [turn]) >= GROUNDED and not holds_secret(found.fact)


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


async def new_ones(found: Sequence[Found], known: Sequence[str], embed: Embed | None) -> list[Found]:
    """Those that say something else than what is `known` and than each other."""
    told = [*known, *(one.fact for one in found)]
    meanings = list(await embed(told)) if embed is not None and len(told) > 1 else []
    kept: list[Found] = []
    places = list(range(len(known)))
    for place, one in enumerate(found, len(known)):
        if not any(_alike(told, meanings, place, other) for other in places):
            kept.append(one)
            places.append(place)
    return kept


def _alike(told: Sequence[str], meanings: Sequence[Vector], one: int, other: int) -> bool:
    mine, theirs = set(stems(told[one])), set(stems(told[other]))
    if mine and len(mine & theirs) / len(mine) >= SAME_WORDS:
        return True
    return bool(meanings) and float(meanings[one] @ meanings[other]) >= SAME_MEANING


class Extraction:
    """`run` it; `consider` what was said in a conversation that rests."""

    def __init__(
        self, knowledge: Knowledge, mind: Callable[[], LanguageModel | None], embed: Embed | None = None
    ) -> None:
        """`mind()`: the one that is good enough, None while there is none."""
        self._knowledge, self._mind, self._embed = knowledge, mind, embed
        self._waiting: asyncio.Queue[tuple[str, str, tuple[str, ...]]] = asyncio.Queue(WAITING)

    def consider(self, owner: str, conversation: str, said: Sequence[str]) -> None:
        if self._mind() is not None and not self._waiting.full():
            self._waiting.put_nowait((owner, conversation, tuple(said)))

    async def run(self) -> None:
        """For ever."""
        while True:
            owner, conversation, said = await self._waiting.get()
            try:
                async with asyncio.timeout(DEADLINE):
                    await self._look(owner, conversation, said)
            except RequestError:
                pass  # there are too many memories already
            except (VivavoceError, TimeoutError) as error:
                log.warning("facts were not looked for", extra={"code": type(error).__name__})

    async def _look(self, owner: str, conversation: str, said: Sequence[str]) -> None:
        mind = self._mind()
        if mind is None or not (await self._knowledge.profile(owner)).remembers:
            return
        found = await facts_by(mind, said)
        if not found:
            return
        known = [memory.text for memory in await self._knowledge.all(owner)]
        for one in await new_ones(found, known, self._embed):
            await self._knowledge.keep(owner, one.fact, "noticed", said=one.words, conversation=conversation)
