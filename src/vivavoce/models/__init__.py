"""The catalog of models (data) and the store that downloads, verifies and keeps their files."""

from collections.abc import Callable
from pathlib import Path

ModelFiles = Callable[[str], Path]
"""Maps a model id to the directory that holds its verified files.

Raises:
    vivavoce.errors.ModelUnavailable: the model is not in the cache; the error carries the remedy.
"""

__all__ = ["ModelFiles"]
