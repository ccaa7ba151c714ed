"""What holds for every source, whichever there are: the contract ``Source``, and what is declared of each."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scrobbled.config import SOURCE_NAMES
from scrobbled.core.services import SERVICES, service, system
from scrobbled.core.watching.events import EventKind
from scrobbled.servers.kinds import SERVERS
from scrobbled.sources import SOURCES
from scrobbled.sources.body import read_body
from scrobbled.sources.examples import Example

NOW = datetime(2026, 11, 14, 20, 15, tzinfo=UTC)
EVERY = pytest.mark.parametrize("name", SOURCES)
STRANGE: tuple[dict[str, Any], ...] = (
    {},
    {"": None},
    {"event": []},
    {"event": {"event": {}}, "Metadata": 5, "Item": "x", "film": {}},
    {str(number): [number] for number in range(50)},
)


@EVERY
def test_it_is_called_as_it_is_configured(name: str) -> None:
    assert SOURCES[name].name == name
    assert name in SOURCE_NAMES
    assert service(name).title


@EVERY
@pytest.mark.parametrize("payload", STRANGE, ids=str)
def test_no_object_makes_it_fail_and_what_is_ignored_says_why(name: str, payload: dict[str, Any]) -> None:
    events = SOURCES[name].parse(payload, NOW)
    assert {(event.source, event.kind) for event in events} == {(name, EventKind.IGNORED)}
    assert all(event.reason and event.item is None for event in events)


@EVERY
def test_a_person_is_told_what_to_do_there(name: str) -> None:
    setup = SOURCES[name].setup
    assert setup.title
    assert setup.where
    assert setup.steps
    assert bool(setup.paste) is bool(setup.paste_into)


@EVERY
def test_a_webhook_of_our_own_making_can_be_read(name: str) -> None:
    kind, body = SOURCES[name].example(Example("anna", NOW))
    assert read_body(kind, body).data


# What is declared of a service, and what there is for it


@EVERY
def test_what_it_can_be_asked_for_is_there(name: str) -> None:
    kind = SERVERS.get(name)
    assert service(name).asked is bool(kind and kind.history)
    assert service(name).listened is bool(kind and kind.ear)
    assert SOURCES[name].setup.registers is bool(kind and kind.register)


@EVERY
def test_a_library_that_is_not_told_can_be_asked_for(name: str) -> None:
    kind = SERVERS.get(system(name))
    if service(name).libraries in ("usually", "untold"):
        assert kind is not None
        assert kind.libraries is not None


def test_every_server_speaks_for_a_source_and_every_system_is_a_service() -> None:
    assert set(SERVERS) <= set(SOURCES)
    assert {system(name) for name in SERVICES} <= set(SERVICES)
