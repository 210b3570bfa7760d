"""Pages of the web, fetched because the person gave their address: limited in size, time, kind and place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import httpx

from vivavoce.assistant.addresses import Target, target_of
from vivavoce.assistant.documents import Document, read_document
from vivavoce.errors import RequestError

LARGEST = 5 * 1024 * 1024
DEADLINE = 20.0
"""Seconds for all that is fetched, redirects and all."""
QUIET = 8.0
"""Seconds in which a server has to send something."""
MOST_REDIRECTS = 5
KINDS = ("text/", "application/xhtml+xml", "application/pdf", "application/json", "application/xml")
PICTURES = ("image/png", "image/jpeg", "application/octet-stream", "binary/octet-stream")
HEADERS = {
    "User-Agent": "vivavoce (reads a page for a person who asked)",
    "Accept": "text/html, application/xhtml+xml, text/plain, application/pdf;q=0.9, application/json;q=0.8",
    "Accept-Encoding": "identity",  # what is small on the wire may be huge unpacked
}
_MOVED = frozenset((301, 302, 303, 307, 308))


async def read_page(url: str, *, private: bool = False) -> Document:
    """What stands on the page. `private`: see `target_of`. Raises RequestError."""
    data, final = await _within_time(url, private, KINDS)
    name = urlsplit(final).path.rpartition("/")[2] or urlsplit(final).hostname or "page"
    return await asyncio.to_thread(read_document, data, name, param="url")


async def fetch_picture(url: str, *, private: bool = False) -> bytes:
    """The bytes of a picture; whether they are one, is to be seen. `private`: see `target_of`. Raises RequestError."""
    data, _ = await _within_time(url, private, PICTURES)
    return data


async def _within_time(url: str, private: bool, kinds: tuple[str, ...]) -> tuple[bytes, str]:
    try:
        async with asyncio.timeout(DEADLINE):
            return await _fetched(url, private, kinds)
    except TimeoutError:
        raise _trouble(f"it did not come within {DEADLINE:g} s", "page_too_slow") from None
    except httpx.HTTPError as error:
        raise _trouble(f"its server did not answer properly ({type(error).__name__})", "page_unreachable") from None


async def _fetched(url: str, private: bool, kinds: tuple[str, ...]) -> tuple[bytes, str]:
    """The page's bytes, and where they came from in the end. Every redirect is looked at like the first address."""
    async with httpx.AsyncClient(trust_env=False, timeout=QUIET, follow_redirects=False) as client:
        for _ in range(MOST_REDIRECTS + 1):
            target = await target_of(url, private=private)
            async with _asked(client, target) as answer:
                if answer.status_code in _MOVED and "location" in answer.headers:
                    url = urljoin(url, answer.headers["location"])
                    continue
                _check(answer, kinds)
                return await _body(answer), url
    raise _trouble("it leads from one address to the next without end", "too_many_redirects")


@asynccontextmanager
async def _asked(client: httpx.AsyncClient, target: Target) -> AsyncGenerator[httpx.Response, None]:
    """Ask the very address that was looked at, under the name that was asked for."""
    request = client.build_request(
        "GET",
        target.pinned,
        headers={**HEADERS, "Host": target.authority},
        extensions={"sni_hostname": target.host},
    )
    answer = await client.send(request, stream=True)
    try:
        yield answer
    finally:
        await answer.aclose()


def _check(answer: httpx.Response, kinds: tuple[str, ...]) -> None:
    if not answer.is_success:
        raise _trouble(f"its server answered with {answer.status_code}", "page_unreachable")
    kind = answer.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if not kind.startswith(kinds):
        what = "a PNG or JPEG picture" if kinds is PICTURES else "text"
        raise _trouble(f"it is {kind[:60] or 'of no kind'}, not {what}", "unsupported_page")
    if int(length if (length := answer.headers.get("content-length", "0")).isdigit() else 0) > LARGEST:
        raise _too_large()


async def _body(answer: httpx.Response) -> bytes:
    taken = bytearray()
    async for piece in answer.aiter_raw():
        taken += piece
        if len(taken) > LARGEST:
            raise _too_large()
    return bytes(taken)


def _too_large() -> RequestError:
    return _trouble(f"it is larger than {LARGEST // 2**20} MiB", "page_too_large")


def _trouble(why: str, code: str) -> RequestError:
    return RequestError(f"The page cannot be read: {why}.", param="url", code=code)
