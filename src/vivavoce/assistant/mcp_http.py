"""How MCP servers are reached by HTTP: answers of bounded size, statuses that are remembered, and for addresses that a
client named only those of the public internet."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from vivavoce.assistant.addresses import target_of
from vivavoce.errors import RequestError, ToolFailed

CONNECT_SECONDS = 10.0
READ_SECONDS = 330.0  # longer than any call may take: calls have deadlines of their own
MOST_BYTES = 8 * 1024 * 1024
"""Of one answer."""


class Wire(httpx2.AsyncBaseTransport):
    """`guarded`: the address was named by a client."""

    def __init__(self, *, guarded: bool, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._inner = inner or httpx2.AsyncHTTPTransport(trust_env=not guarded)
        self._guarded = guarded
        self.refused: int | None = None
        """Status of the last answer that was none of the protocol's."""
        self.trouble: ToolFailed | None = None
        """Why an address was not gone to."""

    def client(self, headers: dict[str, str]) -> httpx2.AsyncClient:
        timeout = httpx2.Timeout(CONNECT_SECONDS, read=READ_SECONDS)
        return httpx2.AsyncClient(transport=self, headers=headers, timeout=timeout, follow_redirects=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._guarded:
            await self._pin(request)
        response = await self._inner.handle_async_request(request)
        if response.status_code >= 400 and response.status_code != 404:
            self.refused = response.status_code
        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _pin(self, request: httpx2.Request) -> None:
        """Connect to the very address that was looked at, under the name that was asked for."""
        try:
            target = await target_of(str(request.url))
        except RequestError as error:
            why = str(error).partition(": ")[2]
            self.trouble = ToolFailed(f"The tool server cannot be asked: {why}", kind="protocol")
            raise httpx2.ConnectError(str(error), request=request) from error
        request.extensions = {**request.extensions, "sni_hostname": target.host}
        request.url = request.url.copy_with(host=target.address)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > MOST_BYTES:
                raise httpx2.StreamError(f"The answer is longer than {MOST_BYTES} bytes.")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()
