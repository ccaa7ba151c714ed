"""Tokens and codes: opened by nothing but themselves, once where once is meant, and never stored."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.store.accounts import clients
from scrobbled.store.file.opening import open_database

NOW = 1_794_686_400.0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "scrobbled.db")) as connection:
        yield connection


def code(db: sqlite3.Connection, now: float = NOW, place: str = "here") -> clients.CodePair:
    begun = clients.begin_code(db, "mpv", place, now)
    assert isinstance(begun, clients.CodePair)
    return begun


def signed_in(db: sqlite3.Connection) -> clients.IssuedToken:
    begun = code(db)
    clients.decide(db, begun.user, "anna", NOW)
    granted = clients.redeem(db, begun.device, NOW)
    assert isinstance(granted, clients.IssuedToken)
    return granted


def renewed(db: sqlite3.Connection, refresh: str, now: float) -> clients.IssuedToken:
    grant = clients.renew(db, refresh, now)
    assert isinstance(grant, clients.IssuedToken)
    return grant


def use(db: sqlite3.Connection, token: str, now: float) -> None:
    """As whoever lets a program in does it."""
    found = clients.find(db, "trakt", token, now)
    assert found is not None
    if clients.is_worth_noting(found, now):
        clients.note_use(db, found.id, now)


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
    assert isinstance(granted, clients.IssuedToken)
    stored = "\n".join(db.iterdump())
    for known in (secret, begun.device, granted.token, granted.refresh):
        assert known not in stored
        assert len(known) == 64


def test_a_pair_is_renewed_once(db: sqlite3.Connection) -> None:
    first = signed_in(db)
    later = NOW + clients.LIVES
    assert clients.find(db, "trakt", first.token, later) is None
    second = renewed(db, first.refresh, later)
    use(db, second.token, later)
    for void in (first.refresh, ""):
        assert clients.renew(db, void, later + clients.RENEWAL_EVERY) is None
    found = clients.find(db, "trakt", second.token, later)
    assert found is not None
    assert (found.viewer, found.name, found.expires_at) == ("anna", "mpv", later + clients.LIVES)
    assert clients.revoke_token(db, second.refresh)
    assert clients.listed(db) == []


def test_a_pair_is_renewed_no_more_than_once_a_minute(db: sqlite3.Connection) -> None:
    given = renewed(db, signed_in(db).refresh, NOW)
    for second in (0.0, 1.0, 59.0):
        wait = clients.renew(db, given.refresh, NOW + second)
        assert isinstance(wait, clients.PollTooSoon)
        assert wait.seconds == pytest.approx(clients.RENEWAL_EVERY - second)
        assert clients.find(db, "trakt", given.token, NOW + second) is not None, "what it has goes on working"
    after = renewed(db, given.refresh, NOW + clients.RENEWAL_EVERY)
    assert isinstance(clients.renew(db, after.refresh, NOW), clients.IssuedToken), (
        "a clock that was set back locks nobody out"
    )


def test_whoever_lost_the_answer_can_renew_again(db: sqlite3.Connection) -> None:
    first = signed_in(db)
    lost = renewed(db, first.refresh, NOW)
    assert isinstance(clients.renew(db, first.refresh, NOW + 1), clients.PollTooSoon)
    again = renewed(db, first.refresh, NOW + clients.RENEWAL_EVERY)
    assert clients.find(db, "trakt", lost.token, NOW + 61) is None, "one pair is good at any time"
    assert clients.renew(db, lost.refresh, NOW + 1000) is None
    use(db, again.token, NOW + 61)
    assert clients.renew(db, first.refresh, NOW + 1000) is None
    assert isinstance(clients.renew(db, again.refresh, NOW + 1000), clients.IssuedToken)


def test_a_pair_can_be_revoked_by_what_it_was_renewed_with(db: sqlite3.Connection) -> None:
    first = signed_in(db)
    renewed(db, first.refresh, NOW)
    assert clients.revoke_token(db, first.refresh)
    assert clients.listed(db) == []


def test_one_place_has_few_codes_and_waits_a_minute_at_most(db: sqlite3.Connection) -> None:
    mine = [code(db, NOW + n, "mine") for n in range(clients.MOST_FROM_ONE_PLACE)]
    wait = clients.begin_code(db, "mpv", "mine", NOW + 10)
    assert isinstance(wait, clients.PollTooSoon)
    assert wait.seconds == clients.CODE_STAYS - 10
    code(db, NOW + 10, "another")
    code(db, NOW + clients.CODE_STAYS, "mine")
    assert clients.redeem(db, mine[0].device, NOW + clients.CODE_STAYS) == "unknown", "the oldest made room"
    assert clients.redeem(db, mine[1].device, NOW + clients.CODE_STAYS) == "pending"


def test_whoever_has_most_codes_makes_room_for_others(db: sqlite3.Connection) -> None:
    flood = [code(db, NOW + n, f"place {n % 10}") for n in range(clients.MOST_PENDING)]
    for n in range(20):
        mine = code(db, NOW + 100 + n, f"another {n}")
        assert clients.redeem(db, mine.device, NOW + 100 + n) == "pending"
    left = db.execute("SELECT place, count(*) FROM device_codes GROUP BY place").fetchall()
    assert sum(count for _, count in left) == clients.MOST_PENDING
    assert sorted(count for place, count in left if "another" not in place) == [3] * 10
    assert [clients.redeem(db, one.device, NOW + 200) for one in flood[:20]] == ["unknown"] * 20
    assert clients.redeem(db, flood[20].device, NOW + 200) == "pending"


def test_decided_codes_are_no_burden_to_others(db: sqlite3.Connection) -> None:
    for _ in range(3 * clients.MOST_FROM_ONE_PLACE):
        clients.decide(db, code(db).user, "anna", NOW)
    assert isinstance(clients.begin_code(db, "mpv", "here", NOW), clients.CodePair)


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
    assert isinstance(clients.redeem(db, begun.device, NOW), clients.IssuedToken)
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
