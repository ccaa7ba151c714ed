"""What people do at the Plex stand-in, by its control routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, control_body, route
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.library import Library
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.player import EVENING, STATES, PlexPlayer
from scrobbled.sandbox.posting import WebhookPost, reported

EVENTS = (*STATES, "scrobble")


class LivingRoom:
    """Watching, rating, and where the webhooks of the owner go."""

    library: Library
    player: PlexPlayer
    hooks: list[str]
    people: list[PlexAccount]
    now: Callable[[], datetime]

    async def watch(
        self, item: LibraryItem, account: PlexAccount, *, events: Sequence[str] = EVENING, at: datetime | None = None
    ) -> list[WebhookPost]:
        """One viewing with its webhooks; ``at`` is when it is scrobbled (default: now)."""
        return await self.player.watch(item, account, events=events, at=at or self.now())

    def join(self, name: str) -> PlexAccount:
        """Somebody new, or who is there already under that name; without a token of the server."""
        known = next((account for account in self.people if account.title == name), None)
        account = known or PlexAccount(ANNA.id + len(self.people), name)
        self.people += [] if known else [account]
        return account

    @route("POST", "/_sandbox/accounts")
    def join_by_control(self, request: Request) -> Reply:
        """``{"account": "kim"}``: somebody new."""
        given = control_body(request, dict)
        if not isinstance(given.get("account"), str) or not given["account"].strip():
            return Reply(400, {"message": "account is a name"})
        account = self.join(given["account"])
        return Reply(200, {"account": account.title, "id": account.id})

    @route("POST", "/_sandbox/watch")
    async def watch_by_control(self, request: Request) -> Reply:
        """``title`` ("Salt Flats", "Harbour Lights S1E2") or ``rating_key``; ``account``, ``at`` and ``events``."""
        given = control_body(request, dict)
        item, account, at = self._played(given)
        events = given.get("events", EVENING)
        if not isinstance(events, list | tuple) or not all(isinstance(e, str) and e != "rate" for e in events):
            return Reply(400, {"message": f"events are names of {', '.join(EVENING)}"})
        return reported(await self.watch(item, account, events=events, at=at))

    @route("POST", "/_sandbox/rate")
    async def rate_by_control(self, request: Request) -> Reply:
        """As ``watch``, with ``rating`` 0 to 10, or -1 to clear it."""
        given = control_body(request, dict)
        item, account, at = self._played(given)
        rating = given.get("rating")
        if not isinstance(rating, int | float):
            return Reply(400, {"message": "rating is a number from 0 to 10, or -1"})
        return reported(await self.player.rate(item, account, float(rating), at=at))

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […]}``: the owner's webhooks, without going through plex.tv."""
        self.hooks = [str(url) for url in control_body(request, dict).get("urls", [])]
        return Reply(200, {"hooks": len(self.hooks)})

    def _played(self, given: dict[str, Any]) -> tuple[LibraryItem, PlexAccount, datetime]:
        try:
            item = self.library.find(str(given.get("rating_key") or given.get("title") or ""))
            account = next(a for a in self.people if given.get("account", ANNA.title) in (a.title, a.id))
            at = datetime.fromisoformat(given["at"]) if "at" in given else self.now()
        except (LookupError, ValueError, TypeError) as error:
            raise AnsweredEarly(Reply(400, {"message": str(error)})) from None
        except StopIteration:
            raise AnsweredEarly(
                Reply(400, {"message": f"account is one of {[a.title for a in self.people]}"})
            ) from None
        return item, account, at if at.tzinfo else at.replace(tzinfo=UTC)
