"""``scrobbled token``: made, shown once, listed, approved and revoked."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from cli.conftest import Command
from scrobbled.store import Store
from scrobbled.store.accounts import clients

T = TypeVar("T")
CONFIG = """
storage: {{path: {database}}}
sources: {{trakt: {{}}}}
viewers: [{viewers}]
"""


@dataclass
class Desk:
    folder: Path
    say: Command

    def viewers(self, *names: str) -> None:
        listed = ", ".join(f"{{name: {name}}}" for name in names)
        text = CONFIG.format(database=self.folder / "s.db", viewers=listed)
        (self.folder / "scrobbled.yaml").write_text(text)

    def store(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async def done() -> T:
            store = Store(self.folder / "s.db")
            try:
                return await store.write(work)
            finally:
                await store.aclose()

        return asyncio.run(done())


@pytest.fixture
def desk(tmp_path: Path, scrobbled: Command) -> Desk:
    config = str(tmp_path / "scrobbled.yaml")
    made = Desk(tmp_path, lambda *words: scrobbled("token", *words, "--config", config))
    made.viewers("anna", "ben")
    return made


def test_a_token_is_printed_alone_and_opens_what_it_was_made_for(desk: Desk) -> None:
    made = desk.say("create", "home page")
    assert made.code == 0
    assert len(made.out.strip()) == 64
    assert "t1 opens the API" in made.err
    player = desk.say("create", "mpv", "--viewer", "BEN", "--json")
    told = json.loads(player.out)
    assert (told["token"]["id"], told["token"]["kind"], told["token"]["viewer"]) == ("t2", "trakt", "ben")
    found = desk.store(lambda db: clients.find(db, "api", made.out.strip(), time.time()))
    assert found is not None
    assert desk.store(lambda db: clients.find(db, "trakt", told["secret"], time.time())) is not None
    with closing(sqlite3.connect(desk.folder / "s.db")) as db:
        assert made.out.strip() not in "\n".join(db.iterdump())


def test_tokens_are_listed_without_their_secrets_and_revoked(desk: Desk) -> None:
    assert "No tokens" in desk.say("list").out
    secret = desk.say("create", "mpv", "--viewer", "anna").out.strip()
    listed = desk.say("list")
    assert listed.out.startswith("t1  mpv  opens the Trakt endpoint for anna  since 20")
    assert "not used yet" in listed.out
    assert secret not in listed.out
    (row,) = json.loads(desk.say("list", "--json").out)
    assert row.keys() == {"id", "kind", "name", "viewer", "created_at", "used_at", "expires_at", "scope"}
    assert desk.say("revoke", "t1").code == 0
    gone = desk.say("revoke", "1")
    assert (gone.code, "no token t1" in gone.err) == (1, True)
    assert desk.say("revoke", "mpv").code == 2
    assert json.loads(desk.say("list", "--json").out) == []


def test_a_code_is_approved_for_a_viewer(desk: Desk) -> None:
    begun = desk.store(lambda db: clients.begin_code(db, "mpv", "here", time.time()))
    assert isinstance(begun, clients.CodePair)
    unsaid = desk.say("approve", begun.user)
    assert (unsaid.code, "anna, ben" in unsaid.err) == (2, True)
    assert desk.say("approve", begun.user, "--viewer", "carl").code == 2
    done = desk.say("approve", begun.user.lower(), "--viewer", "anna")
    assert (done.code, "reports for anna" in done.out) == (0, True)
    again = desk.say("approve", begun.user, "--viewer", "ben")
    assert (again.code, "approved already" in again.err) == (1, True)
    unknown = desk.say("approve", "NOSUCHCO", "--viewer", "ben")
    assert (unknown.code, "no such code" in unknown.err) == (1, True)
    assert isinstance(desk.store(lambda db: clients.redeem(db, begun.device, time.time())), clients.IssuedToken)


def test_the_only_viewer_need_not_be_named(desk: Desk) -> None:
    desk.viewers("anna")
    begun = desk.store(lambda db: clients.begin_code(db, "mpv", "here", time.time()))
    assert isinstance(begun, clients.CodePair)
    assert "anna" in desk.say("approve", begun.user).out
