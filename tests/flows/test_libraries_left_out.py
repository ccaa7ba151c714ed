"""Libraries that are left out, and chosen again, by a household whose Plex and Trakt are compared."""

from copy import deepcopy

import pytest
import yaml

from flows.household import Household
from scrobbled.config import loads
from scrobbled.store.mirror import records
from scrobbled.trackers.base import Tracker


@pytest.mark.parametrize("title", ["Films", "TV"])
async def test_a_library_that_is_left_out_takes_nothing_along_on_either_side(house: Household, title: str) -> None:
    await choose(house)
    await house.sync()
    await house.settle()
    assert house.wrong() == []
    trakt, writes = house.home.trakt(), house.writes()
    before = (len(trakt.history), len(trakt.ratings), dict(house.home.plex.views.seen))
    listed = await libraries(house.runtime.couriers["anna", "plex"].tracker)
    await choose(house, *(one for one in listed if one != title))
    for _ in range(4):
        house.clock.advance(7 * 3_600)
        assert (await house.sync(full=True)).outcome == "nothing"
    assert (len(trakt.history), len(trakt.ratings), dict(house.home.plex.views.seen)) == before
    state = await house.runtime.store.read(lambda db: records.state(db, ("anna", "plex")))
    assert state.doubt == ""
    assert len(await libraries(house.runtime.couriers["anna", "plex"].tracker)) == len(listed)
    await choose(house)
    for _ in range(4):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert (house.writes(), house.wrong()) == (writes, [])


async def libraries(tracker: Tracker) -> list[str]:
    return [one.title for one in (await tracker.offers.offered()).libraries]


async def choose(house: Household, *titles: str) -> None:
    """Those libraries alone, or all; what is removed is removed on both sides."""
    values = deepcopy(dict(house.settings))
    (anna,) = values["viewers"]
    anna["trackers"]["plex"]["libraries"] = list(titles)
    anna["pairs"][0]["removals"] = "propagate"
    await house.runtime.reload(loads(yaml.dump(values, Dumper=Plainly), {}, path=None))


class Plainly(yaml.SafeDumper):
    """Says everything where it stands."""

    def ignore_aliases(self, data: object) -> bool:
        return True
