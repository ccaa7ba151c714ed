"""``scrobbled unmatched``: what a side has that could not be told at the other, and the one answer to each."""

from __future__ import annotations

from collections.abc import Iterator

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.naming.names import name
from scrobbled.core.words.plain import plain
from scrobbled.desk.needs.unmatched import UnmatchedStory, stories


def list_unmatched(path: str | None, viewer: str | None, tracker: str | None, *, as_json: bool) -> int:
    """0, whatever there is."""
    config = configured(path)
    _known(config, viewer, tracker)
    found = run(_found(config, viewer, tracker))
    if as_json:
        print_json([plain(one) for one in found])
        return 0
    for one in found:
        for line in _lines(one):
            say(line)
    if not found:
        say("Everything could be told.")
    elif any("NUMBER" in one.command for one in found):
        say("NUMBER is the one in the address of its page on themoviedb.org; the address will do as well.", err=True)
    return 0


def _known(config: Config, viewer: str | None, tracker: str | None) -> None:
    """A name that was typed wrong has nothing unmatched."""
    people = [one.name for one in config.viewers]
    if viewer is not None and viewer not in people:
        raise click.UsageError(f"There is no viewer {viewer}; the configuration lists: {', '.join(people)}.")
    trackers = sorted({tracker for one in config.viewers for tracker in one.trackers})
    if tracker is not None and tracker not in (*trackers, *config.sources):
        raise click.UsageError(f"Nobody has a tracker {tracker}; there is {', '.join(trackers)}.")


def _lines(one: UnmatchedStory) -> Iterator[str]:
    where = f"{one.viewer}, of {', '.join(map(name, one.origins))}" if one.origins else one.viewer
    things = plural(one.count, "film" if one.media == "movie" else "episode")
    waits = f", {plural(one.waiting, 'change')} waiting" if one.waiting else ""
    yield f"{one.title}  {one.state} at {name(one.tracker)} ({where}): {things}{waits}. {one.reason}"
    if one.count > 1:
        yield f"    {'; '.join(one.samples)}{' …' if one.count > len(one.samples) else ''}"
    for candidate in one.candidates:
        year = f" ({candidate['year']})" if candidate.get("year") else ""
        yield f"    It may be {candidate.get('title', '')}{year}, tmdb:{candidate.get('tmdb')}."
    yield f"    {one.next}"
    if one.command:
        yield f"    {one.command}"


async def _found(config: Config, viewer: str | None, tracker: str | None) -> list[UnmatchedStory]:
    async with opened(config) as store:
        return await store.read(lambda db: stories(db, viewer, tracker))
