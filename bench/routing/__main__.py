"""How well `auto` tells what wants thought: `python -m bench.routing`; `--fit` makes the weights anew.

Prompts were labelled by hand: `fit.tsv`, to which the weights are fitted, and `last.tsv`, to which they never are. The
same hand chose the signals and wrote the first, so that only the second, and the prompts of others, tell how well it
does with what it has not seen. Figures of the first are cross-validated, five parts, a prompt and its translation
always in the same. Sets of questions (`--questions`) should all be quick.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.assistant import routing

HERE = Path(__file__).parent
WEIGHTS = Path(routing.__file__).with_name("routing_weights.toml")
FOLDS = 5
RIDGE = 1.0
"""Strength of the pull towards no weight: in the likelihood's own units, a standard deviation of one."""
LINE = float(np.log(routing.THINKING_FROM / (1 - routing.THINKING_FROM)))
QUESTIONS = ("qa_nq_open.jsonl", "qa_squad_it.jsonl", "qa_freshqa_static.jsonl")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    thinking: bool
    language: str
    text: str
    before: str
    group: int
    """Translations of each other share one."""


def read(path: Path) -> list[Labelled]:
    found, seen = [], Counter[tuple[str, str]]()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            label, language, text, before = (*row, "")[:4]
            group = seen[label, language]
            seen[label, language] += 1
            found.append(Labelled(label == "thinking", language, text, before, group))
    return found


def matrix(prompts: Sequence[Labelled], names: Sequence[str]) -> Numbers:
    rows = [routing.features(prompt.text, prompt.before) for prompt in prompts]
    return np.array([[row.get(name, 0.0) for name in names] for row in rows])


def fitted(features: Numbers, labels: Numbers) -> Numbers:
    """Weights of a logistic regression with a ridge, by Newton's method."""
    weights = np.zeros(features.shape[1])
    pull = np.full(len(weights), RIDGE)
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (p - labels) + pull * weights
        curvature = (features.T * (p * (1 - p))) @ features + np.diag(pull)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def scores(said: Sequence[bool], truth: Sequence[bool]) -> str:
    """Precision and recall of "thinking", and how many are right."""
    both = list(zip(said, truth, strict=True))
    hits = sum(s and t for s, t in both)
    precision, recall = hits / max(1, sum(said)), hits / max(1, sum(truth))
    right = sum(s == t for s, t in both) / len(both)
    return f"precision {precision:.3f}  recall {recall:.3f}  right {right:.3f}  n {len(both)}"


def cross_validated(prompts: Sequence[Labelled], names: Sequence[str]) -> list[bool]:
    features, labels = matrix(prompts, names), np.array([float(prompt.thinking) for prompt in prompts])
    fold = np.array([prompt.group % FOLDS for prompt in prompts])
    said = np.zeros(len(prompts), bool)
    for number in range(FOLDS):
        weights = fitted(features[fold != number], labels[fold != number])
        said[fold == number] = features[fold == number] @ weights >= LINE
    asked = [routing.ASKED in routing.features(prompt.text) for prompt in prompts]
    return [bool(each) or decided for each, decided in zip(said, asked, strict=True)]


def names_in(prompts: Sequence[Labelled]) -> list[str]:
    return sorted({name for prompt in prompts for name in routing.features(prompt.text, prompt.before)})


def fit(prompts: Sequence[Labelled]) -> None:
    names = names_in(prompts)
    weights = fitted(matrix(prompts, names), np.array([float(prompt.thinking) for prompt in prompts]))
    lines = ["# Made by `python -m bench.routing --fit`: how much each signal speaks for thought.", ""]
    lines += [f"{name} = {weight:.3f}" for name, weight in zip(names, weights, strict=True)]
    WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(prompts: Sequence[Labelled], title: str, said: Sequence[bool]) -> None:
    for language in ("en", "it"):
        chosen = [n for n, prompt in enumerate(prompts) if prompt.language == language]
        print(f"{title} {language}: {scores([said[n] for n in chosen], [prompts[n].thinking for n in chosen])}")
    print(f"{title} all: {scores(said, [prompt.thinking for prompt in prompts])}")


def wrong(prompts: Sequence[Labelled], said: Sequence[bool]) -> None:
    for prompt, thinking in zip(prompts, said, strict=True):
        if thinking != prompt.thinking:
            found = routing.route(prompt.text, prompt.before)
            print(f"  wrong: {'thinking' if thinking else 'quick'} ({found.reason}, {found.p}) {prompt.text}")


def questions(folder: Path, show: bool) -> None:
    for name in QUESTIONS:
        path = folder / "text" / name
        if not path.exists():
            print(f"{name}: not here")
            continue
        asked = [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()]
        routes = [routing.route(text) for text in asked]
        thought = [(text, each) for text, each in zip(asked, routes, strict=True) if each.mind == "thinking"]
        print(f"{name}: {1 - len(thought) / len(asked):.3f} quick of {len(asked)}")
        for text, each in thought if show else ():
            print(f"  thinking ({each.reason}, {each.p}) {text}")


def prompts_of_others(path: Path, show: bool) -> None:
    """A file with one JSON object a line, which has the prompt as `query`."""
    asked = [json.loads(line)["query"] for line in path.read_text(encoding="utf-8").splitlines()]
    routes = [routing.route(text) for text in asked]
    print(f"{path.name}: {sum(each.mind == 'thinking' for each in routes) / len(asked):.3f} thinking of {len(asked)}")
    print("  reasons:", dict(Counter(each.reason for each in routes).most_common(8)))
    for text, each in zip(asked, routes, strict=True) if show else ():
        if each.mind == "quick":
            print(f"  quick ({each.reason}, {each.p}) {text[:160]}")


def timed(prompts: Sequence[Labelled]) -> None:
    def each(decide: Callable[[str], object], texts: Sequence[str]) -> list[float]:
        spans = []
        for text in texts:
            start = time.perf_counter()
            decide(text)
            spans.append((time.perf_counter() - start) * 1000)
        return spans

    texts = [prompt.text for prompt in prompts]
    each(routing.route, texts[:3])
    spans = each(routing.route, texts)
    long = each(routing.route, ["word and number 7, " * 20_000] * 5)
    p50, p95 = np.percentile(spans, [50, 95])
    print(f"time of one: p50 {p50:.3f} ms  p95 {p95:.3f} ms; of 380,000 characters: {np.median(long):.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="write the weights anew")
    parser.add_argument("--questions", type=Path, default=Path(os.environ.get("VIVAVOCE_RECORDINGS", "../shared/data")))
    parser.add_argument("--thinking", type=Path, nargs="*", default=[], help="prompts of others that want thought")
    parser.add_argument("--show", action="store_true", help="print what was decided wrongly")
    arguments = parser.parse_args()
    prompts = read(HERE / "fit.tsv")
    if arguments.fit:
        fit(prompts)
        routing._weights.cache_clear()
    crossed = cross_validated(prompts, names_in(prompts))
    report(prompts, "cross-validated", crossed)
    if arguments.show:
        wrong(prompts, crossed)
    others = read(HERE / "last.tsv")
    decided = [routing.route(prompt.text, prompt.before).mind == "thinking" for prompt in others]
    report(others, "not seen before", decided)
    if arguments.show:
        wrong(others, decided)
    questions(arguments.questions, arguments.show)
    for path in arguments.thinking:
        prompts_of_others(path, arguments.show)
    timed(prompts)


if __name__ == "__main__":
    main()
