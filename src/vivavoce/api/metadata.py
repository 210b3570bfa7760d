"""OpenAI's metadata: words of the client's own that go with an object."""

from __future__ import annotations

from vivavoce.api.fields import Fields, invalid

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512


def read_metadata(fields: Fields, name: str = "metadata") -> dict[str, str] | None:
    """None where there are none. Raises RequestError."""
    metadata = fields.object(name)
    if metadata is None:
        return None
    if len(metadata.raw) > MOST_PAIRS:
        raise invalid(metadata.path, f"hold at most {MOST_PAIRS} pairs", f"{len(metadata.raw)} pairs")
    for key in metadata.raw:
        if len(key) > LONGEST_KEY:
            raise invalid(metadata.path, f"have keys of at most {LONGEST_KEY} characters", key)
        if len(metadata.need_text(key)) > LONGEST_VALUE:
            raise invalid(metadata.at(key), f"have at most {LONGEST_VALUE} characters")
    return dict(metadata.raw)
