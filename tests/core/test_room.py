"""How much of a list still fits, and what is learnt of that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.kinds import COLLECTION, WATCHLIST
from scrobbled.core.sending.room import Allowance, Closing, ListRoom, account_words

NUMBERS = st.none() | st.integers(0, 1_000)


def room(held: int = 231, most: int | None = 250, **more: object) -> ListRoom:
    return ListRoom(WATCHLIST, held, most, **{"told": most, "vip": False, **more})  # type: ignore[arg-type]


def said(most: int | None = 250, vip: bool | None = False) -> Allowance:
    return Allowance(vip, {} if most is None else {WATCHLIST: most})


@pytest.mark.parametrize(
    ("one", "free"),
    [
        (room(), 19),
        (room(250), 0),
        (room(300), 0),
        (room(0, None), None),
        (room(0, None, closed=Closing.FULL), 0),
        (room(0, closed=Closing.NOT_FOR_ACCOUNT), 0),
    ],
)
def test_what_still_fits(one: ListRoom, free: int | None) -> None:
    assert one.free == free


@pytest.mark.parametrize(
    ("before", "told", "most"),
    [
        (ListRoom(WATCHLIST, 231), said(), 250),  # read the first time
        (room(), said(), 250),
        (room(), said(100), 100),
        (room(), said(None), None),  # nobody says it any more
        (room(249, closed=Closing.FULL, held_then=249), said(), 249),  # it counts what it does not list
        (room(249, closed=Closing.FULL, held_then=100), said(), 250),  # more had got there than was known
        (room(260, closed=Closing.FULL, held_then=260), said(), 250),
        (room(412, None, closed=Closing.FULL), said(None), 412),  # a refusal that named no figure
        (room(249, 249, told=250), said(), 249),  # remembered
        (room(249, 249, told=250), said(5_000, vip=True), 5_000),
        (room(412, 412, told=None), said(None, vip=True), None),
        (room(412, 412, told=None, vip=True), said(None, vip=True), 412),
    ],
)
def test_what_is_learnt_of_a_list(before: ListRoom, told: Allowance, most: int | None) -> None:
    after = before.learn(told)
    assert (after.most, after.vip, after.held) == (most, told.vip, before.held)
    assert after.closed is None


def test_what_is_only_for_vip_stays_closed_until_the_account_is() -> None:
    closed = room(0, None, closed=Closing.NOT_FOR_ACCOUNT)
    assert closed.learn(said(None)).closed is Closing.NOT_FOR_ACCOUNT
    assert closed.learn(said(None, vip=True)).closed is None


@pytest.mark.parametrize(
    ("before", "most", "tried", "after"),
    [
        (room(231), None, 19, room(231, closed=Closing.FULL, held_then=231)),
        (room(231), None, 20, room(231)),
        (room(0, None), 5, 100, room(0, 5, told=None)),
        (room(0, None), 1_000, 100, room(0, 1_000, told=None, closed=Closing.FULL, held_then=0)),
        (room(0, None), None, 100, room(0, None, closed=Closing.FULL, held_then=0)),
    ],
)
def test_a_refusal_of_more_than_fits_says_nothing_else(
    before: ListRoom, most: int | None, tried: int, after: ListRoom
) -> None:
    assert before.close(Closing.FULL, most, tried) == after


@given(st.integers(0, 1_000), NUMBERS, NUMBERS, st.sampled_from([None, *Closing]), NUMBERS, st.none() | st.booleans())
def test_learning_the_same_twice_is_learning_it_once(
    held: int, most: int | None, told: int | None, closed: Closing | None, figure: int | None, vip: bool | None
) -> None:
    once = ListRoom(WATCHLIST, held, most, told, False, closed).learn(said(figure, vip))
    assert once.learn(said(figure, vip)) == once


def test_words() -> None:
    lists = [ListRoom(COLLECTION, 1_412, None, None, False), room()]
    assert account_words("Trakt", reversed(lists)) == (
        "Trakt, free account: collection 1,412, limit not told; watchlist 231 of 250, room for 19"
    )
    assert account_words("Trakt", [room(250, vip=True)]) == "Trakt, VIP: watchlist 250 of 250, full"
    assert account_words("Trakt", [room(7, None, vip=None, closed=Closing.FULL)]) == "Trakt: watchlist 7, full"
    assert room(7, None, closed=Closing.NOT_FOR_ACCOUNT).words() == "watchlist 7, only for VIP"
