"""The process is killed while webhooks pour in: what was acknowledged arrives once, with its own time.

Thirty kills in the ordinary run; ``SCROBBLED_DRILL_KILLS=1000`` for a long one, ``SCROBBLED_DRILL_SEED`` for others.
"""

import os
import random
import threading
import time
from pathlib import Path

import httpx
import pytest

from .harness import PATIENCE, Ledger, Service, Town, Viewing, just_now, serving, until

KILLS = int(os.environ.get("SCROBBLED_DRILL_KILLS", "30"))
SEED = int(os.environ.get("SCROBBLED_DRILL_SEED", "7"))


class Sender(threading.Thread):
    """Posts one scrobble after the other, of another episode each, whether somebody answers or not."""

    def __init__(self, service: Service, town: Town, ledger: Ledger, *, pause: float) -> None:
        super().__init__(daemon=True)
        self._service, self._ledger, self._pause = service, ledger, pause
        self._episodes = iter(town.episodes())
        self._ended = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            episode = next(self._episodes)
            while not self._ended.wait(self._pause):
                if self._sent(Viewing(episode, just_now())):
                    episode = next(self._episodes)
        except BaseException as error:  # noqa: BLE001 - told to the test, which raises it
            self.error = error

    def _sent(self, viewing: Viewing) -> bool:
        """False where nobody was there to listen; any other failure leaves open whether it was stored."""
        try:
            answer = self._service.post(*viewing.webhook())
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return False
        except httpx.HTTPError:
            self._ledger.unsure.append(viewing)
            return True
        assert answer.status_code == 200, answer.text
        self._ledger.sure.append(viewing)
        return True

    def end(self) -> None:
        self._ended.set()
        self.join(240)
        if self.error is not None:
            raise self.error


@pytest.mark.beside
def test_what_was_acknowledged_survives_being_killed_again_and_again(tmp_path: Path) -> None:
    """Killed at any moment: before the commit, between commit and answer, in the middle of a write to a tracker."""
    dice, ledger = random.Random(SEED), Ledger()
    with Town(shows=30 if KILLS <= 30 else 300) as town, serving(tmp_path, town) as service:
        town.fault("serializd", "POST *", "latency", seconds=0.03)  # so that a kill often meets a write
        town.fault("trakt", "POST *", "latency", seconds=0.05, when="after")
        sender = Sender(service, town, ledger, pause=0.03)
        sender.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.05, 0.6))
            service.kill()
            service.start()
        sender.end()
        town.mend()
        service.settled(PATIENCE + KILLS)
        assert len(ledger.sure) >= KILLS
        ledger.check(town)
        service.all_booked(ledger)


@pytest.mark.beside
def test_a_kill_between_the_write_and_its_answer_is_read_back_and_not_repeated(tmp_path: Path) -> None:
    """The worst moment, met on purpose: both trackers have the play, and the process dies before it hears of it."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        town.fault("serializd", "POST /api/show/reviews/add", "latency", seconds=4, when="after", times=1)
        town.fault("trakt", "POST /sync/history", "latency", seconds=4, when="after", times=1)
        service.watch(ledger, Viewing(town.episodes()[0], just_now()))
        until(lambda: town.serializd() and town.trakt(), 10, "both stand-ins hold it")
        service.kill()
        service.start().settled()
        ledger.check(town)
        service.all_booked(ledger)
        writes = ("serializd", "POST /api/show/reviews/add"), ("trakt", "POST /sync/history")
        until(lambda: all(town.calls(*write) for write in writes), 10, "the hanging requests have come to their end")
        assert [town.calls(*write) for write in writes] == [1, 1]
