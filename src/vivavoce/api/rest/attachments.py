"""What a request holds besides words: pictures, recordings, documents, and answers that were spoken before.

Reading a request makes values of these; only then are they opened, which takes time and engines.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from vivavoce.api.body import in_thread
from vivavoce.api.rest.transcriptions import pieces_of
from vivavoce.assistant.documents import as_data, picture_type, read_document
from vivavoce.assistant.files import FileShelf
from vivavoce.assistant.pages import fetch_picture
from vivavoce.audio.files import read_sound
from vivavoce.conversation.items import (
    FunctionCall,
    FunctionOutput,
    Image,
    Message,
    Part,
    Readable,
    Role,
    Speech,
    Text,
    Thinking,
    new_id,
)
from vivavoce.errors import RequestError
from vivavoce.ports import HEARING_RATE, LanguageModel, Transcriber, TranscriptionHint

LARGEST_REQUEST = 32 * 1024 * 1024
"""Bytes of a request with all that is attached to it."""
LONGEST_RECORDING = 600.0
"""Seconds; longer ones are for the transcription route."""
AT_ONCE = 2
"""Recordings and documents that are opened side by side, over all requests."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the client gave it: a data URI or an address. `param`: the field that holds it, as with all here."""

    url: str
    detail: Literal["auto", "low", "high"]
    param: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound file."""

    data: bytes
    param: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file to be read."""

    data: bytes
    name: str
    param: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was uploaded before, by its id."""

    id: str
    param: str


@dataclass(frozen=True, slots=True)
class SpokenBefore:
    """An answer that was given aloud, by the id of its sound."""

    id: str
    param: str


RawPart = Text | Picture | Recording | Document | UploadedFile | SpokenBefore


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message whose attachments are still closed."""

    role: Role
    parts: tuple[RawPart, ...]
    thinking: tuple[Thinking, ...] = ()


RawItem = RawMessage | FunctionCall | FunctionOutput
FetchPicture = Callable[[str], Awaitable[bytes]]
"""What lies at an address. Raises RequestError."""


def decoded(text: str, param: str) -> bytes:
    """Bytes of a base64 text, with or without the head of a data URI. Raises RequestError."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(
            f"'{param}' must be base64, without line breaks.", param=param, code="invalid_value"
        ) from None


def picture_uri(data: bytes, param: str) -> str:
    """A PNG or JPEG as a data URI; what it is, is told by its bytes. Raises RequestError."""
    kind = picture_type(data)
    if kind is None:
        raise RequestError(f"'{param}' holds no PNG or JPEG picture.", param=param, code="unsupported_image")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom attachments are opened: the mind that is to read them, the ear, and the caller. `spoken`: the words of
    an answer that he was given aloud, by the id of its sound."""

    mind: LanguageModel
    stt: Transcriber
    owner: str = ""
    spoken: Callable[[str], str | None] = lambda id: None


class Opener:
    """Opens attachments. `files`: what clients uploaded."""

    def __init__(self, files: FileShelf, fetch: FetchPicture = fetch_picture) -> None:
        self._files, self._fetch = files, fetch
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def items(self, raw: Iterable[RawItem], reader: Reader) -> tuple[Readable, ...]:
        """The items of a prompt. Raises RequestError for what cannot be opened, and TurnError for what cannot be
        heard."""
        opened: list[Readable] = []
        for item in raw:
            opened.append(await self.message(item, reader) if isinstance(item, RawMessage) else item)
        return tuple(opened)

    async def message(self, raw: RawMessage, reader: Reader) -> Message:
        """One message, part by part. Raises as `items` does."""
        parts = [await self._part(part, reader) for part in raw.parts]
        return Message(new_id("msg"), raw.role, tuple(parts), thinking=raw.thinking)

    async def _part(self, part: RawPart, reader: Reader) -> Part:
        match part:
            case Text():
                return part
            case Picture():
                return await self._picture(part, reader.mind)
            case Recording():
                return await self._heard(part, reader.stt)
            case Document():
                return await self._read(part.data, part.name, part.param)
            case UploadedFile():
                return await self._uploaded(part, reader)
            case SpokenBefore():
                return _said_before(part, reader.spoken(part.id))

    async def _picture(self, picture: Picture, mind: LanguageModel) -> Image:
        if not mind.sees:
            raise RequestError(
                f"{mind.name} does not see pictures; choose a model that does, or leave the picture out.",
                param=picture.param,
                code="image_not_supported",
            )
        if picture.url.startswith("data:"):
            data = await in_thread(decoded, picture.url, picture.param)
            return Image(picture_uri(data, picture.param), picture.detail)
        return Image(picture_uri(await self._fetched(picture), picture.param), picture.detail)

    async def _fetched(self, picture: Picture) -> bytes:
        if not picture.url.startswith(("http://", "https://")):
            raise RequestError(
                f"'{picture.param}' must be a data URI of a PNG or JPEG picture, or an address on the web.",
                param=picture.param,
                code="invalid_image_url",
            )
        try:
            async with self._turn:
                return await self._fetch(picture.url)
        except RequestError as error:
            raise RequestError(f"'{picture.param}': {error}", param=picture.param, code="invalid_image_url") from None

    async def _heard(self, recording: Recording, stt: Transcriber) -> Speech:
        """The words, and the sound for minds that hear."""
        async with self._turn:
            sound = await in_thread(
                lambda: read_sound(recording.data, HEARING_RATE, longest=LONGEST_RECORDING, param=recording.param)
            )
            words = [piece.text async for piece in pieces_of(stt, TranscriptionHint(), sound) if piece.text]
        return Speech(" ".join(words), sound)

    async def _read(self, data: bytes, name: str, param: str) -> Text:
        async with self._turn:
            return Text(as_data(await in_thread(lambda: read_document(data, name, param=param))))

    async def _uploaded(self, file: UploadedFile, reader: Reader) -> Part:
        stored = await in_thread(self._files.find, reader.owner, file.id)
        data = await in_thread(self._files.content, reader.owner, file.id)
        if picture_type(data):
            return await self._picture(Picture(picture_uri(data, file.param), "auto", file.param), reader.mind)
        return await self._read(data, stored.name, file.param)


def _said_before(part: SpokenBefore, words: str | None) -> Speech:
    if words is None:
        raise RequestError(
            f"The sound {part.id!r} is not known any more; send the words of that answer as content.",
            param=part.param,
            code="audio_not_found",
        )
    return Speech(words)
