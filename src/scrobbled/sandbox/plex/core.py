"""The ground of a Plex Media Server stand-in: its state, who may ask what, and how a list comes in pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, control_body, route, utc_now
from scrobbled.sandbox.plex.answers import answer, refused, token
from scrobbled.sandbox.plex.asking import Asking
from scrobbled.sandbox.plex.events import Notices
from scrobbled.sandbox.plex.items import LibraryItem, PlexSection
from scrobbled.sandbox.plex.library import Library
from scrobbled.sandbox.plex.people import ACCOUNTS, ANNA, BEN, CELLAR, PlexAccount, PlexConnection, ServerFace
from scrobbled.sandbox.plex.player import STATES, PlexPlayer, PlexSession
from scrobbled.sandbox.plex.rows import RowWriter
from scrobbled.sandbox.plex.switches import PlexSwitches
from scrobbled.sandbox.plex.views import Views, ViewState
from scrobbled.sandbox.posting import WebhookPost
from scrobbled.sandbox.world import World

OPEN = ("/identity",)
Row = TypeVar("Row")


class PlexCore(StandIn):
    """One server with its libraries, accounts and tokens.

    ``notices`` are what those hear who listen at its event source. ``paged`` is called after every page with its path
    and its start, so that a test can let something happen between two pages.
    """

    name = "plex"
    face: ClassVar[ServerFace] = CELLAR
    bare: ClassVar[bool] = False
    """Whether it begins without libraries."""

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=lambda: now() + timedelta(seconds=self.switches.clock_error), beside=beside)
        self.switches = PlexSwitches()
        self.machine = self.face.machine
        """Its ``machineIdentifier``; on new hardware it is another."""
        self.library = Library(world, empty=self.bare)
        self.views = Views(self._twins)
        self.hooks: list[str] = []
        """Webhooks of the owner beside those registered at plex.tv."""
        self.people = list(ACCOUNTS)
        self.tokens: dict[str, PlexAccount] = {self.face.token_of(one): one for one in (ANNA, BEN)}
        """*Server* tokens; the account tokens of plex.tv are others and do not work here."""
        self.shared: dict[int, frozenset[int]] = {}
        """The sections that a guest may see, by plex.tv id; who is not named sees all."""
        self.connections = [PlexConnection()]
        """How plex.tv says that it can be reached."""
        self.notices = Notices()
        self.writer = RowWriter()
        self.paged: Callable[[str, int], None] = lambda path, start: None
        self.pages: Counter[str] = Counter()
        self.player = PlexPlayer(self._hooks, views=self.views, server=self.face, told=self._told, finished=self.spread)

    def _twins(self, item: LibraryItem) -> Iterable[LibraryItem]:
        copies = self.library.of_guid(item.guid) if self.switches.shared_state else []
        return copies or (item,)

    def _hooks(self) -> Iterable[tuple[PlexAccount, str]]:
        yield from ((ANNA, url) for url in self.hooks)
        if "plextv" in self.beside:
            yield from self.beside["plextv"].registered()

    async def _told(self, event: str, session: PlexSession, at: datetime) -> list[WebhookPost]:
        """Those who listen to the server: whoever is connected, and Tautulli."""
        if event != "scrobble":
            self.notices.playing(session, STATES[event])
        if "tautulli" in self.beside:
            return list(await self.beside["tautulli"].heard(event, session, at))
        return []

    def spread(self, account: PlexAccount, item: LibraryItem, event: str = "scrobble") -> None:
        """What was watched, marked or rated here comes to the account's other servers, where plex.tv sees to it."""
        if "plextv" in self.beside:
            self.beside["plextv"].spread(self, account, item, event)
        if event == "scrobble" and "plex-discover" in self.beside:
            show = self.library.above(item, "show")
            rest = [one for one in self.library.leaves(show) if not self.viewed(account, one).count] if show else []
            self.beside["plex-discover"].watched(account, item, is_last=not rest)

    def viewed(self, account: PlexAccount, item: LibraryItem) -> ViewState:
        """What the account has seen of it."""
        return self.views.of(account, item)

    def admit(self, account: PlexAccount, sections: Iterable[PlexSection] | None = None) -> str:
        """Shares the server, or these of its libraries, with somebody; returns the token that works here."""
        if account not in self.people:
            self.people.append(account)
        if sections is not None:
            self.shared[account.id] = frozenset(section.key for section in sections)
        self.tokens[self.face.token_of(account)] = account
        return self.face.token_of(account)

    # The gate

    def check(self, request: Request) -> Reply | None:
        known = request.path in OPEN or token(request) in self.tokens
        return None if known else refused(401, "Unauthorized")

    def missing(self, request: Request) -> Reply:
        return refused(404, "Not Found")

    def wrong_method(self, request: Request, allowed: Iterable[str]) -> Reply:
        return refused(405, "Method Not Allowed")

    def asker(self, request: Request) -> PlexAccount:
        return self.tokens[token(request)]

    def owner_only(self, request: Request) -> None:
        if not self.asker(request).owner:
            raise AnsweredEarly(refused(401, "Unauthorized"))

    def asking(self, request: Request) -> Asking:
        return Asking(self.library, self.views, self.asker(request), self.now())

    def sections_of(self, account: PlexAccount) -> list[PlexSection]:
        """The libraries that the account may see."""
        held = self.library.sections
        return [section for key, section in held.items() if key in self.shared.get(account.id, held)]

    def visible(self, request: Request, key: str) -> LibraryItem | None:
        """The item of that key, for whoever may see it."""
        item = self.library.items.get(key) or self.library.clips.get(key)
        allowed = self.shared.get(self.asker(request).id)
        return item if item and (item.type == "clip" or allowed is None or item.section.key in allowed) else None

    def at(self, request: Request, key: str) -> LibraryItem:
        item = self.visible(request, key)
        if item is None or item.type == "clip":
            raise AnsweredEarly(refused(404, "Not Found"))
        return item

    # Pages

    def container(self, request: Request, rows: Sequence[Row], render: Callable[[Row], Any]) -> Reply:
        """Pages only when asked by start and size together; a list without rows lacks its key altogether."""
        start, size = (_paging(request, which) for which in ("start", "size"))
        if start is None or size is None or self.switches.paging == "never":
            part = [render(row) for row in rows]
            return answer(request, "MediaContainer", self._sized(part, size=len(part)))
        start = 0 if self.switches.paging == "first" else start
        size = min(size, self.switches.most_rows or size)
        part = [render(row) for row in rows[start : start + size]]
        total = len(rows) + self._drift(request.path)
        headers = {"x-plex-container-start": str(start), "x-plex-container-total-size": str(total)}
        reply = answer(
            request,
            "MediaContainer",
            self._sized(part, size=len(part), offset=start, totalSize=total),
            headers=headers,
        )
        self.paged(request.path, start)
        return reply

    def _sized(self, part: list[Any], **counts: int) -> dict[str, Any]:
        told = {name: str(number) if self.switches.loose_numbers else number for name, number in counts.items()}
        return {**told, **({"Metadata": part} if part else {})}

    def _drift(self, path: str) -> int:
        self.pages[path] += 1
        return self.pages[path] if self.switches.moving_totals else 0

    # What people and tests may change and look at

    @route("POST", "/_sandbox/switches")
    def switch(self, request: Request) -> Reply:
        """See ``PlexSwitches``; what is left out stays as it is."""
        try:
            self.switches = self.switches.changed(control_body(request, dict))
        except ValueError as error:
            return Reply(400, {"message": str(error)})
        return Reply(200, self.switches.told())


def _paging(request: Request, which: str) -> int | None:
    text = request.headers.get(f"x-plex-container-{which}") or request.query.get(f"X-Plex-Container-{which.title()}")
    return int(text) if text and text.isdigit() else None
