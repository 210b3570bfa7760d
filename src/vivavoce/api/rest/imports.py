"""Files of conversations, read one conversation at a time: our own exports, and ChatGPT's, zipped or not.

Blocking; the words in a file are data, and a file may be large, broken or crafted.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from vivavoce.api.fields import Fields
from vivavoce.api.metadata import read_metadata
from vivavoce.api.rest.chatgpt import from_chatgpt
from vivavoce.api.rest.conversation_items import read_item
from vivavoce.errors import RequestError
from vivavoce.storage.transfer import Imported

LARGEST_FILE = 256 * 1024 * 1024
LARGEST_UNPACKED = 1024 * 1024 * 1024
LARGEST_CONVERSATION = 32 * 1024 * 1024
"""Characters."""
MOST_ITEMS = 50_000
PIECE = 1024 * 1024

_OURS = re.compile(r'\s*\{\s*"object"\s*:\s*"vivavoce\.export"[^\[\]{}]{0,500}?"conversations"\s*:\s*\[')
_LIST = re.compile(r"\s*\[")
_INSIDE_ZIP = re.compile(r"(.*/)?conversations(-\d+)?\.json")
_BETWEEN = re.compile(r"[\s,]*")


def conversations_in(file: IO[bytes]) -> Iterator[Imported]:
    """Each of the conversations in a file. Raises RequestError where the file is none of ours, or is broken; what came
    before is good."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        yield from _in_json(file)
        return
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _in_zip(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _broken(f"the archive cannot be read: {error}") from None


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Imported]:
    names = [info for info in archive.infolist() if _INSIDE_ZIP.fullmatch(info.filename)]
    if not names:
        raise _broken("the archive holds no conversations.json")
    if sum(info.file_size for info in names) > LARGEST_UNPACKED:
        raise _broken(f"it holds more than {LARGEST_UNPACKED // 2**20} MiB")
    for info in names:
        with archive.open(info) as inside:
            yield from _in_json(inside)


def _in_json(file: IO[bytes]) -> Iterator[Imported]:
    reader = codecs.getreader("utf-8")(_Bounded(file), "replace")
    head = reader.read(PIECE).removeprefix("\ufeff")
    begun = _OURS.match(head) or _LIST.match(head)
    if begun is not None:
        for place, value in enumerate(_elements(reader, head[begun.end() :])):
            yield _imported(value, f"conversations.{place}")
        return
    text = head + reader.read(LARGEST_CONVERSATION)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _broken("it is neither JSON nor a zip file") from None
    yield _imported(value, "conversation")


class _Bounded(io.RawIOBase):
    """What is read of a file, up to a limit: a zip file may say less than it holds."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, LARGEST_UNPACKED

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(PIECE if size < 0 else size)
        self._left -= len(data)
        if self._left < 0:
            raise _broken(f"it holds more than {LARGEST_UNPACKED // 2**20} MiB")
        return data


def _elements(reader: codecs.StreamReader, text: str) -> Iterator[Any]:
    """Those of a JSON array whose bracket has been read. Only what is not used yet is held."""
    decoder, at = json.JSONDecoder(), 0
    while True:
        skipped = _BETWEEN.match(text, at)
        at = skipped.end() if skipped else at
        if text.startswith("]", at):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            raise _broken("it is nested too deeply") from None
        except ValueError:
            text, at = text[at:], 0
            more = reader.read(max(PIECE, len(text)))  # twice as much each time, so that little is read twice
            if not more or len(text) > LARGEST_CONVERSATION:
                raise _broken("it ends in the middle, or one conversation in it is too large") from None
            text += more
            continue
        yield value


def _imported(value: Any, path: str) -> Imported:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # halves of surrogate pairs
        text = json.dumps(value, ensure_ascii=False)
        value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except RecursionError:
        raise _broken("it is nested too deeply") from None
    if isinstance(value, dict) and isinstance(value.get("mapping"), dict):
        return from_chatgpt(value)
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return _ours(Fields(value, path))
    raise _broken(f"'{path}' is no conversation, neither of ours nor of ChatGPT's")


def _ours(fields: Fields) -> Imported:
    created = fields.number("created_at", 0.0, 0, 2**40) or 0.0
    items = fields.array("items", _item, most=MOST_ITEMS) or []
    metadata = read_metadata(fields) or {}
    updated = fields.number("updated_at", created, 0, 2**40) or created
    return Imported(fields.need_text("id")[:128], created, updated, metadata, items)


def _item(value: Any, path: str) -> tuple[dict[str, Any], float]:
    fields = Fields(value, path)
    at = fields.number("created_at", 0.0, 0, 2**40)
    body = {name: field for name, field in fields.raw.items() if name != "created_at"}
    return read_item(body, path), at or 0.0


def _broken(why: str) -> RequestError:
    return RequestError(
        f"The file cannot be read: {why}. Send an export of vivavoce, or ChatGPT's conversations.json or zip file.",
        param="file",
        code="invalid_file",
    )
