"""A file that came along with the person's words is read before they are answered. Pure.

Realtime messages hold no files: a client uploads one and tells of it in a part of its own, `[Attached file ID: name]`.
A mind that is not told of tools would make up what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from vivavoce.conversation.items import FunctionCall, HostedCall, Item, Message, Text

READER = "read_file"
LONGEST_QUESTION = 300
MOST = 4
"""Files that are read at once."""
_NOTE = re.compile(r"\[Attached file (file-[A-Za-z0-9_-]{1,64}): [^\]\n]*\]")


def to_be_read(items: Sequence[Item]) -> list[dict[str, str]]:
    """The arguments of READER for each file that came with the last words and was not read yet."""
    last = items[-1] if items else None
    if not isinstance(last, Message) or last.role != "user":
        return []
    called = [item.arguments for item in items if isinstance(item, FunctionCall | HostedCall) and item.name == READER]
    unread = [name for name in dict.fromkeys(_NOTE.findall(last.text)) if not any(name in one for one in called)]
    question = _NOTE.sub("", last.text).strip()[:LONGEST_QUESTION]
    return [{"file_id": name, **({"question": question} if question else {})} for name in unread[:MOST]]


def without_notes(message: Message) -> Message:
    """Only what the person said themselves."""
    own = (part for part in message.parts if not (isinstance(part, Text) and _NOTE.fullmatch(part.text)))
    return replace(message, parts=tuple(own))
