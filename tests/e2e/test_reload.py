"""The configuration of the real process is changed under load: no webhook is refused, none is delivered twice."""

import signal
from copy import deepcopy
from pathlib import Path

from e2e.harness import Ledger, Town, Viewing, just_now, serving, until
from scrobbled.sandbox.plex.people import BEN

RELOADED = "configuration reloaded"


def test_the_configuration_changes_under_load(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        episodes = town.episodes()[:24]
        for number, item in enumerate(episodes):
            service.watch(ledger, Viewing(item, just_now(number)))
            if number % 6 == 3:
                until(lambda n=number: service.log().count(RELOADED) >= n // 6, 20, "what was asked before is done")
                service.config["defaults"] = {"threshold": f"{80 + number % 10}%", "min_duration": "1m"}
                service.config["metadata"] = {"tmdb": {"key": f"key-{number}", "url": f"{town.base}/tmdb/3"}}
                service.write_config()
                assert service.process is not None
                service.process.send_signal(signal.SIGHUP)
        until(lambda: service.log().count(RELOADED) == 4, 20, "it was reloaded")
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
        assert service.end() == 0


def test_a_broken_file_is_told_and_a_mended_one_is_taken_up_without_a_signal(tmp_path: Path) -> None:
    ledger, bens = Ledger(), Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        good = deepcopy(service.config)
        service.config_path.write_text("viewers: [unclosed\nsecret: door-password-77")
        until(lambda: "the one before stays in force" in service.log(), 20, "the log says what is wrong")
        assert "door-password-77" not in service.log()
        first, second = town.episodes()[:2]
        service.watch(ledger, Viewing(first, just_now()))
        answer = service.post(*Viewing(second, just_now(5), BEN).webhook())
        assert answer.status_code == 200
        bens.sure.append(Viewing(second, just_now(5), BEN))
        good["viewers"].append(service.viewer("ben", trakt={}))
        good["viewers"][1]["trackers"].pop("trakt")
        service.config = good
        service.write_config()
        until(lambda: town.serializd("ben"), 30, "what waited for the new viewer is delivered")
        service.settled()
        ledger.check(town)
        assert [row[0] for row in town.serializd("ben")] == [bens.sure[0].serializd[0]]
