"""Two accounts of one person at both stand-ins, changed by hand as a person would, and compared row by row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from e2e.harness import Service, Town
from scrobbled.sandbox.serializd.store import Review, stamp

NOON = datetime(2026, 5, 1, 19, 30, tzinfo=UTC)


def spot(n: int, season: int = 1) -> tuple[int, int, int]:
    """Show, season and episode number of the n-th episode: eight a show, so that every show has it."""
    return n // 8 % 4, season, 1 + n % 8


class Two:
    """``town`` with an account ``anna`` on both sides. Shows are given by their position, seasons by number."""

    def __init__(self, town: Town, who: str = "anna") -> None:
        self.town, self.who = town, who

    def show(self, n: int) -> Any:
        return self.town.sandbox.world.shows[n]

    def watch_on_trakt(self, show: int, season: int, number: int, at: datetime, action: str = "watch") -> int:
        def work() -> int:
            trakt = self.town.sandbox["trakt"]
            episode = self.show(show).episode(season, number)
            title = trakt.catalogue.by_id("episode", "trakt", episode.trakt)
            return trakt.account_of(self.who).add_play(title, at, action, trakt.now()).id  # type: ignore[no-any-return]

        return self.town.do(work)

    def film_on_trakt(self, n: int, at: datetime) -> int:
        def work() -> int:
            trakt = self.town.sandbox["trakt"]
            movie = self.town.sandbox.world.movies[n]
            title = trakt.catalogue.by_id("movie", "trakt", movie.trakt)
            return trakt.account_of(self.who).add_play(title, at, "watch", trakt.now()).id  # type: ignore[no-any-return]

        return self.town.do(work)

    def forget_on_trakt(self, play: int) -> None:
        def work() -> None:
            trakt = self.town.sandbox["trakt"]
            trakt.account_of(self.who).history.remove(lambda one: one.id == play, trakt.now())

        self.town.do(work)

    def log_on_serializd(self, show: int, season: int, number: int, at: datetime, **more: Any) -> int:
        """A row as a person makes it; ``more`` are fields of ``Review``."""

        def work() -> int:
            serializd = self.town.sandbox["serializd"]
            review = serializd.log_play(self.who, self.show(show).tmdb, season, number, at)
            serializd.accounts[self.who].put(replace(review, **more))
            return review.id  # type: ignore[no-any-return]

        return self.town.do(work)

    def edit_on_serializd(self, review: int, **more: Any) -> None:
        def work() -> None:
            account = self.town.sandbox["serializd"].accounts[self.who]
            account.put(replace(account.reviews[review], **more))

        self.town.do(work)

    def forget_on_serializd(self, review: int) -> None:
        self.town.do(lambda: self.town.sandbox["serializd"].accounts[self.who].take(review))

    def rate_on_trakt(self, kind: str, trakt_id: int, rating: int, at: datetime) -> None:
        from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry

        def work() -> None:
            trakt = self.town.sandbox["trakt"]
            title = trakt.catalogue.by_id(kind, "trakt", trakt_id)
            account = trakt.account_of(self.who)
            account.ratings.put(ListEntry(next(trakt.numbers), title, at, rating=rating), trakt.now())
            account.touch(GROUPS[kind], "rated_at", trakt.now())

        self.town.do(work)

    def rows(self) -> list[Review]:
        """Every row of the diary, the oldest first."""
        account = self.town.sandbox["serializd"].accounts[self.who]
        return self.town.do(lambda: sorted(account.reviews.values(), key=lambda row: (row.backdate, row.id)))

    def serializd(self) -> Counter[tuple[str, str]]:
        """(episode, minute) of each dated row of an episode."""
        return Counter((name, at[:16]) for name, at in self.town.serializd(self.who) if "None" not in name)

    def trakt(self) -> Counter[tuple[str, str]]:
        return Counter((name, at[:16]) for name, at in self.town.trakt(self.who) if " S" in name)

    def ratings(self) -> dict[tuple[str, int | None, int | None], int]:
        """On Trakt: (show, season, number) to the rating."""
        told = self.town.do(self.town.sandbox["trakt"].state)["accounts"][self.who]["ratings"]
        return {(row["title"], row["season"], row["number"]): row["rating"] for row in told}

    def writes(self) -> int:
        """Everything that was ever sent to change something, but for signing in."""
        serializd = [c for c in self.town.do(lambda: list(self.town.sandbox["serializd"].log)) if c.method == "POST"]
        trakt = [c for c in self.town.do(lambda: list(self.town.sandbox["trakt"].log)) if c.method == "POST"]
        return sum("login" not in c.path and "validate" not in c.path for c in serializd) + len(trakt)

    def requests(self) -> tuple[int, int]:
        """Requests so far: to Trakt, to Serializd."""
        boxes = [self.town.sandbox[name] for name in ("trakt", "serializd")]
        trakt, serializd = self.town.do(lambda: [sum(box.counts.values()) for box in boxes])
        return trakt, serializd


def paired(folder: Path, town: Town, **pair: Any) -> Service:
    """A service that is not started: its commands do everything themselves."""
    service = Service(folder, town)
    settings: Mapping[str, Any] = {
        "between": ["trakt", "serializd"],
        "plays": "both",
        "ratings": "both",
        **pair,
    }
    service.config["viewers"][0]["pairs"] = [dict(settings)]
    service.sign_in_to_trakt()
    return service


def minutes(n: int) -> datetime:
    """A moment for the n-th viewing: three hours apart."""
    return NOON + timedelta(hours=3 * n)


def day(at: datetime) -> str:
    return stamp(at.replace(hour=0, minute=0, second=0))
