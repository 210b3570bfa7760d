"""What `vivavoce bench latency` measured, as numbers, a table, JSON and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivavoce.cli.bench.figures import Report, about, drawn, spread
from vivavoce.cli.clips import RATE
from vivavoce.session.draft import same_words

if TYPE_CHECKING:
    from vivavoce.cli.dialogue import Exchange

STAGES = {
    "endpoint": "turn found to be over",
    "transcript": "words recognised",
    "opener": "opener begun",
    "first_token": "first token of the answer",
    "first_clause": "first clause of the answer",
    "first_sound": "first sound made",
}
"""The server's own account of a turn: keys on the wire, and what they mean."""


def report_on(measured: dict[str, Any]) -> Report:
    """Everything measured, ready for JSON. Takes what `latency.py` gathered."""
    gathered = {key: value for key, value in measured.items() if key not in ("exchanges", "whole")}
    return about() | gathered | _latency(measured["exchanges"], measured.get("whole", {}))


def _latency(exchanges: Sequence[Exchange], whole: Mapping[str, str]) -> Report:
    clean = [one for one in exchanges if one.voice_to_voice_ms is not None and not one.cut_in]
    answered = [one for one in exchanges if one.voice_to_voice_ms is not None or one.cut_in]
    return {
        "kind": "latency",
        "summary": {
            "turns": len(exchanges),
            "answered": len(answered),
            "unanswered": len(exchanges) - len(answered),
            "cut_in": sum(one.cut_in for one in exchanges),
            "voice_to_voice_ms": spread(one.voice_to_voice_ms for one in clean),
            "voice_to_voice_ms_with_cut_ins": spread(one.voice_to_voice_ms for one in exchanges),
            "signed_gap_ms": spread(one.gap_ms for one in exchanges),
            "content_ms": spread(one.content_ms for one in clean),
            "heard_on_ms": spread(one.heard_on_ms for one in clean),
            "with_opener": sum(one.content_ms != one.voice_to_voice_ms for one in clean),
            "by_turn_ms": _by_turn(clean, "voice_to_voice_ms"),
            "content_by_turn_ms": _by_turn(clean, "content_ms"),
            "drafts": _drafts([one for one in clean if one.draft], whole),
            "stages_ms": {stage: spread(one.server_ms.get(stage) for one in clean) for stage in STAGES},
        },
        "turns": [_turn(one) for one in exchanges],
    }


def _turn(one: Exchange) -> Report:
    return {
        "question": one.question.name,
        "spoken": one.question.text,
        "seconds": round(len(one.question.samples) / RATE, 2),
        "last_voiced_seconds": round(one.question.end, 2),
        "heard": one.heard,
        "answer": one.answer,
        "turn": one.question.turn,
        "voice_to_voice_ms": one.voice_to_voice_ms,
        "gap_ms": one.gap_ms,
        "content_ms": one.content_ms,
        "cut_in": one.cut_in,
        "draft": one.draft,
        "server_ms": one.server_ms,
        "heard_on_ms": one.heard_on_ms,
        "problem": one.problem,
    }


def _by_turn(clean: Sequence[Exchange], figure: str) -> dict[str, dict[str, float] | None]:
    """A figure by class of turn: see `Clip.turn`."""
    classes = sorted({one.question.turn for one in clean})
    return {turn: spread(getattr(one, figure) for one in clean if one.question.turn == turn) for turn in classes}


def _drafts(drafted: Sequence[Exchange], whole: Mapping[str, str]) -> dict[str, Any] | None:
    """What drafting gained, in ms before the turn was found to be over, and what it cost beside. `extra_compute`: time
    of dropped drafts as a share of the time that the played ones took to their first sound. `content_valid`: share of
    played drafts whose words are those of an undisturbed pass over the whole recording."""
    if not drafted:
        return None
    accounts = [one.draft for one in drafted]
    gained = sum(account["head_start_ms"] for account in accounts)
    wasted = sum(account["wasted_ms"] for account in accounts)
    compared = [same_words(one.heard, whole[one.question.name]) for one in drafted if one.question.name in whole]
    return {
        "made_per_turn": round(sum(account["made"] for account in accounts) / len(accounts), 2),
        "anticipated": round(sum(account["anticipated"] for account in accounts) / len(accounts), 3),
        "head_start_ms": spread(account["head_start_ms"] for account in accounts),
        "wasted_share": round(wasted / max(1.0, gained + wasted), 3),
        "extra_compute": round(wasted / max(1.0, sum(map(_needed_ms, drafted))), 3),
        "content_valid": round(sum(compared) / len(compared), 3) if compared else None,
        "compared": len(compared),
    }


def _needed_ms(one: Exchange) -> float:
    """From the beginning of the draft that was played to the first sound of it."""
    known = one.server_ms.get("first_sound"), one.server_ms.get("endpoint")
    first_sound, endpoint = (0.0 if value is None else value for value in known)
    return max(0.0, first_sound - endpoint + float(one.draft["head_start_ms"]))


# --- showing -----------------------------------------------------------------------------------------


def show(report: Report) -> None:
    """The table for people."""
    from rich.console import Console
    from rich.table import Table

    table = Table("ms", "p50", "p95", "min", "max", "n", title=_title(report), title_justify="left", box=None)
    for name, figures in _rows(report):
        if figures:
            table.add_row(name, *(f"{figures[key]:.0f}" for key in ("p50", "p95", "min", "max", "n")))
    console = Console(highlight=False)
    console.print(table)
    console.print(_counts(report["summary"]))
    if drafts := report["summary"]["drafts"]:
        console.print(_drafting(drafts))
    if report["server_memory_mib"]:
        ready, memory = report["server_ready_seconds"], report["server_memory_mib"]
        console.print(f"server: ready after {ready:.1f} s, at most {memory:.0f} MiB of memory")


def show_timeline(report: Report) -> None:
    """Where the time of each turn goes, in ms from its last voiced sample: the server's times with those at the ear."""
    from rich.console import Console
    from rich.table import Table

    stages = {key: meaning.removesuffix(" of the answer") for key, meaning in STAGES.items()}
    table = Table("turn", "voice over", *stages.values(), "at the ear", "the answer", box=None, title_justify="left")
    for turn in report["turns"]:
        table.add_row(turn["question"][:24], *("–" if ms is None else f"{ms:.0f}" for ms in timeline(turn)))
    Console(highlight=False).print(table)


def timeline(turn: Mapping[str, Any]) -> list[float | None]:
    """Of one turn of a report, in ms from its last voiced sample: the end of the voice as the server hears it, STAGES,
    the first sound at the ear, the answer there. None: not reached, or not known."""
    heard_on, told = turn["heard_on_ms"], turn["server_ms"]
    shifted = [None if None in (heard_on, told.get(stage)) else heard_on + told[stage] for stage in STAGES]
    return [heard_on, *shifted, turn["voice_to_voice_ms"], turn["content_ms"]]


def _title(report: Report) -> str:
    return f"From the last voiced sample, {report['sessions']} session(s), {report['turn_detection']}"


def _rows(report: Report) -> list[tuple[str, dict[str, float] | None]]:
    summary = report["summary"]
    stages = [(f"server: {meaning}", summary["stages_ms"][stage]) for stage, meaning in STAGES.items()]
    turns = [(f"  {turn}", figures) for turn, figures in summary["by_turn_ms"].items()]
    contents = [(f"  {turn}", figures) for turn, figures in summary["content_by_turn_ms"].items()]
    return [
        ("server: last voice, which its times count from", summary["heard_on_ms"]),
        *stages,
        ("voice to voice, at the ear", summary["voice_to_voice_ms"]),
        *turns,
        ("  turns that were cut in on counted too", summary["voice_to_voice_ms_with_cut_ins"]),
        ("signed gap to the first sound of any answer", summary["signed_gap_ms"]),
        ("to the answer itself, behind an opener", summary["content_ms"]),
        *contents,
        ("draft begun before the turn was over by", (summary["drafts"] or {}).get("head_start_ms")),
    ]


def _counts(summary: dict[str, Any]) -> str:
    words = {
        "turns": "turns",
        "answered": "answered",
        "unanswered": "unanswered",
        "cut_in": "answered too early (cut in)",
    }
    return ", ".join(f"{summary[key]} {word}" for key, word in words.items() if key in summary)


def _drafting(drafts: dict[str, Any]) -> str:
    told = (
        f"drafts: {drafts['made_per_turn']} a turn, {100 * drafts['anticipated']:.0f} % begun before the voice stopped"
    )
    told += f", {100 * drafts['extra_compute']:.0f} % more compute"
    if drafts["content_valid"] is None:
        return told
    return f"{told}, {100 * drafts['content_valid']:.0f} % of {drafts['compared']} content-valid"


def plot(report: Report, path: Path) -> None:
    """Draw each turn's time in order of size, and where a median turn's time goes."""
    with drawn(path, 2, figsize=(11, 4), width_ratios=(3, 2)) as (figure, (turns, stages)):
        _draw_turns(turns, report, "voice_to_voice_ms")
        _draw_stages(stages, report)
        figure.suptitle(_title(report))


def _draw_turns(axes: Any, report: Report, key: str) -> None:
    turns = sorted((turn for turn in report["turns"] if turn[key] is not None), key=lambda turn: float(turn[key]))
    colours = ["tab:orange" if turn.get("cut_in") else "tab:blue" for turn in turns]
    axes.bar(range(len(turns)), [turn[key] for turn in turns], color=colours)
    figures = report["summary"][key]
    for name, style in (("p50", "-"), ("p95", "--")):
        if figures:
            axes.axhline(
                figures[name], color="black", linestyle=style, linewidth=1, label=f"{name} {figures[name]:.0f} ms"
            )
    axes.set(xlabel="turns, quickest first (orange: cut in on)", ylabel="ms at the ear")
    if figures:
        axes.legend()


def _draw_stages(axes: Any, report: Report) -> None:
    rows = [(name.removeprefix("server: "), figures) for name, figures in _rows(report) if figures]
    names = [name.strip() for name, _ in reversed(rows)]
    axes.barh(names, [figures["p95"] for _, figures in reversed(rows)], color="lightgrey", label="p95")
    axes.barh(names, [figures["p50"] for _, figures in reversed(rows)], color="tab:blue", label="p50")
    axes.set(xlabel="ms after the last voiced sample")
    if rows:
        axes.legend()
