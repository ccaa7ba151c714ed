"""A viewing that a webhook tells and a tracker holds already, from another program or another site, stays one."""

from datetime import datetime, timedelta

import pytest

from pairing import EVENING, Pairing, later
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.inbox.events import Queued, add_play


async def told(two: Pairing, at: datetime, number: int = 1) -> None:
    """A webhook's play of season 1 of the first show, on its way to both."""
    show = two.sandbox.world.shows[0]
    episode = show.episode(1, number)
    item = Episode(
        show.title,
        1,
        number,
        title=episode.title,
        show_year=show.year,
        ids=EpisodeIds(tvdb=episode.tvdb, tmdb=episode.tmdb),
        show_ids=ShowIds(tvdb=show.tvdb, tmdb=show.tmdb),
    )
    play, whither = Play("anna", "plex", item, at, episode.runtime * 60_000), ("serializd", "trakt")
    queued = [Queued(name, PlayOutcome.QUEUED, "") for name in whither]
    await two.runtime.store.write(lambda db: add_play(db, play, None, queued, two.clock.now()))


@pytest.mark.parametrize("side", ["trakt", "serializd"])
async def test_what_was_brought_over_before_its_webhook_came_is_not_sent_again(two: Pairing, side: str) -> None:
    watch = two.on_trakt if side == "trakt" else two.on_serializd
    watch(0, 1, 1, EVENING - timedelta(seconds=70))
    await two.sync()
    await told(two, EVENING)
    await two.deliver()
    await two.settle()
    assert (sum(two.trakt().values()), sum(two.serializd().values())) == (1, 1)


@pytest.mark.parametrize("side", ["trakt", "serializd"])
async def test_what_is_being_brought_over_when_its_webhook_comes_is_sent_once(two: Pairing, side: str) -> None:
    watch = two.on_trakt if side == "trakt" else two.on_serializd
    watch(0, 1, 1, EVENING - timedelta(seconds=70))
    await two.compare()
    await told(two, EVENING)
    await two.deliver()
    await two.settle()
    assert (sum(two.trakt().values()), sum(two.serializd().values())) == (1, 1)


async def test_another_viewing_that_evening_is_sent_to_both(two: Pairing) -> None:
    two.on_trakt(0, 1, 1, EVENING)
    await two.sync()
    await told(two, later(2))
    await two.deliver()
    await two.settle()
    assert (sum(two.trakt().values()), sum(two.serializd().values())) == (2, 2)


async def test_two_webhooks_of_one_viewing_that_is_there_add_nothing(two: Pairing) -> None:
    two.on_trakt(0, 1, 1, EVENING)
    await two.sync()
    await told(two, EVENING + timedelta(seconds=20))
    await told(two, EVENING + timedelta(seconds=95))
    await two.deliver()
    await two.settle()
    assert (sum(two.trakt().values()), sum(two.serializd().values())) == (1, 1)
