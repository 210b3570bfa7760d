"""Reading what the person gave: a page by its address, a file by its id. What stands there are words of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from vivavoce.assistant.documents import Document, as_data, read_document
from vivavoce.assistant.pages import read_page
from vivavoce.assistant.tools.tool import Built, Given, schema
from vivavoce.conversation.config import Tool
from vivavoce.ports import HostedTool, ToolContext, ToolResult
from vivavoce.text.relevance import ranked

MOST = 4_000
"""Characters that the model is given: a small one reads 500 in a second."""
AROUND = 400
"""Of the document's beginning, which says what it is, beside the parts that answer."""

ReadFile = Callable[[str, str], tuple[str, bytes]]
"""(owner, id) -> name and bytes of an uploaded file. Blocking. Raises RequestError."""


class ReadingTools:
    def __init__(self, read_file: ReadFile, *, private: bool = False) -> None:
        """`private`: pages of this machine and its network may be read."""
        self._read_file, self._private = read_file, private

    def tools(self) -> list[Built]:
        question = "What is asked about it; leave it out to have its beginning"
        page = Tool(
            "read_page",
            "Read a web page that the person gave the address of.",
            schema("url", url="Its address", question=question),
        )
        file = Tool(
            "read_file",
            "Read a file that the person uploaded.",
            schema("file_id", file_id="Its id, file-…", question=question),
        )
        return [  # a request tells a stranger's server something: `read_page` is not as harmless as reading
            Built(HostedTool(page, slow=True, foreign=True), self._page),
            Built(HostedTool(file, reads_only=True, slow=True, foreign=True), self._file),
        ]

    async def _page(self, given: Given, context: ToolContext) -> ToolResult:
        document = await read_page(given.need("url"), private=self._private)
        return _told(document, given.text("question"))

    async def _file(self, given: Given, context: ToolContext) -> ToolResult:
        name, data = await asyncio.to_thread(self._read_file, context.owner, given.need("file_id"))
        document = await asyncio.to_thread(read_document, data, name, param="file_id")
        return _told(document, given.text("question"))


def _told(document: Document, question: str) -> ToolResult:
    text = excerpt(document.text, question)
    return ToolResult(as_data(replace(document, text=text, cut=document.cut or len(text) < len(document.text))))


def excerpt(text: str, question: str, most: int = MOST) -> str:
    """The whole where it is short; else its beginning, and the paragraphs that share words with the question, in
    order."""
    if len(text) <= most:
        return text
    head = text[:AROUND] if question else text[:most]
    paragraphs = [part.strip() for part in text[len(head) :].split("\n") if part.strip()]
    room, chosen = most - len(head), set[int]()
    places = ranked(question, list(enumerate(paragraphs)), lambda one: one[1]) if question else []
    for _, (place, paragraph) in places:
        if len(paragraph) < room:
            chosen.add(place)
            room -= len(paragraph) + 1
    if not chosen:
        return text[:most]
    return "\n".join([head, *(paragraph for place, paragraph in enumerate(paragraphs) if place in chosen)])
