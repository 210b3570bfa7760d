"""Whether a call of a hosted tool has to be approved by the person first. Pure.

Words of others (a page, a file, what a server answered) may hold instructions. They are data: a model that has just
read some cannot be told from one that obeys them, so until the person speaks again every call that changes anything
is asked about.
"""

from __future__ import annotations

from typing import Literal

Approval = Literal["always", "never", "auto"]
"""What the session says about a tool. "auto": what follows from the tool and from what was read before."""
Why = Literal["always", "asks_first", "foreign_text"]


def must_ask(
    approval: Approval, *, reads_only: bool, asks_first: bool, read_foreign: bool, insists: bool = False
) -> Why | None:
    """Why the call has to wait for a yes; None: it may run. `read_foreign`: the result of a tool that is `foreign` came
    into the conversation since the person last said something. "never" is the word of whoever opened the session;
    where whoever offers the tool `insists`, the stricter of the two holds."""
    if approval == "always":
        return "always"
    if insists:
        return "asks_first"
    if approval == "never":
        return None
    if asks_first:
        return "asks_first"
    return "foreign_text" if read_foreign and not reads_only else None
