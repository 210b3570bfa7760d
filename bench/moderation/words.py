"""Train the six heads that weigh words alone, and measure them in each language. Writes `engines/moderation/words.npz`.

    python -m bench.moderation.words FOLDER [--measure] [--show]

FOLDER holds the sets of `train.py`, whose English rows teach (its labels, its halves). What a kind of words weighs
there it weighs in every language. Measured on `languages.toml`, of which nothing was taught, and on the Italian
questions and passages of FOLDER.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
from bench.moderation.train import HERE, OUT, learned, rows_in

from vivavoce.engines.moderation.heads import HEADS, WORDS_FILE, trained, word_features, word_scores
from vivavoce.engines.moderation.meaning import languages_of
from vivavoce.engines.moderation.passages import passages
from vivavoce.text.subject import spoken_in


def flagged(text: str) -> set[str]:
    """What a text that is not English is flagged as; which language it is is not told."""
    heads = trained(WORDS_FILE)
    cut = [(passage, languages_of(passage, spoken_in([passage], ()))) for passage in passages(text)]
    judged = [word_scores(passage, language, heads) for passage, languages in cut for language in languages]
    return {name for each in judged for name, score in each.items() if score > 0.5}


def measure(folder: Path, *, show: bool) -> None:
    print("| language | harmful ones flagged | in the right category | harmless ones flagged |\n|---|---|---|---|")
    for language, sets in tomllib.loads((HERE / "languages.toml").read_text(encoding="utf-8")).items():
        harmless = sets.pop("harmless")
        told = [(head, text, flagged(text)) for head, texts in sets.items() for text in texts]
        wrong = [text for text in harmless if flagged(text)]
        any_, right = sum(bool(found) for _, _, found in told), sum(head in found for head, _, found in told)
        print(f"| {language} | {any_} of {len(told)} | {right} | {len(wrong)} of {len(harmless)} |")
        if show:
            print(*(f"    wrongly: {text}" for text in wrong), sep="\n")
            print(*(f"    missed: {head}: {text}" for head, text, found in told if head not in found), sep="\n")
    for name in ("qa_squad_it", "corpus_squad_it"):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        texts = [row.get("question") or row["text"] for row in rows]
        wrong = [bool(flagged(text)) for text in texts]
        halves = " and ".join(f"{sum(half)} of {len(half)}" for half in (wrong[::2], wrong[1::2]))
        print(f"flagged wrongly: {sum(wrong)} of {len(texts)} in {name}; by halves {halves}")


def main() -> None:
    folder = Path(sys.argv[1])
    if "--measure" not in sys.argv:
        rows = rows_in(folder)
        inputs = np.stack([word_features(row.text, "en") for row in rows]).astype(float)
        heads = {head: learned(rows, inputs, head).astype(np.float16) for head in HEADS}
        np.savez_compressed(OUT.with_name(WORDS_FILE), **heads)
        trained.cache_clear()
    measure(folder, show="--show" in sys.argv)


if __name__ == "__main__":
    main()
