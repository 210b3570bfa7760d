"""Ways for the assistant to be, and the instructions that follow from a person's profile and memories. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vivavoce.conversation.keepsakes import Memory, Persona, Profile

BUILT_IN = (
    Persona("warm", "Be warm and attentive, like a good friend who listens.", "A good friend who listens"),
    Persona("concise", "Answer in one short sentence. No greetings, no extras.", "One short sentence, nothing more"),
    Persona(
        "teacher",
        "Be a patient teacher: explain step by step in simple words, and end with one question that checks.",
        "Explains step by step, and asks back",
    ),
    Persona(
        "storyteller",
        "Be a storyteller: vivid pictures, lively rhythm, a little suspense.",
        "Vivid pictures and a little suspense",
    ),
)
LARGEST = 1_200
"""Characters of all that is put before the instructions: a small model reads a hundred in a tenth of a second."""
HALF_LIFE = 90 * 86_400.0
"""Seconds after which a memory that was only said in passing counts for half."""


def personas(profile: Profile) -> list[Persona]:
    """Those to choose from: the person's own first, which may stand in for one of ours."""
    own = {persona.name.lower(): persona for persona in profile.personas}
    return [*own.values(), *(persona for persona in BUILT_IN if persona.name not in own)]


def instructions(profile: Profile, memories: Sequence[Memory], now: float, *, most: int = LARGEST) -> str:
    """What stands before the instructions of a session of this person; "" for nobody in particular. `now`: Unix time.

    The person's own words and memories are told as theirs, each on a line, and no more of them than `most` holds.
    """
    lines: list[str] = []
    chosen = next((one for one in personas(profile) if one.name.lower() == profile.persona.lower()), None)
    if chosen is not None:
        lines.append(chosen.instructions)
    if profile.name:
        lines.append(f"The person you talk with is called {profile.name}.")
    if profile.instructions:
        lines.append(f"They want you to heed this: {profile.instructions}")
    kept = "\n".join(lines)[:most]
    if not profile.remembers or not memories:
        return kept
    head = "What they told you about themselves, in their words (use it where it helps, do not recite it):"
    told = _fitting(ordered(memories, now), most - len(kept) - len(head) - 2)
    return "\n".join([kept, head, *told] if kept else [head, *told]) if told else kept


def ordered(memories: Iterable[Memory], now: float) -> list[Memory]:
    """The most worth telling first: what was asked for before what was noticed, the newer before the older."""

    def worth(memory: Memory) -> float:
        age = max(0.0, now - memory.updated)
        return float((1.0 if memory.source == "noticed" else 2.0) * 0.5 ** (age / HALF_LIFE))

    return sorted(memories, key=worth, reverse=True)


def _fitting(memories: Iterable[Memory], room: int) -> list[str]:
    lines: list[str] = []
    for memory in memories:
        line = f"- {one_line(memory.text)}"
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        lines.append(line)
    return lines


def one_line(text: str) -> str:
    """A memory must not look like more than one, or like instructions of ours."""
    return " ".join(text.split())
