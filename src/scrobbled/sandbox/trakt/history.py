"""History and watched state of the Trakt stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.trakt.accounts import EPOCH, TraktPlay, TraktUser, iso
from scrobbled.sandbox.trakt.batch import Expansion, TraktBatch, counted
from scrobbled.sandbox.trakt.catalogue import TraktKind, TraktTitle, available
from scrobbled.sandbox.trakt.core import (
    ALWAYS,
    NEVER,
    TraktCore,
    between,
    extended,
    json_object,
    kind_of,
    limit_reached,
    page,
)

Picks = Callable[[TraktTitle], bool]


class HistoryRoutes(TraktCore):
    """``/sync/history``."""

    @route("GET", "/sync/history")
    def history(self, request: Request) -> Reply:
        return self._plays(request, _all)

    @route("GET", "/sync/history/{group}")
    def history_of_kind(self, request: Request, group: str) -> Reply:
        kind = kind_of(group)
        return self._plays(request, lambda title: _belongs(title, kind, None))

    @route("GET", "/sync/history/{group}/{number:int}")
    def history_of_title(self, request: Request, group: str, number: int) -> Reply:
        """An id without plays, known or not, is an empty list."""
        kind = kind_of(group)
        return self._plays(request, lambda title: _belongs(title, kind, number))

    def _plays(self, request: Request, wanted: Picks) -> Reply:
        account = self.user(request)
        start, end = between(request)
        seen = account.history.at(self.read_at(request))
        plays = list(reversed(seen))
        if wanted is not _all or (start, end) != (NEVER, ALWAYS):
            plays = [p for p in plays if start <= p.watched_at <= end and wanted(p.title)]
        full = "full" in extended(request)
        return page(request, self._doubled(request, plays), lambda part: self._rows(part, full=full))

    def _doubled(self, request: Request, plays: list[TraktPlay]) -> list[TraktPlay]:
        """Under ``duplicate_rows`` each page begins with the last row of the one before; the count grows with it."""
        if not self.duplicate_rows:
            return plays
        text = request.query.get("limit", "")
        step = min(250, int(text) if text.isdigit() and int(text) else 100) - 1
        if step < 1 or not plays:
            return plays
        starts = range(0, max(1, len(plays) - 1), step)
        return [play for start in starts for play in plays[start : start + step + 1]]

    def _rows(self, plays: Sequence[TraktPlay], *, full: bool) -> list[dict[str, Any]]:
        return [_row(play, full=full) for play in plays if play.id not in self.hidden]

    @route("POST", "/sync/history")
    def add_history(self, request: Request) -> Reply:
        """Each item is a new play, however often it is sent; what cannot be found is told inside the 201."""
        account = self.user(request)
        batch = self._expand(request)
        self._room_for(account, len(batch.wishes))
        now = self.now()
        wishes = request.portion(batch.wishes)
        for wish in wishes:
            account.add_play(wish.title, _when(wish.said, wish.title, now), "watch", now)
        body = {
            "added": counted(wish.title for wish in wishes),
            "updated": {"movies": 0, "episodes": 0},
            "not_found": {**batch.not_found, "people": [], "users": []},
        }
        return Reply(201, body)

    def _room_for(self, account: TraktUser, more: int) -> None:
        if len(account.history) + more > account.limits["history"]:
            raise limit_reached(account.limits["history"], account)

    @route("POST", "/sync/history/remove")
    def remove_history(self, request: Request) -> Reply:
        """An item takes *every* play of it away, a history id exactly one."""
        account = self.user(request)
        batch = self._expand(request)
        numbers = _numbers(json_object(request).get("ids"))
        keys = {wish.title.key for wish in request.portion(batch.wishes)}
        chosen = frozenset(request.portion(numbers))
        gone = account.history.remove(lambda play: play.id in chosen or play.title.key in keys, self.now())
        if self.removals_move:
            account.touch_all((play.title for play in gone), "watched_at", self.now())
        unknown = sorted(frozenset(numbers) - {play.id for play in gone})
        body = {
            "deleted": counted(play.title for play in gone),
            "not_found": {**batch.not_found, "ids": unknown},
        }
        return Reply(200, body)

    def _expand(self, request: Request) -> TraktBatch:
        return Expansion(self.catalogue, self.find, leaves=True).of(json_object(request))


class WatchedRoutes(TraktCore):
    """``/sync/watched`` and the progress of one show."""

    @route("GET", "/sync/watched/{group}")
    def watched(self, request: Request, group: str) -> Reply:
        if group not in ("movies", "shows", "episodes"):
            raise AnsweredEarly(Reply(404))
        plays = self._all_plays(request, kind_of(group))
        wanted = extended(request)
        if "min" in wanted:
            return _minimal(request, plays, group, self.minimal_pages)
        listed = sorted(_by(plays, group).values(), key=lambda of_one: of_one[-1].order(), reverse=True)
        seasons = group == "shows" and "progress" in wanted
        return page(
            request,
            listed,
            lambda part: [_watched(of_one, group, seasons=seasons) for of_one in part],
            most=100 if "progress" in wanted else 250,
        )

    def _all_plays(self, request: Request, kind: TraktKind) -> list[TraktPlay]:
        account = self.user(request)
        start, end = between(request)
        seen = account.history.at(self.read_at(request))
        return [p for p in seen if _belongs(p.title, kind, None) and start <= p.watched_at <= end]

    @route("GET", "/shows/{text}/progress/watched")
    def show_progress(self, request: Request, text: str) -> Reply:
        """Aired and completed episodes; specials are left out unless ``specials=true``."""
        show = self.catalogue.by_path("show", text)
        plays = self._all_plays(request, "show")
        if show is None:
            raise AnsweredEarly(Reply(404))
        seen = {play.title.key: play for play in plays}
        specials = request.query.get("specials") == "true"
        aired = [e for e in self.catalogue.episodes(show) if (e.season or specials) and e.released <= self.now()]
        return Reply(200, _progress(aired, seen))


def _all(title: TraktTitle) -> bool:
    return True


def _belongs(title: TraktTitle, kind: TraktKind, number: int | None) -> bool:
    """Whether a watched title is, or is part of, ``kind`` (with that Trakt id)."""
    if kind == title.kind:
        return number in (None, title.trakt)
    if title.show is None or kind not in ("show", "season"):
        return False
    if number is None:
        return True
    return number == (title.show.trakt if kind == "show" else title.season_trakt)


def _row(play: TraktPlay, *, full: bool) -> dict[str, Any]:
    head = {"id": play.id, "watched_at": iso(play.watched_at), "action": play.action, "type": play.title.kind}
    return {**head, **play.title.nested(full=full)}


def _when(said: Mapping[str, Any], title: TraktTitle, now: datetime) -> datetime:
    """The play's time. What is not a date Trakt understands, Unix numbers above all, silently becomes now."""
    text = said.get("watched_at")
    if text == "unknown":
        return EPOCH
    if text == "released":
        return available(title)
    if not isinstance(text, str) or text.strip().isdigit():
        return now
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return now
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _numbers(given: object) -> list[int]:
    return [int(n) for n in given if str(n).isdigit()] if isinstance(given, list) else []


def _by(plays: Iterable[TraktPlay], group: str) -> dict[int, list[TraktPlay]]:
    """Plays, oldest first, by the Trakt id of their movie, show or episode."""
    found: dict[int, list[TraktPlay]] = {}
    for play in plays:
        one = play.title.show if group == "shows" and play.title.show else play.title
        found.setdefault(one.trakt, []).append(play)
    return found


def _watched(plays: Sequence[TraktPlay], group: str, *, seasons: bool) -> dict[str, Any]:
    last = iso(plays[-1].watched_at)
    head = {"plays": len(plays), "last_watched_at": last, "last_updated_at": last}
    title = plays[-1].title
    if group != "shows" or title.show is None:
        return {**head, **title.nested()}
    body = {**head, "reset_at": None, "show": title.show.minimal()}
    return {**body, "seasons": _seasons(plays)} if seasons else body


def _seasons(plays: Sequence[TraktPlay]) -> list[dict[str, Any]]:
    numbers = sorted({play.title.season or 0 for play in plays})
    return [
        {"number": n, "episodes": _episodes([play for play in plays if (play.title.season or 0) == n])} for n in numbers
    ]


def _episodes(plays: Sequence[TraktPlay]) -> list[dict[str, Any]]:
    listed = sorted(_by(plays, "episodes").values(), key=lambda of_one: of_one[0].title.number or 0)
    return [
        {"number": p[0].title.number, "plays": len(p), "last_watched_at": iso(p[-1].watched_at)} for p in listed
    ]  # fmt: skip


def _minimal(request: Request, plays: Sequence[TraktPlay], group: str, paging: str) -> Reply:
    """All play dates by id; see ``TraktCore.minimal_pages``."""
    listed = list(_by(plays, group).items())
    if paging == "never":
        return Reply(200, _dates(listed, group))
    if paging == "always" or {"page", "limit"} & set(request.query):
        return page(request, listed, lambda part: _dates(part, group))
    size = max(1, len(listed))
    return page(request, listed, lambda part: _dates(part, group), most=size, default=size)


def _dates(part: Sequence[tuple[int, list[TraktPlay]]], group: str) -> dict[str, Any]:
    if group != "shows":
        return {str(number): [iso(play.watched_at) for play in plays] for number, plays in part}
    return {str(number): _nested_dates(plays) for number, plays in part}


def _nested_dates(plays: Sequence[TraktPlay]) -> dict[str, dict[str, list[str]]]:
    """Season number, then episode id, then dates."""
    found: dict[str, dict[str, list[str]]] = {}
    for play in plays:
        found.setdefault(str(play.title.season), {}).setdefault(str(play.title.trakt), []).append(iso(play.watched_at))
    return found


def _progress(aired: Sequence[TraktTitle], seen: Mapping[tuple[TraktKind, int], TraktPlay]) -> dict[str, Any]:
    done = [title for title in aired if title.key in seen]
    left = [title for title in aired if title.key not in seen]
    last = max((seen[title.key] for title in done), key=TraktPlay.order, default=None)
    return {
        "aired": len(aired),
        "completed": len(done),
        "last_watched_at": iso(last.watched_at) if last else None,
        "reset_at": None,
        "seasons": [_season_progress(n, aired, seen) for n in sorted({title.season or 0 for title in aired})],
        "hidden_seasons": [],
        "next_episode": left[0].minimal() if left else None,
        "last_episode": last.title.minimal() if last else None,
    }


def _season_progress(
    number: int, aired: Sequence[TraktTitle], seen: Mapping[tuple[TraktKind, int], TraktPlay]
) -> dict[str, Any]:
    mine = [title for title in aired if title.season == number]
    episodes = [
        {
            "number": title.number,
            "completed": title.key in seen,
            "last_watched_at": iso(seen[title.key].watched_at) if title.key in seen else None,
        }
        for title in mine
    ]
    return {
        "number": number,
        "aired": len(mine),
        "completed": sum(one["completed"] is True for one in episodes),
        "episodes": episodes,
    }
