"""A kept connection that was closed at the other end: a read is sent once more, and nothing that may change a thing."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from scrobbled.core.errors import TryLater
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.server import Sandbox

pytestmark = pytest.mark.anyio
READ, ASKED = "/plex/identity", "GET /identity"


@contextlib.asynccontextmanager
async def kept(*faults: Fault) -> AsyncIterator[tuple[Http, Sandbox]]:
    """A connection over which one request was answered; the next ones meet ``faults``."""
    sandbox = Sandbox(only=("plex",))
    async with sandbox.running() as base:
        http = Http(base)
        try:
            assert (await http.send("GET", READ)).ok
            for fault in faults:
                sandbox["plex"].faults.add(fault)
            yield http, sandbox
        finally:
            await http.aclose()


def asked(sandbox: Sandbox, match: str) -> int:
    return len(sandbox["plex"].calls(match))


async def test_a_read_over_a_kept_connection_that_is_closed_is_sent_once_more() -> None:
    async with kept(Fault(kind="drop", times=1)) as (http, sandbox):
        assert (await http.send("GET", READ)).ok
        assert asked(sandbox, ASKED) == 3


async def test_it_is_not_sent_a_third_time() -> None:
    async with kept(Fault(kind="drop")) as (http, sandbox):
        with pytest.raises(TryLater) as raised:
            await http.send("GET", READ)
        assert not raised.value.in_doubt
        assert asked(sandbox, ASKED) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("idempotent", [True, False])
async def test_what_may_change_something_is_sent_once(method: str, idempotent: bool) -> None:
    async with kept(Fault(kind="drop")) as (http, sandbox):
        with pytest.raises(TryLater) as raised:
            await http.send(method, READ, idempotent=idempotent)
        assert raised.value.in_doubt is not idempotent
        assert asked(sandbox, f"{method} /identity") == 1


async def test_nor_is_a_get_that_changes_something() -> None:
    async with kept(Fault(kind="drop")) as (http, sandbox):
        with pytest.raises(TryLater):
            await http.send("GET", READ, changes=True)
        assert asked(sandbox, ASKED) == 2


async def test_a_new_connection_that_is_cut_is_trouble_of_another_kind() -> None:
    sandbox = Sandbox(only=("plex",))
    sandbox["plex"].faults.add(Fault(kind="drop"))
    async with sandbox.running() as base:
        http = Http(base)
        with pytest.raises(TryLater):
            await http.send("GET", READ)
        await http.aclose()
        assert asked(sandbox, ASKED) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_answer_is_an_answer(status: int) -> None:
    async with kept(Fault(status=status)) as (http, sandbox):
        with pytest.raises(TryLater):
            await http.send("GET", READ)
        assert asked(sandbox, ASKED) == 2
