"""The store: one folder for each model that is here, downloaded, verified and kept.

    <cache>/<id>/…                   the files of a model, and `.verified.json`: what was hashed, and its times then
    <cache>/downloads/<id>/          what has arrived of a model that is being pulled, kept until it is complete
    <cache>/downloads/<id>.lock      held by the process that pulls it

A model's folder appears whole or not at all. With everything here the network is never touched.
"""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import Literal, Protocol

from filelock import FileLock, Timeout

from vivavoce.errors import ModelUnavailable
from vivavoce.models.catalog import Catalog, HubSource, Model, Source, read_catalog
from vivavoce.models.clients import Clients, OrdinaryClients, SourceFailed
from vivavoce.models.disk import folder_size, free_space, put_in_place
from vivavoce.models.fetch import fetch
from vivavoce.models.integrity import is_marked, lacks, mark, unmark, wrong

Preference = Literal["hub", "packages"]
"""Which kind of source is tried first."""

MODELS_AT_ONCE = 4
TICK = 0.25
"""Seconds between two reports of progress."""
PATIENCE_WITH_OTHERS = 3600.0
"""Seconds to wait for another process that pulls the same model."""
HEADROOM = 64 << 20
"""Bytes left free beside what a download needs: archives are a little larger than what is in them."""
_DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class Progress(Protocol):
    """Hears how a pull goes on. `note` may be called from any thread, the others from the caller's own."""

    def advanced(self, model: Model, done: int) -> None:
        """`done` of about `model.size` bytes have arrived."""
        ...

    def finished(self, model: Model) -> None: ...

    def note(self, line: str) -> None:
        """One line that the user should see: a source that is passed over, a wait for another process."""
        ...


class Silent:
    """Progress that nobody watches."""

    def advanced(self, model: Model, done: int) -> None: ...
    def finished(self, model: Model) -> None: ...
    def note(self, line: str) -> None: ...


class Store:
    """The models under `cache`. Any number of stores and processes may share the folder."""

    def __init__(
        self, cache: Path, *, catalog: Catalog | None = None, prefer: Preference = "hub", clients: Clients | None = None
    ) -> None:
        self._cache = cache
        self._catalog = catalog or read_catalog()
        self._prefer = prefer
        self._stop = Event()
        self._clients = clients or OrdinaryClients(self._stop)
        self._hub_trouble: str | None = None
        self._hub_asked = Lock()

    # --- what is here ----------------------------------------------------------------------------------

    def folder(self, id: str) -> Path:
        """Where the model lies, or would lie. Raises ModelUnavailable where the catalog has no such model."""
        return self._cache / self._catalog[id].id

    def path(self, id: str) -> Path:
        """The folder of a model that is here and whole: the `ModelFiles` that engines are given.

        Quick where the files were verified before and have not been touched; they are hashed where they were.
        Raises ModelUnavailable, with what to do, where a file is missing or is not what it should be.
        """
        model = self._catalog[id]
        if not is_marked(model, self.folder(id)) and (problems := self.verify(id)):
            why = f"cannot be used: {'; '.join(problems)}" if self.folder(id).exists() else "is not here"
            raise ModelUnavailable(f"The model {id} {why}.", f"Run `vivavoce models pull {id}`.")
        return self.folder(id)

    def installed(self) -> tuple[Model, ...]:
        """The models whose files all lie here in their full size; `verify` looks inside."""
        return tuple(model for model in self._catalog if not lacks(model, self.folder(model.id)))

    def verify(self, id: str) -> tuple[str, ...]:
        """Hash every file of the model. Returns what is wrong with it; files put there by hand are accepted so."""
        model = self._catalog[id]
        if problems := wrong(model, self.folder(id)):
            unmark(self.folder(id))
        else:
            mark(model, self.folder(id))
        return problems

    def remove(self, id: str) -> int:
        """Delete the model and what has arrived of it. Returns the bytes that this freed."""
        model = self._catalog[id]
        folders = [folder for folder in (self.folder(id), self._parts(model)) if folder.exists()]
        freed = sum(folder_size(folder) for folder in folders)
        with _disk_errors(self._cache, [model]):
            for folder in folders:
                shutil.rmtree(folder)
        return freed

    # --- pulling ---------------------------------------------------------------------------------------

    def ensure(self, ids: Iterable[str], progress: Progress = Silent()) -> None:  # noqa: B008 -- it has no state
        """Download and verify those of the models that are not here, several side by side.

        What arrives before a failure or an interruption is kept for the next call.
        Raises ModelUnavailable naming each model that could not be had, what was tried and what can be done.
        """
        self._stop.clear()
        missing = [model for id in dict.fromkeys(ids) if not self._is_here(model := self._catalog[id])]
        if not missing:
            return
        with _disk_errors(self._cache, missing):
            self._parts(missing[0]).parent.mkdir(parents=True, exist_ok=True)
        self._check_room(missing)
        failures = self._pull_all(missing, progress)
        if failures:
            raise ModelUnavailable("\n".join(map(str, failures)), "\n".join(failure.remedy for failure in failures))

    def _pull_all(self, models: list[Model], progress: Progress) -> list[ModelUnavailable]:
        with ThreadPoolExecutor(MODELS_AT_ONCE) as pool:
            running = {pool.submit(self._pull, model, progress): model for model in models}
            try:
                return self._follow(running, progress)
            except BaseException:
                self._stop.set()  # leaving the pool waits for the clients, which end within a moment
                pool.shutdown(cancel_futures=True)
                raise

    def _follow(self, running: dict[Future[None], Model], progress: Progress) -> list[ModelUnavailable]:
        failures: list[ModelUnavailable] = []
        while running:
            ended, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            for pull in ended:
                model = running.pop(pull)
                try:
                    pull.result()
                    progress.finished(model)
                except ModelUnavailable as failure:
                    failures.append(failure)
            for model in running.values():
                progress.advanced(model, min(folder_size(self._parts(model)), model.size))
        return failures

    def _pull(self, model: Model, progress: Progress) -> None:
        """Get one model from the first source that can supply it."""
        with _disk_errors(self._cache, [model]), self._alone_with(model, progress):
            if self._is_here(model):
                return  # another process has pulled it meanwhile
            tried = []
            for source in self._in_order(model.sources):
                trouble = self._try(model, source, progress)
                if not trouble:
                    return
                if self._stop.is_set():
                    raise ModelUnavailable(f"Pulling {model.id} was interrupted.", "What has arrived of it is kept.")
                tried.append(f"{source}: {trouble}")
            raise self._unavailable(model, tried)

    def _try(self, model: Model, source: Source, progress: Progress) -> str:
        """Pull the model from `source`. Returns why that was not possible, or nothing."""
        if isinstance(source, HubSource) and (trouble := self._reach_hub(progress)):
            return trouble
        new = self._parts(model) / "new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            fetch(model, source, self._parts(model), new, self._clients)
            if problems := wrong(model, new):
                shutil.rmtree(self._parts(model))  # all of it: a part that is wrong must not be used again
                raise SourceFailed(f"refused, because {'; '.join(problems)}")
        except SourceFailed as failure:
            if not self._stop.is_set():
                progress.note(f"{model.id}: {source} is passed over: {failure}")
            return str(failure)
        mark(model, new)
        put_in_place(new, self.folder(model.id))
        shutil.rmtree(self._parts(model), ignore_errors=True)
        return ""

    def _reach_hub(self, progress: Progress) -> str:
        """Why the hub cannot be reached, or nothing; asked once and remembered."""
        with self._hub_asked:
            if self._hub_trouble is None:
                self._hub_trouble = self._clients.hub_trouble()
                if self._hub_trouble:
                    progress.note(f"the model hub is passed over: {self._hub_trouble}")
            return self._hub_trouble

    def _in_order(self, sources: Iterable[Source]) -> list[Source]:
        return sorted(sources, key=lambda source: isinstance(source, HubSource) != (self._prefer == "hub"))

    @contextmanager
    def _alone_with(self, model: Model, progress: Progress) -> Iterator[None]:
        """Keep other processes and stores from pulling the same model at the same time."""
        lock = FileLock(self._cache / "downloads" / f"{model.id}.lock")
        deadline = time.monotonic() + PATIENCE_WITH_OTHERS
        waiting = False
        while True:
            try:
                lock.acquire(timeout=TICK)
                break
            except Timeout:
                if self._stop.is_set() or time.monotonic() > deadline:
                    raise ModelUnavailable(
                        f"Another process holds {lock.lock_file}.", "Wait for it or end it."
                    ) from None
                if not waiting:
                    progress.note(f"{model.id}: another process pulls it, waiting for that")
                waiting = True
        try:
            yield
        finally:
            lock.release()

    # --- details ---------------------------------------------------------------------------------------

    def _parts(self, model: Model) -> Path:
        return self._cache / "downloads" / model.id

    def _is_here(self, model: Model) -> bool:
        return is_marked(model, self.folder(model.id)) or not self.verify(model.id)

    def _check_room(self, models: list[Model]) -> None:
        needed = _room_for(models) - sum(folder_size(self._parts(model)) for model in models)
        free = free_space(self._cache)
        if free < needed:
            raise _no_room(self._cache, models, f"{megabytes(needed)} are needed, {megabytes(free)} are free")

    def _unavailable(self, model: Model, tried: list[str]) -> ModelUnavailable:
        return ModelUnavailable(
            f"No source can supply the model {model.id} ({megabytes(model.size)}) now. Tried: {'; '.join(tried)}.",
            f"Run `vivavoce models pull {model.id}` again later, or supply it by hand: copy {_names(model)} into "
            f"{self.folder(model.id)}, then run `vivavoce models verify {model.id}`.",
        )


def megabytes(size: int) -> str:
    """Bytes for people, in the decimal units of disks."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _names(model: Model, most: int = 4) -> str:
    """The files that somebody has to find, with their names in the hub's repository where these differ."""
    there = {name: path for hub in model.sources if isinstance(hub, HubSource) for name, path in hub.paths.items()}
    names = []
    for file in model.files[:most]:
        path = there.get(file.name, file.name)
        names.append(file.name if path == file.name else f"{file.name} (in the repository: {path})")
    more = len(model.files) - most
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


@contextmanager
def _disk_errors(cache: Path, models: list[Model]) -> Iterator[None]:
    """Turn what the disk refuses into words."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            how_much = f"the disk is full; about {megabytes(_room_for(models))} must be free for all of it"
            raise _no_room(cache, models, how_much) from error
        raise ModelUnavailable(
            f"Cannot write to {cache}: {error.strerror or error}.",
            "Make it writable, or set VIVAVOCE_CACHE to a folder that is.",
        ) from error


def _room_for(models: list[Model]) -> int:
    """Bytes on the disk while pulling: what arrives and what is made of it lie side by side for a moment."""
    return 2 * sum(model.size for model in models) + HEADROOM


def _no_room(cache: Path, models: list[Model], how_much: str) -> ModelUnavailable:
    ids = " ".join(model.id for model in models)
    return ModelUnavailable(
        f"There is no room for {ids} in {cache}: {how_much}.",
        "Free some space, or set VIVAVOCE_CACHE to a folder on a larger disk; then run "
        f"`vivavoce models pull {ids}`: what has arrived is kept.",
    )
