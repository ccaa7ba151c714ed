"""``scrobbled explain``: the whole story of one play."""

from __future__ import annotations

from collections.abc import Iterator

from scrobbled.cli.common import configured, opened, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk import plays as stories
from scrobbled.desk.facts.ids import NotThere
from scrobbled.desk.plays import sentences
from scrobbled.desk.plays.sentences import TextSection
from scrobbled.desk.plays.story import Explanation


def explain(path: str | None, asked: str, *, raw: bool, as_json: bool) -> int:
    """1 where there is no such thing, 2 for what is not an ID."""
    config = configured(path, log_from="error")
    try:
        story = run(_story(config, asked, raw=raw))
    except (ValueError, NotThere) as error:
        say(str(error), err=True)
        return 1 if isinstance(error, NotThere) else 2
    if as_json:
        print_json(plain(story))
        return 0
    say(sentences.text(sentences.tell(story, config.server.zone), list(_messages(story, every=raw))))
    return 0


def _messages(story: Explanation, *, every: bool) -> Iterator[TextSection]:
    if every:
        for event in story.events:
            yield TextSection(f"The message of {event.id}", [event.raw or "(no longer kept)"])


async def _story(config: Config, asked: str, *, raw: bool) -> Explanation:
    async with opened(config) as store:
        return await store.read(lambda db: stories.explain(db, config, asked, raw=raw))
