"""Tokens and codes: opened by nothing but themselves, once where once is meant, and never stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.store import clients
from scrobbled.store.opening import open_database

NOW = 1_794_686_400.0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as connection:
        yield connection


def code(db: sqlite3.Connection, now: float = NOW) -> clients.Code:
    begun = clients.begin_code(db, "mpv", now)
    assert begun is not None
    return begun


def test_a_token_opens_its_own_kind_until_it_is_revoked(db: sqlite3.Connection) -> None:
    api, secret = clients.create(db, "api", "script", None, NOW)
    clients.create(db, "trakt", "mpv", "anna", NOW)
    assert clients.find(db, "api", secret, NOW + 10**9) == api
    assert clients.find(db, "trakt", secret, NOW) is None
    for wrong in ("", secret[:-1], secret.upper(), secret + " ", "\ud800"):
        assert clients.find(db, "api", wrong, NOW) is None
    assert [(client.id, client.kind, client.viewer) for client in clients.listed(db)] == [
        (1, "api", None),
        (2, "trakt", "anna"),
    ]
    assert clients.revoke(db, api.id)
    assert not clients.revoke(db, api.id)
    assert clients.find(db, "api", secret, NOW) is None


def test_no_secret_is_stored(db: sqlite3.Connection) -> None:
    _, secret = clients.create(db, "api", "script", None, NOW)
    begun = code(db)
    clients.decide(db, begun.user, "anna", NOW)
    granted = clients.redeem(db, begun.device, NOW)
    assert isinstance(granted, clients.Grant)
    stored = "\n".join(db.iterdump())
    for known in (secret, begun.device, granted.token, granted.refresh):
        assert known not in stored
        assert len(known) == 64


def test_a_pair_is_renewed_once(db: sqlite3.Connection) -> None:
    begun = code(db)
    clients.decide(db, begun.user, "anna", NOW)
    first = clients.redeem(db, begun.device, NOW)
    assert isinstance(first, clients.Grant)
    later = NOW + clients.LIVES
    assert clients.find(db, "trakt", first.token, later) is None
    second = clients.renew(db, first.refresh, later)
    assert second is not None
    assert clients.renew(db, first.refresh, later) is None
    assert clients.renew(db, "", later) is None
    found = clients.find(db, "trakt", second.token, later)
    assert found is not None
    assert (found.viewer, found.name, found.expires_at) == ("anna", "mpv", later + clients.LIVES)
    assert clients.revoke_token(db, second.refresh)
    assert clients.listed(db) == []


def test_a_token_made_by_hand_cannot_be_renewed(db: sqlite3.Connection) -> None:
    _, secret = clients.create(db, "trakt", "mpv", "anna", NOW)
    assert clients.renew(db, secret, NOW) is None
    assert clients.renew(db, "", NOW) is None


def test_a_code_goes_one_way(db: sqlite3.Connection) -> None:
    begun = code(db)
    assert clients.redeem(db, begun.device, NOW) == "pending"
    assert clients.redeem(db, begun.device, NOW + 0.5) == "hurried"
    assert clients.redeem(db, begun.device, NOW + 2.5) == "pending"
    assert clients.redeem(db, begun.user, NOW) == "unknown", "what a person sees opens nothing"
    assert clients.decide(db, "nonsense", "anna", NOW) == "unknown"
    assert clients.decide(db, f" {begun.user[:4].lower()}-{begun.user[4:]}", "anna", NOW) is None
    assert clients.decide(db, begun.user, "ben", NOW) == "approved", "nobody takes it over"
    assert isinstance(clients.redeem(db, begun.device, NOW), clients.Grant)
    assert clients.redeem(db, begun.device, NOW) == "used"
    assert clients.decide(db, begun.user, None, NOW) == "used"


def test_a_code_ends_whether_it_was_approved_or_not(db: sqlite3.Connection) -> None:
    waiting, approved, denied = code(db), code(db), code(db)
    clients.decide(db, approved.user, "anna", NOW)
    clients.decide(db, denied.user, None, NOW)
    over = NOW + clients.CODE_LIVES
    assert clients.redeem(db, waiting.device, over) == "expired"
    assert clients.redeem(db, approved.device, over) == "expired"
    assert clients.redeem(db, denied.device, over) == "denied"
    assert clients.decide(db, waiting.user, "anna", over) == "expired"
    code(db, over + clients.CODE_KEPT + 1)
    assert clients.redeem(db, waiting.device, over + clients.CODE_KEPT + 1) == "unknown"


def test_each_state_has_its_words(db: sqlite3.Connection) -> None:
    assert clients.TROUBLES.keys() == {"unknown", "expired", "used", "denied", "approved"}
    assert all(text.endswith(".") for text in clients.TROUBLES.values())
