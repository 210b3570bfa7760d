"""What the tests of the REST side share: one server, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.rest_server import KEY, OTHER_KEY, running


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of a server whose minds do what they are told."""
    with running(KEY, OTHER_KEY) as url:
        yield url
