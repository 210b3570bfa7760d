"""all-MiniLM-L6-v2 (sentence-transformers, int8 weights) on ONNX Runtime: the meaning of English text as 384 numbers.

It reads 256 tokens at once; a longer text is read in pieces of that length, and its vector is the mean of theirs, so
that all of it counts. 4 ms for a question, 40 ms for 256 tokens, on one thread.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from vivavoce.engines.onnx import open_network
from vivavoce.engines.pool import Worker
from vivavoce.models import ModelFiles
from vivavoce.ports import Embedding, Urgency, Vector

DIMENSIONS = 384
WINDOW = 254
"""Tokens of a text that are read at once, as in training: 256 with the two marks round them."""
LONGEST = 8192
"""Tokens of one text, as OpenAI has it."""
AT_ONCE = 512
"""Tokens in one run, padding included: more at once are no quicker and hold up who is next."""
DEADLINE = 60.0
"""Seconds for one run, queue included."""
START, END = 101, 102  # [CLS], [SEP]

Ids = NDArray[np.int64]
Infer = Callable[[Ids, Ids], NDArray[np.float32]]
"""Token ids and mask, both (texts, tokens) -> hidden states (texts, tokens, DIMENSIONS)."""


@dataclass(frozen=True, slots=True)
class Options:
    model: str = "minilm-l6-v2-int8"
    threads: int = 1


def load(options: Options, models: ModelFiles) -> MiniLm:
    """Raises ModelUnavailable."""
    network = open_network(models(options.model) / "model.onnx", options.threads)

    def infer(ids: Ids, mask: Ids) -> NDArray[np.float32]:
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden: NDArray[np.float32] = network.run(None, inputs)[0]
        return hidden

    return MiniLm(options.model, infer)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A window of one text."""

    text: int
    ids: list[int]


class MiniLm:
    """See `ports.Embedder`."""

    def __init__(self, name: str, infer: Infer) -> None:
        self.name, self.dimensions, self.longest = name, DIMENSIONS, LONGEST
        self._infer = infer
        self._tokenizer = _bert()
        self._worker = Worker(name)

    async def embed(self, texts: Sequence[str], urgency: Urgency = Urgency.SOON) -> list[Embedding]:
        if not texts:
            return []
        encoded = await self._worker.call(partial(self._tokens, texts), urgency, deadline=DEADLINE)
        sums = np.zeros((len(texts), DIMENSIONS), np.float32)
        for run in _runs(encoded):
            vectors = await self._worker.call(partial(self._vectors, run), urgency, deadline=DEADLINE)
            for piece, vector in zip(run, vectors, strict=True):
                sums[piece.text] += vector * (len(piece.ids) + 2)
        return [Embedding(_unit(total), len(ids) + 2) for total, ids in zip(sums, encoded, strict=True)]

    def close(self) -> None:
        self._worker.close()

    # --- in the worker's thread

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids[:LONGEST] for encoding in self._tokenizer.encode_batch(list(texts))]

    def _vectors(self, run: Sequence[_Piece]) -> NDArray[np.float32]:
        """Mean of the hidden states of each piece, brought to length 1."""
        width = max(len(piece.ids) for piece in run) + 2
        ids = np.zeros((len(run), width), np.int64)
        mask = np.zeros_like(ids)
        for row, piece in enumerate(run):
            marked = [START, *piece.ids, END]
            ids[row, : len(marked)] = marked
            mask[row, : len(marked)] = 1
        hidden = self._infer(ids, mask)
        means = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.stack([_unit(mean) for mean in means])


def _runs(encoded: Sequence[list[int]]) -> Iterator[list[_Piece]]:
    """All windows of all texts, the short ones first, as many at once as AT_ONCE allows."""
    pieces = [
        _Piece(text, ids[start : start + WINDOW])
        for text, ids in enumerate(encoded)
        for start in range(0, max(1, len(ids)), WINDOW)
    ]
    run: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: len(piece.ids)):
        if run and (len(run) + 1) * (len(piece.ids) + 2) > AT_ONCE:
            yield run
            run = []
        run.append(piece)
    yield run


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)


def _bert() -> Tokenizer:
    """The tokenizer of uncased BERT models, from the vocabulary beside this file."""
    packed = files(__package__).joinpath("bert_words.txt.gz").read_bytes()
    words = gzip.decompress(packed).decode().splitlines()
    tokenizer = Tokenizer(WordPiece({word: place for place, word in enumerate(words)}))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer
