"""What clients keep for us, sealed: encrypted and authenticated (AES-256-GCM), so that it comes back as it was given or
not at all, and only from whom it was given to. Blocking where files are touched."""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vivavoce.errors import StartupError

KEY_BYTES, NONCE_BYTES = 32, 12
_HEAD = "vivavoce2."
"""Of every token: other servers' are told apart by it, and so may a later form be."""


class Seals:
    """`key`: KEY_BYTES bytes; without one, tokens last as long as this object."""

    def __init__(self, key: bytes | None = None) -> None:
        self._cipher = AESGCM(secrets.token_bytes(KEY_BYTES) if key is None else key)

    def seal(self, text: str, owner: str, kind: str) -> str:
        """`kind`: what the text is; it can be taken for nothing else."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        hidden = self._cipher.encrypt(nonce, text.encode(errors="replace"), _bound(owner, kind))
        return _HEAD + base64.urlsafe_b64encode(nonce + hidden).decode()

    def open(self, token: str, owner: str, kind: str) -> str | None:
        """The text; None for a token that was altered, or is another server's, owner's or kind's."""
        if not token.startswith(_HEAD):
            return None
        with suppress(ValueError, InvalidTag):
            written = token.removeprefix(_HEAD)
            data = base64.urlsafe_b64decode(written)
            if base64.urlsafe_b64encode(data).decode() != written:  # one text has one form only
                return None
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _bound(owner, kind)).decode()
        return None


def _bound(owner: str, kind: str) -> bytes:
    return f"{kind} {owner}".encode()


def seals_in(path: Path) -> Seals:
    """The key lies in a file that only this user can read, made where there is none. Raises StartupError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = path.read_bytes() if path.exists() else _made(path)
    except OSError as error:
        raise StartupError(f"The key {path} cannot be read: {error.strerror}.", "Set VIVAVOCE_HOME.") from error
    if len(key) != KEY_BYTES:
        raise StartupError(
            f"The key {path} does not have {KEY_BYTES} bytes.",
            "Put back the one that was there, or delete it: what was sealed with the old one is lost then.",
        )
    return Seals(key)


def _made(path: Path) -> bytes:
    """Whole, whoever else makes one at the same time: the first one counts."""
    key, partial = secrets.token_bytes(KEY_BYTES), path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key)
    try:
        os.link(partial, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        partial.unlink()
    return key
