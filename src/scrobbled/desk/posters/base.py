"""The contract of whoever has pictures, and how one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from scrobbled.core.errors import LoginNeeded
from scrobbled.desk.posters.picture import LARGEST, Picture, picture
from scrobbled.desk.posters.subject import PosterSubject
from scrobbled.plumbing.http import Http, TooLarge

WIDTH, HEIGHT = 342, 513
"""Pixels of a poster: enough for a wall on a phone with a fine screen, and some 30 KB."""
ACCEPT = {"Accept": "image/webp,image/jpeg,image/png", "Accept-Encoding": "identity"}
SLOWEST = 15.0


class PosterSource(Protocol):
    """Somebody who has pictures."""

    @property
    def name(self) -> str:
        """For the log."""
        ...

    async def find(self, subject: PosterSubject) -> Picture | None:
        """``None`` where there is none; raises ``TrackerError`` where that cannot be told now."""
        ...


async def fetched(
    http: Http, path: str, *, params: Mapping[str, str | int], headers: Mapping[str, str], refused: str
) -> Picture | None:
    """The picture at ``path``; ``None`` for anything else that is answered. Redirects are not followed.

    Raises ``LoginNeeded(refused)`` for 401 and 403, and ``TryLater``.
    """
    try:
        answer = await http.send(
            "GET", path, params=params, headers={**headers, **ACCEPT}, timeout=SLOWEST, largest=LARGEST
        )
    except TooLarge:
        return None
    if answer.status in (401, 403):
        raise LoginNeeded(refused)
    return picture(answer.body) if answer.status == 200 else None
