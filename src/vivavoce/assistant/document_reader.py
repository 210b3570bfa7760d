"""Takes one PDF or HTML file apart, as a process of its own: strangers' files may be bombs.

    python -m vivavoce.assistant.document_reader pdf|html CHARACTERS PAGES      the file on stdin

Prints one line of JSON: {"text", "cut"}, or {"trouble"} completing the sentence "The file …".
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

from vivavoce.confinement import confine

LARGEST_MEMORY = 1024**3
LONGEST_CPU = 25
"""Seconds."""


class _Trouble(Exception):
    """The message completes "The file …"."""


def main() -> int:
    kind, characters, pages = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    confine(memory=LARGEST_MEMORY, cpu=LONGEST_CPU)
    logging.disable()  # the libraries tell of every blemish, and quote the file
    data = sys.stdin.buffer.read()
    try:
        text, cut = _of_pdf(data, characters, pages) if kind == "pdf" else _of_html(data, characters)
        answer: dict[str, object] = {"text": text, "cut": cut}
    except _Trouble as error:
        answer = {"trouble": str(error)}
    except Exception:  # noqa: BLE001 - damaged files make the libraries raise anything
        answer = {"trouble": f"is damaged or no {kind.upper()}"}
    print(json.dumps(answer))  # noqa: T201 - the parent reads it
    return 0


def _of_pdf(data: bytes, characters: int, most: int) -> tuple[str, bool]:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        raise _Trouble("is locked with a password; save it without")

    def pages() -> Iterator[str]:
        for place, page in enumerate(reader.pages):
            if place >= most:
                return
            yield page.extract_text().strip()

    text, cut = _joined(pages(), characters)
    return text, cut or len(reader.pages) > most


def _joined(pages: Iterator[str], characters: int) -> tuple[str, bool]:
    taken: list[str] = []
    left = characters
    for number, page in enumerate(pages, 1):
        if page:
            taken.append(f"[Page {number}]\n{page}"[:left])
            left -= len(page)
        if left <= 0:
            return "\n\n".join(taken), True
    return "\n\n".join(taken), False


def _of_html(data: bytes, characters: int) -> tuple[str, bool]:
    """The article where there is one, else all words of the page."""
    import trafilatura

    document = trafilatura.load_html(data)
    if document is None:
        raise _Trouble("holds no HTML that can be read")
    article = trafilatura.extract(data, output_format="markdown", include_tables=True, include_comments=False)
    text = article if article and len(article) > 200 else trafilatura.html2txt(data)
    title = (document.findtext(".//title") or "").strip()
    whole = f"# {title}\n\n{text}" if title and title not in text[:300] else text
    return whole[:characters], len(whole) > characters


if __name__ == "__main__":
    sys.exit(main())
