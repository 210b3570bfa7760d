"""Values that must not be printed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A word that must not be printed; `reveal` gives it to the one place that sends it."""

    _word: str = ""

    def reveal(self) -> str:
        return self._word

    def __bool__(self) -> bool:
        return bool(self._word)

    def __repr__(self) -> str:
        return "***" if self._word else ""


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key that opens the server. Only its SHA-256 is kept, so it cannot leak from here."""

    digest: bytes

    @classmethod
    def of(cls, written: str) -> ApiKey:
        """From the key itself, or from "sha256:" and the 64 hex digits of its hash."""
        kind, _, hexadecimal = written.partition(":")
        if kind == "sha256":
            digest = bytes.fromhex(hexadecimal)
            if len(digest) != hashlib.sha256().digest_size:
                raise ValueError("a sha256: key needs 64 hex digits")
            return cls(digest)
        return cls(hashlib.sha256(written.encode()).digest())

    def __repr__(self) -> str:
        return f"sha256:{self.digest.hex()[:8]}…"


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseUrl:
    """Where a database is, with the password to it, which is not shown."""

    _url: str = ""

    def reveal(self) -> str:
        return self._url

    def __bool__(self) -> bool:
        return bool(self._url)

    def __repr__(self) -> str:
        before, at, host = self._url.rpartition("@")
        scheme, _, user = before.partition("://")
        return f"{scheme}://{user.partition(':')[0]}:***{at}{host}" if at else self._url


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value must not be shown."""
    last = key.rpartition(".")[2]
    return any(word in last for word in ("key", "token", "secret", "password"))
