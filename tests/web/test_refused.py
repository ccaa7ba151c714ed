"""Webhooks with a wrong address are counted, and nobody can fill the database with them."""

import asyncio
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import FakeClock
from patience import until
from scrobbled.core.errors import StoreError
from scrobbled.store import Store
from scrobbled.store.inbox import refusals
from scrobbled.store.inbox.refusals import RefusalCount
from scrobbled.web.door.refused import Refusals
from web.house import TOKEN, house


def test_a_wrong_address_is_counted_by_source_and_all_strangers_in_one_row(tmp_path: Path) -> None:
    async def check() -> list[RefusalCount]:
        async with house(tmp_path) as home, home.client("172.18.0.9") as plex:
            for path in ("plex/wrong", "plex/wrong", *(f"name{n}/{TOKEN}" for n in range(50))):
                assert (await plex.post(f"/webhooks/{path}", content=b"{}")).status_code in (404, 429)
            assert (await plex.post(f"/webhooks/plex/{TOKEN}", content=b"x")).status_code == 400
            await home.runtime.aclose()
        store = Store(tmp_path / "scrobbled.db")
        found = await store.read(refusals.listed)
        await store.aclose()
        return found

    found = asyncio.run(check())
    assert [(one.source, one.count) for one in found] == [("", 50), ("plex", 2)]


async def counts(store: Store) -> list[int]:
    return [one.count for one in await store.read(refusals.listed)]


def test_the_first_is_saved_at_once_and_the_others_wait(tmp_path: Path) -> None:
    async def check() -> None:
        store = Store(tmp_path / "s.db")
        counting = Refusals(store, FakeClock())
        counting.note("plex", {"plex"})
        assert await until(lambda: counts(store)) == [1]
        counting.note("plex", {"plex"})
        counting.note("plex", {"plex"})
        await asyncio.sleep(0.05)
        assert await counts(store) == [1], "that is for a minute later"
        await counting.aclose()
        assert await counts(store) == [3]
        await store.aclose()

    asyncio.run(check())


def test_those_that_wait_are_saved_without_another_word(tmp_path: Path) -> None:
    async def check() -> None:
        store = Store(tmp_path / "s.db")
        counting = Refusals(store, FakeClock(), save_every=0.05)

        async def are_saved() -> bool:
            return await counts(store) == [3]

        counting.note("plex", {"plex"})
        await until(lambda: counts(store))
        counting.note("plex", {"plex"})
        counting.note("plex", {"plex"})
        await until(are_saved)
        await counting.aclose()
        await store.aclose()

    asyncio.run(check())


def test_what_could_not_be_saved_is_not_lost(tmp_path: Path) -> None:
    async def check() -> list[RefusalCount]:
        store = Store(tmp_path / "s.db")
        counting = Refusals(store, FakeClock())
        write, failures = store.write, [StoreError("full"), StoreError("full")]

        async def failing(work):  # type: ignore[no-untyped-def]
            if failures:
                raise failures.pop()
            return await write(work)

        store.write = failing  # type: ignore[method-assign]
        counting.note("plex", {"plex"})
        await counting.save()
        counting.note("plex", {"plex"})
        await counting.save()
        await counting.aclose()
        found = await store.read(refusals.listed)
        await store.aclose()
        return found

    assert [one.count for one in asyncio.run(check())] == [2]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["plex", "emby", "x", "", "\ud800"]), max_size=30))
def test_every_refusal_is_counted_once(tmp_path_factory, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    async def check() -> int:
        store = Store(tmp_path_factory.mktemp("refusals") / "s.db")
        counting = Refusals(store, FakeClock())
        for name in names:
            counting.note(name, {"plex", "emby"})
        await counting.aclose()
        found = await store.read(refusals.listed)
        await store.aclose()
        assert {one.source for one in found} <= {"plex", "emby", ""}
        return sum(one.count for one in found)

    assert asyncio.run(check()) == len(names)
