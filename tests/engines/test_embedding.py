"""The contract of ports.Embedder, kept by MiniLM and by remote servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from tests.engines.openai_mock import Mock, openai_mock
from tests.engines.sounds import models
from tests.waiting import PATIENCE
from vivavoce.engines.embedding import minilm, remote
from vivavoce.engines.lazy import Lazy
from vivavoce.errors import EngineFailed, ModelUnavailable
from vivavoce.ports import Embedder, Vector


@pytest.fixture(scope="module")
def mini() -> Iterator[Embedder]:
    loaded = minilm.load(minilm.Options(), models)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Mock]:
    with openai_mock() as mock:
        yield mock


def vectors(embedder: Embedder, *texts: str) -> list[Vector]:
    return [each.vector for each in asyncio.run(embedder.embed(texts))]


def test_what_means_the_same_lies_close(mini: Embedder) -> None:
    cat, kitten, market, question = vectors(
        mini,
        "A cat sits on the mat.",
        "There is a kitten on the rug.",
        "The stock market fell today.",
        "Where is the cat?",
    )
    assert min(cat @ kitten, cat @ question) > 0.4 > 0.2 > cat @ market


def test_vectors_have_length_one_and_the_same_in_any_company(mini: Embedder) -> None:
    """A text found yesterday, in a batch of a thousand, must be found today on its own."""
    texts = ["short", "somewhat longer than that", "word " * 600, "", "naïve café 你好"]
    together = vectors(mini, *texts)
    alone = [vectors(mini, text)[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one.shape == (mini.dimensions,) and one.dtype == np.float32
        assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5) and one @ other > 0.9999


def test_the_end_of_a_long_text_counts_too(mini: Embedder) -> None:
    filler = "The weather was neither good nor bad on that day. " * 30
    ocean, bread, topic = vectors(
        mini, filler + "Whales dive deep. " * 60, filler + "Bread needs yeast. " * 60, "whales in the ocean"
    )
    assert ocean @ topic > bread @ topic + 0.1


def test_tokens_are_counted_with_their_marks(mini: Embedder) -> None:
    (one, long) = asyncio.run(mini.embed(["hello world", "word " * 9000]))
    assert one.tokens == 4 and long.tokens == mini.longest + 2


def test_nothing_asked_is_nothing_answered(mini: Embedder) -> None:
    assert asyncio.run(mini.embed([])) == []


def test_many_callers_at_once(mini: Embedder) -> None:
    async def scene() -> list[int]:
        answers = await asyncio.gather(*(mini.embed([f"text {n}"] * 3) for n in range(12)))
        return [len(answer) for answer in answers]

    assert asyncio.run(scene()) == [3] * 12


def remote_at(server: Mock, model: str) -> Embedder:
    return remote.load(remote.Options(base_url=server.url, model=model, dimensions=3, timeout=PATIENCE), models)


def test_a_remote_server_is_asked_in_batches(server: Mock) -> None:
    async def scene() -> None:
        embedder = remote_at(server, "fine")
        found = await embedder.embed([str(n) for n in range(300)])
        assert [each.vector[0] for each in found] == pytest.approx([float(n) for n in range(300)])
        assert sum(each.tokens for each in found) == 600
        embedder.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("model", "says"), [("broken", "500"), ("locked", "refused the key"), ("odd", "other vectors")]
)
def test_a_remote_server_that_fails_is_named_without_the_text(server: Mock, model: str, says: str) -> None:
    async def scene() -> None:
        embedder = remote_at(server, model)
        with pytest.raises(EngineFailed, match=says) as failure:
            await embedder.embed(["secret words"])
        assert "secret" not in str(failure.value)
        embedder.close()

    asyncio.run(scene())


def test_an_engine_is_loaded_once_when_it_is_first_asked(mini: Embedder) -> None:
    """A missing model fails the request that needs it; once it is there, the next one finds it."""
    loads: list[int] = []

    class Closing:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    engine = Closing()

    def load() -> Closing:
        loads.append(1)
        if len(loads) == 1:
            raise ModelUnavailable("not here")
        return engine

    async def scene() -> None:
        lazy = Lazy(load)
        with pytest.raises(ModelUnavailable):
            await lazy.get()
        assert set(await asyncio.gather(*(lazy.get() for _ in range(5)))) == {engine}
        lazy.close()

    asyncio.run(scene())
    assert len(loads) == 2 and engine.closed == 1
