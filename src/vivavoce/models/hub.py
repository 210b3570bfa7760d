"""A child process that talks to the model hub through its own client.

A process of its own, because the client cannot be cancelled once it waits, and prints and retries as it likes:

    python -m vivavoce.models.hub reach SECONDS
    python -m vivavoce.models.hub fetch REPOSITORY REVISION FOLDER PATH…

Exit code 0, or 1 with one line on standard error. The user's settings for the hub (offline, mirror, token, proxy) hold.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

FILES_AT_ONCE = 4
ETAG_SECONDS = 5.0
"""The client asks this long for each file's hash before it gives up (and retries)."""


def main(arguments: list[str]) -> int:
    match arguments:
        case ["reach", seconds]:
            return _told(_reach(float(seconds)))
        case ["fetch", repository, revision, folder, *paths]:
            return _told(_fetch(repository, revision, folder, paths))
    return _told("usage: reach SECONDS | fetch REPOSITORY REVISION FOLDER PATH…")


def _reach(seconds: float) -> str:
    """Why the hub cannot be reached, or nothing: any answer at all will do."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return "it is switched off by HF_HUB_OFFLINE"
    trouble = [f"no answer within {seconds:g} s"]

    def ask() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=seconds)
            trouble[0] = ""
        except Exception as error:  # noqa: BLE001 -- whatever goes wrong is the answer to the question
            trouble[0] = _first_line(error)

    # Looking up a name has no deadline of its own; the thread is left behind when it hangs there.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return trouble[0]


def _fetch(repository: str, revision: str, folder: str, paths: list[str]) -> str:
    """Put the files into `folder`, going on where an earlier try stopped. Returns what went wrong, or nothing."""
    from huggingface_hub import hf_hub_download

    def one(path: str) -> str:
        return hf_hub_download(repository, path, revision=revision, local_dir=folder, etag_timeout=ETAG_SECONDS)

    try:
        with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
            list(pool.map(one, paths))
    except Exception as error:  # noqa: BLE001 -- handed to the parent, which tries the next source
        return _first_line(error)
    return ""


def _first_line(error: BaseException) -> str:
    told = error.__cause__ or error  # the client says "check your connection", its cause says what happened
    return (str(told).strip() or type(told).__name__).splitlines()[0]


def _told(trouble: str) -> int:
    if trouble:
        sys.stderr.write(trouble + "\n")
        sys.stderr.flush()
    return 1 if trouble else 0


if __name__ == "__main__":
    # Not sys.exit: a thread that still waits for an answer must not hold the process up.
    os._exit(main(sys.argv[1:]))
