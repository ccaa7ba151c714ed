"""What was found for a title, and what a correction would do, as it stands on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.titles import SeasonSize, TitleKind
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.corrections.choice import Sizes
from scrobbled.desk.corrections.correct import Trial
from scrobbled.desk.corrections.outlook import CorrectionSubject, Foreseen
from scrobbled.desk.corrections.search import SearchResult
from scrobbled.web.view.corrections.filling_in import CorrectionForm


class ResultCard(Struct, frozen=True):
    """One title that was found. ``choose`` is the query that chooses it; ``fits``: as large as at home."""

    title: str
    year: str
    tmdb: int
    kind: TitleKind
    there: list[tuple[str, str]]
    choose: str
    fits: bool


class SizeRow(Struct, frozen=True):
    """One season: what each column says, empty where it does not have it."""

    season: str
    episodes: list[str]


class SizeTable(Struct, frozen=True):
    columns: list[str]
    rows: list[SizeRow]


class TrialLine(Struct, frozen=True):
    """What becomes of one item, at all trackers of which the same is to be said."""

    tone: str
    icon: str
    item: str
    text: str
    trackers: str


class CorrectionEffect(Struct, frozen=True):
    """What saving would do. ``moved`` says it of what was delivered elsewhere; empty where nothing was."""

    sentence: str
    lines: list[TrialLine]
    replaces: str
    moved: str
    elsewhere: list[str]


class Suggestion(Struct, frozen=True):
    """What a tracker thought it might be; ``choose`` is the query that chooses it."""

    text: str
    choose: str


def suggestions(subject: CorrectionSubject, asked: CorrectionForm) -> list[Suggestion]:
    """Those that can be chosen by their id."""
    kind = "show" if isinstance(subject.item, Episode) else "movie"
    return [
        Suggestion(_candidate(one), asked.address(to=f"{kind}:{one['tmdb']}", kind=kind))
        for one in subject.candidates
        if isinstance(one.get("tmdb"), int)
    ]


def _candidate(candidate: Mapping[str, Any]) -> str:
    year = f" ({candidate['year']})" if "year" in candidate else ""
    why = f": {candidate['why']}" if candidate.get("why") else ""
    return f"{candidate.get('title') or 'without a title'}{year}{why}"


def results(found: Sequence[SearchResult], asked: CorrectionForm, sizes: Sizes) -> list[ResultCard]:
    home = _regular(sizes.home)
    return [
        ResultCard(
            title=one.title or "without a title",
            year="" if one.year is None else str(one.year),
            tmdb=one.tmdb,
            kind=one.kind,
            there=[(words.name(there.service), size_words(there.seasons)) for there in one.there],
            choose=asked.address(to=f"{one.kind}:{one.tmdb}", part="", to_season="", to_episode=""),
            fits=bool(home) and any(there.seasons and _regular(there.seasons) == home for there in one.there),
        )
        for one in found
    ]


def _regular(seasons: Sequence[SeasonSize]) -> dict[int, int]:
    return {size.number: size.episodes for size in seasons if size.number}


def size_words(seasons: Sequence[SeasonSize] | None) -> str:
    """ "2 seasons, 16 episodes"; the specials are not counted."""
    if seasons is None:
        return ""
    regular = _regular(seasons)
    if not regular:
        return "only specials" if seasons else "not there"
    return f"{words.plural(len(regular), 'season')}, {words.plural(sum(regular.values()), 'episode')}"


def table(sizes: Sizes, source: str) -> SizeTable:
    """Season by season, what the source calls it and what each catalogue has."""
    home = sizes.home or sizes.seen
    name = words.name(source) if source and sizes.home else "Here"
    columns = [(name, {one.number: one.episodes for one in home})] if home else []
    columns += [(words.name(one.service), {s.number: s.episodes for s in one.seasons or ()}) for one in sizes.there]
    seasons = sorted(
        {number for _, episodes in columns for number in episodes}, key=lambda number: (not number, number)
    )
    rows = [
        SizeRow(
            f"Season {number}" if number else "Specials", [str(episodes.get(number, "")) for _, episodes in columns]
        )
        for number in seasons
    ]
    return SizeTable([name for name, _ in columns], rows)


def outlook(found: Foreseen, name: str, title: str) -> CorrectionEffect:
    """``name`` is what was chosen, ``title`` what it is about."""
    count = len(found.elsewhere)
    moved = ""
    if count:
        them = "it" if count == 1 else "them"
        moved = f"Also take back {words.plural(count, 'play')} delivered elsewhere, and send {them} where this says"
    return CorrectionEffect(
        sentence=_sentence(found, name),
        lines=_lines(found.tried, title),
        replaces=words.joined(found.replaces) if found.replaces else "",
        moved=moved,
        elsewhere=[f"{one.label}: {words.name(one.tracker)}, to {_place(one.entry)}" for one in found.elsewhere[:12]],
    )


def _sentence(found: Foreseen, name: str) -> str:
    if not found.waiting:
        return "Nothing waits for it now. Plays that come later follow it."
    waits = words.plural(found.waiting, "waiting play")
    if found.tried and all(trial.verdict == "found" for trial in found.tried):
        return f"{waits} will be delivered" + (f" as {name}." if name else ".")
    return f"{waits} will be looked up anew."


def _lines(trials: Sequence[Trial], title: str) -> list[TrialLine]:
    """One for each item and answer, with everybody who gives it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for trial in trials:
        text = _place(trial.entry) if trial.verdict == "found" else told(trial.reason)
        item = trial.item.removeprefix(title).strip() or trial.item
        found.setdefault((item, trial.verdict, text), []).append(words.name(trial.tracker))
    lines = []
    for (item, verdict, text), names in found.items():
        tone, icon, start = _VERDICTS.get(verdict, _VERDICTS["unknown"])
        lines.append(TrialLine(tone, icon, item, f"{start}{text}", words.joined(list(dict.fromkeys(names)))))
    return lines


def _place(entry: str) -> str:
    """ "S1 E2 Ebb" of "show 1399 Harbour Lights S1 E2 Ebb": which show it is stands above."""
    found = re.search(r"S\d+ E\d+.*\Z", entry, re.ASCII)
    return found[0] if found else entry


_VERDICTS = {
    "found": ("ok", "check", "becomes "),
    "parked": ("waiting", "clock", "waits: "),
    "unmatched": ("need", "question", "is still not certain: "),
    "unwanted": ("calm", "minus", "is left out: "),
    "dead": ("dead", "cross", "is refused: "),
    "unknown": ("down", "cloud", "cannot be asked just now: "),
}
