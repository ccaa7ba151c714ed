"""Test events: each in the form of its server, understood by its own parser as a viewing to its end."""

import json
from datetime import UTC, datetime

import pytest

from scrobbled.config import NAMELESS
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body
from scrobbled.sources.examples import MARK, Example
from scrobbled.sources.parsing import parsed
from scrobbled.sources.tautulli_templates import TEMPLATE
from scrobbled.sources.trakt import HISTORY, enveloped

NOW = datetime(2026, 11, 14, 20, 15, tzinfo=UTC)
USER = "00112233445566778899aabbccddeeff"
WATCHED = sorted(SOURCES.keys() - NAMELESS)


def example(source: str, account: str = "anna", library: str = "TV") -> PlaybackEvent:
    kind, body = SOURCES[source].example(Example(account, NOW, "cellarnas", library))
    read = read_body(kind, body)
    (event,) = parsed(source, enveloped(HISTORY, account, read.data) if source == "trakt" else read, NOW)
    return event


@pytest.mark.parametrize("source", WATCHED)
@pytest.mark.parametrize("account", ["anna", "41220077", "Ä. Ötzi", 'a "b" \\ c', USER])
def test_it_is_a_viewing_to_its_end_by_whoever_is_to_be_tried(source: str, account: str) -> None:
    event = example(source, account)
    assert (event.test, event.kind, event.occurred_at) == (True, EventKind.WATCHED, NOW)
    assert account.casefold() in event.account.names()
    assert event.item is not None
    assert event.item.origin is not None
    assert event.item.origin.server == ("trakt" if source == "trakt" else "cellarnas")
    assert event.duration_ms in (None, 45 * 60_000)


@pytest.mark.parametrize("source", ["plex", "tautulli", "jellyfin", "jellyfin-webhooks", "emby"])
def test_the_library_is_told_where_the_server_tells_it(source: str) -> None:
    item = example(source, library="Films").item
    assert item is not None
    assert item.origin is not None
    assert item.origin.library == "Films"


def test_what_a_player_adds_beside_a_test_event_is_no_test() -> None:
    _, body = SOURCES["trakt"].example(Example("anna", NOW))
    both = json.loads(body)
    both["movies"] = [{"title": "A Film", "year": 2020}]
    assert not [event for event in parsed("trakt", enveloped(HISTORY, "anna", both), NOW) if event.test]


@pytest.mark.parametrize("source", sorted(NAMELESS))
def test_what_tells_only_ids_is_no_viewing(source: str) -> None:
    event = example(source)
    assert (event.test, event.kind) == (True, EventKind.ADDED)
    assert not event.account.names()


def test_that_of_tautulli_has_no_key_that_our_template_lacks() -> None:
    _, body = SOURCES["tautulli"].example(Example("anna", NOW))
    sent, template = json.loads(body), json.loads(TEMPLATE)
    assert sent.keys() - {MARK} <= template.keys()
    for name, part in sent.items():
        if isinstance(part, dict):
            assert part.keys() <= template[name].keys()
