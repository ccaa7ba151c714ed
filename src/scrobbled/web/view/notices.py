"""What a form did, told on the page that follows it. The address carries a code and a number, the words are ours."""

from __future__ import annotations

import re

from scrobbled.web.view import words

COUNTED = {
    "retry": ("{plays} will be tried again now.", "The trackers are asked again now."),
    "approve": ("{plays} let go, on the way now.", "Nothing was left to do there."),
    "drop": ("{plays} left out for good.", "Nothing was left to do there."),
}
"""By code: for a number of plays, and for none."""
TOLD = {
    "claim": "The account is listed in the configuration now. What waited is on its way.",
    "theme": "",
}
"""By code, without a number."""


def notice(did: str | None, count: str | None) -> str:
    """The sentence of a code; empty for whatever else the address says."""
    if did in COUNTED:
        number = int(count) if count and re.fullmatch(r"\d{1,9}", count, re.ASCII) else 0
        some, none = COUNTED[did]
        return some.format(plays=words.plural(number, "play")) if number else none
    return TOLD.get(did or "", "")
