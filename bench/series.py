"""The same stages one after the other, each alone: what a turn would take with no drafting and no endpoint wait.

    .venv/bin/python bench/series.py FOLDER [--clips 20]

Machines differ by a factor of two and more. `vivavoce bench latency` divided by this, in one sitting, does not: it
says how much of the wait the conversation hides. Engines and options come from the settings, as for the server.
"""

from __future__ import annotations

import os

os.environ.setdefault("KMP_BLOCKTIME", "0")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import asyncio
import time
from contextlib import aclosing
from pathlib import Path

import numpy as np

from vivavoce.audio.pcm import Pcm
from vivavoce.audio.resample import resample
from vivavoce.cli.clips import RATE, Clip, choose
from vivavoce.conversation.config import PERSONA
from vivavoce.conversation.items import Message, Speech
from vivavoce.loading import load_engines
from vivavoce.ports import HEARING_RATE, Engines, Prompt, Words
from vivavoce.session.reply import FIRST_WORDS
from vivavoce.settings import read_settings
from vivavoce.text.clauses import ClauseCutter

STAGES = ("words", "first token", "first clause", "first sound")


async def turn(engines: Engines, clip: Clip) -> list[float]:
    """ms of each stage, in the order of STAGES."""
    marks = [time.perf_counter()]
    sound = Pcm(clip.samples[: round((clip.end + 0.1) * RATE)], RATE)
    heard = await engines.stt.transcribe(resample(sound, HEARING_RATE))
    marks.append(time.perf_counter())
    prompt = Prompt(PERSONA, (Message("item", "user", (Speech(heard.text or "Hello."),)),), session=clip.name)
    clause = await first_clause(engines, prompt, marks)
    async with aclosing(engines.tts.synthesize(clause, voice="marin", language="en")) as sounds:
        await anext(sounds)
    marks.append(time.perf_counter())
    return list(np.diff(marks) * 1000)


async def first_clause(engines: Engines, prompt: Prompt, marks: list[float]) -> str:
    cutter, clauses = ClauseCutter(FIRST_WORDS), list[str]()
    async with aclosing(engines.llm.reply(prompt)) as thoughts:
        async for thought in thoughts:
            if len(marks) == 2:
                marks.append(time.perf_counter())
            clauses += cutter.push(thought.text) if isinstance(thought, Words) else cutter.finish()
            if clauses:
                break
    marks.append(time.perf_counter())
    return clauses[0]


async def measure(engines: Engines, clips: list[Clip]) -> None:
    await engines.llm.warm(Prompt(PERSONA, ()))
    await turn(engines, clips[0])  # the first is cold
    figures = np.array([await turn(engines, clip) for clip in clips])
    for name, column in zip(STAGES, figures.T, strict=True):
        print(f"{name:>14}  p50 {np.percentile(column, 50):6.0f}  p95 {np.percentile(column, 95):6.0f} ms")
    total = figures.sum(axis=1)
    print(f"{'in series':>14}  p50 {np.percentile(total, 50):6.0f}  p95 {np.percentile(total, 95):6.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=20)
    args = parser.parse_args()
    engines = load_engines(read_settings())
    try:
        asyncio.run(measure(engines, choose(args.folder, args.clips)))
    finally:
        engines.close()


if __name__ == "__main__":
    main()
