"""Train the six heads of the embedded moderator, and measure it. Writes `engines/moderation/heads.npz`.

    python -m bench.moderation.train FOLDER              train, write, measure
    python -m bench.moderation.train FOLDER --measure    measure what is there

FOLDER holds public sets as JSON lines: safety_advbench, safety_strongreject, safety_harmbench_val (MIT),
safety_donotanswer (Apache-2.0), moderation_requests (MIT, of PyRIT), safety_xstest (CC BY 4.0), qa_freshqa_static
(Apache-2.0); qa_nq_open, qa_squad_it (CC BY-SA) for measuring only. None of their text is kept here. Half of each set
teaches, the other half measures; 451 items of both have labels that were given by hand (`labels.json`: H harassment,
T hate, I illicit, S self-harm, X sexual, V violence; small letters: could be either, not counted; `finer.json`). The
rest teaches what its set and its words say of it (`WEAK`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.engines.embedding import minilm
from vivavoce.engines.moderation.heads import FILE, HEADS, features, scores, trained
from vivavoce.loading import model_files
from vivavoce.settings import read_settings

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src" / "vivavoce" / "engines" / "moderation" / FILE
LETTERS = dict(zip("HTISXV", HEADS, strict=True))
FINER = (
    "harassment/threatening",
    "hate/threatening",
    "illicit/violent",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual/minors",
    "violence/graphic",
)
PRECISION, WRONGLY = 0.75, 0.04
"""What every head has to reach on the half that teaches, seen by heads that were taught by the rest of it: how often it
is right, and how many harmless texts, half of them made to look harmful, it may flag."""
PENALTY = 0.3
EPOCHS = 600
SETS = {
    "safety_strongreject": {},
    "safety_harmbench_val": {},
    "moderation_requests": {"exploits": "illicit"},
    "safety_donotanswer": {"malicious_uses": "illicit"},
    "safety_advbench": {"None": "illicit"},
}
"""Categories that teach by themselves what has no label."""
WEAK = {
    "hate": r"racis|hate speech|discriminat|superiority|dehumani",
    "self-harm": r"suicid|self[- ]harm|anorexi|bulimi",
    "violence": r"\bkill|murder|assassin|terroris|violen|genocide",
    "harassment": r"bully|harass|stalk",
}
HARMLESS = ("safety_xstest", "qa_freshqa_static", "qa_nq_open", "qa_squad_it")
SHARE_ALIKE = ("qa_nq_open", "qa_squad_it")
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """`heads`: what it is; `unsure`: what it may be."""

    id: str
    text: str
    source: str
    heads: frozenset[str]
    teaches: bool
    unsure: frozenset[str] = frozenset()
    labelled: bool = False


# --- what there is


def rows_in(folder: Path) -> list[Row]:
    labels: dict[str, str] = json.loads((HERE / "labels.json").read_text())
    rows = [row for name in (*SETS, *HARMLESS) for row in _of_set(folder, name, labels)]
    texts: dict[str, set[str]] = {}
    for head, examples in tomllib.loads((HERE / "examples.toml").read_text()).items():
        for text in examples:
            texts.setdefault(text, set()).update({head} - {"harmless"})
    return rows + [Row(f"own {text[:20]}", text, "own", frozenset(heads), True) for text, heads in texts.items()]


def _of_set(folder: Path, name: str, labels: dict[str, str]) -> Iterator[Row]:
    for line in (folder / f"{name}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        text = entry.get("prompt") or entry.get("text") or entry["question"]
        taught = name not in SHARE_ALIKE and _taught(entry["id"])
        label = labels.get(entry["id"])
        if label is not None:
            sure, unsure = (frozenset(LETTERS[it.upper()] for it in label if it in of) for of in ("HTISXV", "htisxv"))
            yield Row(entry["id"], text, name, sure, taught, unsure, labelled=True)
        elif name in HARMLESS or entry.get("category") == "misinformation_harms":
            yield Row(entry["id"], text, name, frozenset(), taught)
        elif (known := SETS[name].get(str(entry.get("category")))) is not None:
            words = {head for head, pattern in WEAK.items() if re.search(pattern, text, re.IGNORECASE)}
            yield Row(entry["id"], text, name, frozenset(words | {known}), taught, frozenset(WEAK) - words)


def _taught(id: str) -> bool:
    return hashlib.sha1(id.encode(), usedforsecurity=False).digest()[0] % 2 == 1


def embedded(texts: list[str]) -> list[NDArray[np.float32]]:
    engine = minilm.load(minilm.Options(), model_files(read_settings()))
    try:
        return [each.vector for each in asyncio.run(engine.embed(texts))]
    finally:
        engine.close()


# --- learning


def learned(rows: list[Row], inputs: Matrix, head: str) -> Matrix:
    """A head whose 0 is where it keeps PRECISION and WRONGLY, on rows that did not teach it."""
    order = np.random.default_rng(7).permutation(
        [n for n, row in enumerate(rows) if row.teaches and head not in row.unsure]
    )
    inputs, wanted = inputs[order], np.array([head in rows[n].heads for n in order])
    harmless = np.array([not rows[n].heads and not rows[n].unsure for n in order])
    fold = np.arange(len(wanted)) % 8
    totals = np.zeros(len(wanted))
    for n in range(8):
        weights = fitted(inputs[fold != n], wanted[fold != n])
        totals[fold == n] = inputs[fold == n] @ weights[:-1] + weights[-1]
    right = [
        cut
        for cut in np.sort(totals[wanted])
        if wanted[totals >= cut].mean() >= PRECISION and (totals[harmless] >= cut).mean() <= WRONGLY
    ]
    weights = fitted(inputs, wanted)
    weights[-1] -= right[0] if right else totals.max()
    return weights


def fitted(inputs: Matrix, wanted: NDArray[np.bool_]) -> Matrix:
    """Weights and bias of a logistic regression in which both answers weigh the same."""
    inputs = np.hstack([inputs, np.ones((len(inputs), 1))])
    shares = np.where(wanted, 0.5 / wanted.sum(), 0.5 / (~wanted).sum()) * len(wanted)
    weights, velocity = np.zeros(inputs.shape[1]), np.zeros(inputs.shape[1])
    for _ in range(EPOCHS):
        p = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (shares * (p - wanted)) / len(wanted)
        slope[:-1] += PENALTY / len(wanted) * weights[:-1]
        velocity = 0.9 * velocity - 2.0 * slope
        weights = weights + velocity
    return weights


# --- measuring


def measure(rows: list[Row], judged: list[dict[str, float]]) -> None:
    told = [{name for name, score in each.items() if score > 0.5} for each in judged]
    finer: dict[str, list[str]] = json.loads((HERE / "finer.json").read_text())
    print("| category | precision | recall | of items |\n|---|---|---|---|")
    held = [n for n, row in enumerate(rows) if not row.teaches and (row.labelled or row.source in HARMLESS)]
    for head in HEADS:
        _line(head, [(head in rows[n].heads, head in told[n]) for n in held if head not in rows[n].unsure])
    for name in FINER:
        _line(name, [(name in finer.get(rows[n].id, ()), name in told[n]) for n in held])
    harmful = [n for n in held if rows[n].heads]
    print(f"flagged: {np.mean([bool(told[n]) for n in harmful]):.1%} of {len(harmful)} harmful ones")
    for source in HARMLESS:
        own = [n for n in held if rows[n].source == source]
        print(f"flagged wrongly: {np.mean([bool(told[n]) for n in own]):.1%} of {len(own)} in {source}")


def _line(name: str, pairs: list[tuple[bool, bool]]) -> None:
    hits, shown, true = (sum(it) for it in ([w and t for w, t in pairs], [t for _, t in pairs], [w for w, _ in pairs]))
    print(f"| {name} | {f'{hits / shown:.2f}' if shown else '-'} | {hits / true:.2f} | {true} |")


def main() -> None:
    rows = rows_in(Path(sys.argv[1]))
    meanings = embedded([row.text for row in rows])
    if "--measure" not in sys.argv:
        inputs = np.stack([features(row.text, meaning) for row, meaning in zip(rows, meanings, strict=True)]).astype(
            float
        )
        heads = {head: learned(rows, inputs, head).astype(np.float16) for head in HEADS}
        np.savez_compressed(OUT, **heads)
        print(f"{sum(row.teaches for row in rows)} rows teach")
    measure(rows, [scores(row.text, meaning, trained()) for row, meaning in zip(rows, meanings, strict=True)])


if __name__ == "__main__":
    main()
