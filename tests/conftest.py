"""What all tests share: quiet threads, the recordings, the models, virtual time."""

from __future__ import annotations

import os

os.environ.setdefault("KMP_BLOCKTIME", "0")  # before any runtime loads: spinning threads starve each other
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of real recordings (manifest.jsonl, audio/...); tests that need them skip where it is absent."""
    folder = Path(os.environ.get("VIVAVOCE_RECORDINGS") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "manifest.jsonl").exists():
        pytest.skip("no recordings: set VIVAVOCE_RECORDINGS to a folder with a manifest.jsonl")
    return folder
