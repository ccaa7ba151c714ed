"""What a server answers to lines, told apart; the same words mean the same in all versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.plumbing.http import Answer, raise_if_temporary

LONGEST_WORDS = 2000
_TOO_OLD = re.compile(
    r"beyond retention|retention policy|outside (of )?retention|older than .*retention", re.IGNORECASE
)
_DROPPED = re.compile(r"dropped=(\d+)")
_PARTLY = re.compile(r"partial write", re.IGNORECASE)


class LinesVerdict(Struct, frozen=True):
    """``taken``: every line is written. Else ``words`` are the server's, and some of the lines are not.

    ``named`` has the words by the line's index where the server tells which, and then all others are written.
    ``dropped`` is how many are not, where it says so. ``large``: the whole body was too much.
    """

    taken: bool = False
    words: str = ""
    named: Mapping[int, str] = {}
    dropped: int | None = None
    large: bool = False

    @property
    def too_old(self) -> bool:
        """Some are older than the server keeps."""
        return is_too_old(self.words)


def is_too_old(words: str) -> bool:
    """Whether a point is refused for its age."""
    return _TOO_OLD.search(words) is not None


def judged(answer: Answer) -> LinesVerdict:
    """The verdict on a body of lines. Raises ``TryLater``, ``LoginNeeded`` and ``ContractDrift``.

    A 404 is for the dialect, which knows what is missing and how it is made.
    """
    if answer.status == 204:
        return LinesVerdict(taken=True)
    words, data = told(answer)
    if answer.status == 500 and _PARTLY.search(words):  # as early versions of 2.0 told of points that are too old
        return LinesVerdict(words=words, dropped=_dropped(words))
    refused(answer)
    if answer.status == 413:
        return LinesVerdict(words=words, large=True)
    if answer.status in (400, 422) and not answer.is_html:
        return LinesVerdict(words=words, named=_named(data), dropped=_dropped(words))
    raise strange(answer)


def refused(answer: Answer) -> None:
    """Raises what holds for every request: ``TryLater``, or ``LoginNeeded`` where it is a matter of rights."""
    raise_if_temporary(answer, idempotent=True)
    if answer.status in (401, 403) and not answer.is_html:
        raise LoginNeeded(f"{answer.what} answered {answer.status}: the token is refused, or may not do this")


def strange(answer: Answer) -> ContractDrift:
    """Something else is at that address."""
    if 300 <= answer.status < 400:
        return ContractDrift(f"{answer.what} leads elsewhere ({answer.status}); write the address it leads to as url")
    if answer.is_html:
        return ContractDrift(f"{answer.what} answered {answer.status} with a web page; is sinks.influx.url right?")
    return ContractDrift(f"{answer.what} answered {answer.status}, as no InfluxDB does; is sinks.influx.url right?")


def told(answer: Answer) -> tuple[str, Any]:
    """The server's words, empty where it has none, and the list of lines of InfluxDB 3."""
    if answer.is_html:
        return "", None
    try:
        content = answer.json()
    except ContractDrift:
        return answer.body.decode("utf-8", "replace").strip()[:LONGEST_WORDS], None
    if not isinstance(content, dict):
        return "", None
    words = content.get("message") or content.get("error")
    return (words[:LONGEST_WORDS] if isinstance(words, str) else ""), content.get("data")


def names_a_thing(words: str) -> bool:
    """Of a 404: that a bucket or the like is missing, and not the page, as at another program."""
    return bool(words) and not re.search(r"\b(page|path|route|url)\b", words, re.IGNORECASE)


def _dropped(words: str) -> int | None:
    found = _DROPPED.search(words)
    return int(found[1]) if found else None


def _named(data: Any) -> dict[int, str]:
    """Empty as soon as one row does not say which line it is about."""
    rows = data if isinstance(data, list) else []
    named: dict[int, str] = {}
    for row in rows:
        number = row.get("line_number") if isinstance(row, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            return {}
        named[number - 1] = str(row.get("error_message") or "refused")[:LONGEST_WORDS]
    return named
