"""Which column of a table holds what: by its name, of which there are many, and by the program that wrote the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct, field

from scrobbled.trackers.files.table import TableRow

SERVICES = ("tmdb", "tvdb", "imdb", "trakt")
NAMES: Mapping[str, Sequence[str]] = {
    "kind": ("type", "media_type", "title_type", "entity_type", "kind"),
    "show": ("show", "show_title", "show_name", "series", "series_title", "series_name", "tv_show", "tv_show_name"),
    "title": ("title", "name"),
    "film": ("movie", "movie_title", "movie_name", "film", "film_title"),
    "episode_title": ("episode_title", "episode_name"),
    "season": ("season", "season_number", "season_no", "season_num", "s_no", "episode_season_number"),
    "number": ("episode", "episode_number", "episode_no", "episode_num", "ep", "ep_number", "ep_no", "number"),
    "year": ("year", "release_year", "show_year", "movie_year"),
    "watched": (
        *("watched_at", "watched_date", "watch_date", "date_watched", "watched_on", "last_watched_at", "backdate"),
        *("seen_at", "seen_date", "viewed_at", "view_date", "end_date", "date", "datetime", "timestamp", "watched"),
    ),
    "marked": ("created_at", "date_added", "added_at", "logged_at"),
    "rated": ("rated_at", "date_rated", "rating_date"),
    "rating": ("rating", "your_rating", "my_rating", "user_rating", "rating10", "score"),
    "rewatch": ("is_rewatch", "rewatch", "is_rewatched"),
    "log": ("is_log", "is_logged"),
    "seen": ("is_watched", "seen", "watched"),
    "status": ("status", "watch_status"),
}
LISTS = frozenset({"listed_at", "collected_at", "watchlisted_at", "paused_at"})
"""Such a table says what somebody wants to watch, or owns."""


def _ids() -> dict[str, Sequence[str]]:
    """Columns of ids: those that say whose they are, and the plain ones that do not."""
    found: dict[str, Sequence[str]] = {}
    for service in SERVICES:
        for owner, words in {"show": ("show", "series", "tv_show"), "episode": ("episode", "ep")}.items():
            forms = ("{word}_{service}_id", "{word}_{service}", "{service}_{word}_id")
            found[f"{owner}_{service}"] = [form.format(word=w, service=service) for w in words for form in forms]
        found[f"film_{service}"] = (f"movie_{service}_id", f"movie_{service}", f"{service}_movie_id")
        found[service] = (f"{service}_id", f"{service}id", service, f"the{service}_id")
    found["imdb"] = (*found["imdb"], "const")
    return found


class ColumnLayout(Struct, frozen=True):
    """A program that is known by columns of its own."""

    marks: frozenset[str]
    """It wrote the table when all of these are there."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns that count before the usual ones."""
    is_wanted: Callable[[TableRow], bool] = lambda row: True
    """Whether a row tells of a viewing or a rating at all."""
    is_rewatch: Callable[[TableRow], bool] = lambda row: False
    scale: float = 1.0
    """What a rating has to be multiplied with to be one of ten."""
    needs: frozenset[str] = frozenset()
    """Columns without which the table cannot be used."""
    advice: str = ""
    """What to do where one of these is missing."""


def _key_starts(*starts: str) -> Callable[[TableRow], bool]:
    return lambda row: row.get("key", "").startswith(starts)


_TV_TIME_EPISODES = ColumnLayout(
    frozenset({"key", "s_id"}),
    {"show_tvdb": ("s_id",), "episode_tvdb": ("ep_id", "episode_id"), "show": ("series_name",)},
    is_wanted=_key_starts("watch-episode", "rewatch-episode"),
    is_rewatch=_key_starts("rewatch-episode"),
)
_TV_TIME_EVENTS = ColumnLayout(
    frozenset({"entity_type", "type", "series_id"}),
    {
        "kind": ("entity_type",),
        "show_tvdb": ("series_id",),
        "episode_tvdb": ("episode_id",),
        "watched": ("created_at",),
    },
    is_wanted=lambda row: row.get("type") in ("watch", "rewatch"),
    is_rewatch=lambda row: row.get("type") == "rewatch",
)
_TV_TIME_SEEN = ColumnLayout(
    frozenset({"tv_show_name", "episode_season_number"}),
    {"show_tvdb": ("tv_show_id",), "episode_tvdb": ("episode_id",)},
)
_TV_TIME_AGAIN = ColumnLayout(
    frozenset({"tv_show_name", "episode_season_number", "cpt"}),
    {"show_tvdb": ("tv_show_id",), "episode_tvdb": ("episode_id",)},
    is_rewatch=lambda row: True,
)
_TV_TIME_SHOWS = ColumnLayout(frozenset({"tv_show_name", "tv_show_id"}), {"show_tvdb": ("tv_show_id",)})
_SERIALIZD = ColumnLayout(
    frozenset({"name", "show_id", "date_added"}),
    {"show": ("name",), "show_tmdb": ("show_id",)},
    needs=frozenset({"season", "episode"}),
    advice="This is a list of shows, or a diary without seasons and episodes: export the diary with all its fields.",
)
_LETTERBOXD = ColumnLayout(
    frozenset({"letterboxd_uri"}),
    {"film": ("name",), "watched": ("watched_date",), "marked": ("date",)},
    scale=2,
    needs=frozenset({"watched_date"}),
    advice="This file does not tell when something was watched: import diary.csv of the same export.",
)
DIALECTS = (
    *(_TV_TIME_EPISODES, _TV_TIME_EVENTS, _TV_TIME_AGAIN, _TV_TIME_SEEN, _TV_TIME_SHOWS),
    *(_SERIALIZD, _LETTERBOXD),
)
PLAIN = ColumnLayout(frozenset())


class Layout:
    """Where the values of one table stand."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = frozenset(columns)
        self.dialect = next((known for known in DIALECTS if known.marks <= self.columns), PLAIN)
        usual = {**NAMES, **_ids()}
        wanted = {
            name: (*self.dialect.names.get(name, ()), *usual.get(name, ())) for name in {*usual, *self.dialect.names}
        }
        self._fields = {
            name: there
            for name, all_ in wanted.items()
            if (there := [column for column in all_ if column in self.columns])
        }
        self._services = {
            owner: [service for service in SERVICES if owner + service in self._fields]
            for owner in ("", "show_", "episode_", "film_")
        }

    def has(self, *fields: str) -> bool:
        """Whether there is a column for one of them."""
        return any(name in self._fields for name in fields)

    def get(self, row: TableRow, name: str) -> str:
        """The first of its cells that is not blank."""
        for column in self._fields.get(name, ()):
            cell = row.get(column, "").strip()
            if cell:
                return cell
        return ""

    def ids(self, row: TableRow, owner: str) -> dict[str, str]:
        """By service: the ids of ``show_``, ``episode_`` or ``film_``; those without an owner for an empty text."""
        told = ((service, self.get(row, owner + service)) for service in self._services[owner])
        return {service: cell for service, cell in told if cell}

    def problem(self) -> str:
        """Why this table cannot be used, empty where it can."""
        if self.columns & LISTS:
            return "It is a list, a collection or a queue, and says nothing of what was watched."
        if not self.dialect.needs <= self.columns:
            return self.dialect.advice
        named = ("show", "title", "film", *(f"{owner}{s}" for owner in ("", "show_", "episode_") for s in SERVICES))
        if not self.has(*named) or not self.has("number", "watched", "marked", "rating", "seen"):
            return (
                f"Its columns are {', '.join(sorted(self.columns)) or 'without names'}. Name them show (or title), "
                "season, episode, watched_at, rating, type, tmdb_id, as far as you have them."
            )
        return ""
