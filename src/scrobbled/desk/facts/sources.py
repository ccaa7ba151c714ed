"""Who reports to us: each source and each of its servers, when it was last heard, and what was turned away."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from scrobbled.config import Config
from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.inbox import refusals, servers
from scrobbled.store.queue import overview


class ServerStory(Struct, frozen=True):
    """A media server by its id, as ``sources.<name>.servers`` lists it; ``name`` is empty where it is unknown."""

    id: str
    name: str
    events: int
    last_heard: str


class SourceStory(Struct, frozen=True):
    """``events`` is how many webhooks were stored; ``refused`` how many came with a wrong token in the address."""

    source: str
    configured: bool
    events: int
    last_heard: str | None
    refused: int
    last_refused: str | None
    servers: tuple[ServerStory, ...]


def sources(db: sqlite3.Connection, config: Config) -> list[SourceStory]:
    """Those that are configured, then what was heard or turned away beside them.

    The empty name is for addresses with a source that is not configured, whatever they were.
    """
    heard = {row.source: row for row in overview.sources_heard(db)}
    refused = {row.source: row for row in refusals.listed(db)}
    known = servers.listed(db)
    stories = []
    for name in dict.fromkeys((*config.sources, *sorted(heard), *sorted(refused))):
        last, away = heard.get(name), refused.get(name)
        stories.append(
            SourceStory(
                source=name,
                configured=name in config.sources,
                events=last.events if last else 0,
                last_heard=iso_or_none(last.last_seen if last else None),
                refused=away.count if away else 0,
                last_refused=iso_or_none(away.last_at if away else None),
                servers=tuple(_server(one) for one in known if one.source == name),
            )
        )
    return stories


def _server(heard: servers.ServerHeard) -> ServerStory:
    return ServerStory(heard.server, heard.name, heard.events, iso(heard.last_seen))
