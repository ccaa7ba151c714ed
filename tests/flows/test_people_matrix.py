"""Six people, three servers, shared and unclaimed accounts: nothing reaches anybody who does not list the account."""

import random
from collections.abc import Mapping
from pathlib import Path

import yaml

from flows.home import SOURCES_USED, Home, episode, home_at

PEOPLE = ("anna", "ben", "carol", "dan", "eve", "finn")
SERVERS = ("plex", "jellyfin", "emby")
NAMES = ("anna", "Ben", "kids", "TV", "41220077", "0", "Zoë", "straße")
"""What accounts are called; several people may list one."""
HOUSES, TELLINGS = 8, 30
KINDS = ("watched", "stop", "rated", "unrated", "unwatched", "marked")
Accounts = Mapping[str, Mapping[str, list[str]]]


def house(dice: random.Random) -> Accounts:
    """Whom each person lists, by source. Some people list nothing, and some accounts nobody."""
    return {
        person: {source: dice.sample(NAMES, dice.choice((1, 1, 2, 3))) for source in SERVERS if dice.random() < 0.6}
        for person in PEOPLE
    }


def written(accounts: Accounts) -> str:
    viewers = [
        {
            "name": person,
            "accounts": dict(listed),
            "trackers": {
                "trakt": {"client_id": "a"},
                "serializd": {"email": f"{person}@example.org", "password": "a-secret-word"},
            },
            "pairs": [{"between": ["trakt", "serializd"], "removals": "propagate"}],
        }
        for person, listed in accounts.items()
    ]
    sources = {source: {"token": f"a-webhook-token-{source}"} for source in SOURCES_USED}
    safety = {"max_writes_per_hour": 1_000_000, "max_plays_per_item_per_day": 1000}
    return yaml.safe_dump({"sources": sources, "safety": safety, "viewers": viewers})


def strangely(dice: random.Random, name: str) -> str:
    """The same name, as some server writes it."""
    return dice.choice((name, name.upper(), name.lower(), f" {name}", f"{name}\t", name.title()))


def lists(accounts: Accounts, source: str, told: tuple[str, str]) -> set[str]:
    """Who lists that account, worked out anew."""
    names = {text.strip().casefold() for text in told} - {""}
    return {
        person
        for person, listed in accounts.items()
        if names & {name.strip().casefold() for name in listed.get(source, [])}
    }


async def reached(home: Home) -> set[str]:
    """Everybody for whose trackers there is anything."""
    tables = ("plays", "outbox", "amendments")
    return {row[0] for table in tables for row in await home.sql(f"SELECT DISTINCT viewer FROM {table}")}


async def forget(home: Home) -> None:
    def work(db: object) -> None:
        for table in ("amendments", "outbox", "plays", "sessions", "events"):
            db.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]

    await home.store.write(work)


async def tell(home: Home, dice: random.Random, number: int) -> tuple[str, tuple[str, str]]:
    """One message about somebody, somewhere; what was watched before it makes room for being unwatched."""
    source = dice.choice((*SERVERS, "tautulli"))
    known = dice.choice((*NAMES, "nobody", "anna b", "ann", ""))
    names = dice.choice((("", strangely(dice, known)), (strangely(dice, known), ""), ("7", known), (known, "guest")))
    kind = dice.choice(KINDS)
    more = {"marked": True, "entered": True} if kind in ("marked", "unwatched") else {}
    more |= {"rating": 7} if kind == "rated" else {}
    said = "watched" if kind == "marked" else kind
    account = {"account_id": names[0], "account": names[1]}
    if kind == "unwatched":
        await home.hear(source, "watched", episode(number), 100, **account)
    await home.hear(source, said, episode(number), 100, after=1, **account, **more)
    return source, names


async def test_nothing_reaches_anybody_who_does_not_list_the_account(tmp_path: Path) -> None:
    dice = random.Random(5)
    shared = unclaimed = 0
    async with home_at(tmp_path / "scrobbled.db") as home:
        for _ in range(HOUSES):
            accounts = house(dice)
            home.restart(written(accounts))
            for number in range(TELLINGS):
                source, told = await tell(home, dice, number)
                whose = lists(accounts, source, told)
                assert await reached(home) <= whose, (accounts, source, told)
                assert await home.ingest.claim_waiting() == 0
                if number % 5 == 0:
                    await home.replay()
                assert await reached(home) <= whose, (accounts, source, told)
                shared, unclaimed = shared + (len(whose) > 1), unclaimed + (not whose)
                await forget(home)
    assert shared > 10
    assert unclaimed > 10


async def test_everybody_who_lists_it_gets_what_was_watched(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with home_at(tmp_path / "scrobbled.db") as home:
        accounts = house(dice)
        home.restart(written(accounts))
        for number, source in enumerate(SERVERS * 4):
            name = dice.choice(NAMES)
            await home.hear(source, "watched", episode(number), 100, account=strangely(dice, name))
            plays = await home.sql("SELECT viewer FROM plays")
            assert sorted(row[0] for row in plays) == sorted(lists(accounts, source, ("", name)))
            await forget(home)


async def test_what_waited_goes_to_whom_the_account_turns_out_to_be_and_to_nobody_else(tmp_path: Path) -> None:
    async with home_at(tmp_path / "scrobbled.db") as home:
        nobody: Accounts = {person: {} for person in PEOPLE}
        home.restart(written(nobody))
        for number, source in enumerate(SERVERS):
            await home.hear(source, "watched", episode(number), 100, account="kids")
        assert await reached(home) == set()
        home.restart(written({**nobody, "dan": {"emby": ["KIDS "]}, "eve": {"plex": ["emby"]}}))
        assert await home.ingest.claim_waiting() == 1
        assert await reached(home) == {"dan"}
