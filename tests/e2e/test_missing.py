"""What cannot be sent yet waits, and goes out with its own time once it can."""

from pathlib import Path

from scrobbled.sandbox.plex.people import NEIGHBOUR

from .harness import Ledger, Town, Viewing, just_now, serving, until


def hide(town: Town, viewing: Viewing, *, show: bool = False) -> None:
    """Take the show of ``viewing`` out of Serializd's catalogue, or put it back."""
    assert viewing.item.show is not None
    key, value = "show" if show else "hide", [[viewing.item.show.tmdb]]
    answer = town.control("serializd", "catalogue", {key: value})
    assert bool(answer["hidden"]) is not show


def test_a_show_that_serializd_does_not_know_yet_waits_there_and_nowhere_else(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        viewing = Viewing(town.episodes()[0], just_now(600))
        hide(town, viewing)
        service.watch(ledger, viewing)
        until(lambda: service.only_parked("serializd"), 10, "only one change waits")
        assert service.account("serializd")["counts"] == {"parked": 1}
        assert len(town.trakt()) == 1
        assert service.account("serializd")["state"] == "ok"
        assert [row["outcome"] for row in service.queue()] == ["parked"]
        service.restart()
        assert [row["outcome"] for row in service.queue()] == ["parked"]
        hide(town, viewing, show=True)
        service.retry()
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)


def test_an_account_nobody_lists_is_kept_and_delivered_once_somebody_does(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        stranger = Viewing(town.episodes()[3], just_now(700), NEIGHBOUR)
        answer = service.post(*stranger.webhook())
        assert answer.status_code == 200
        service.watch(ledger, Viewing(town.episodes()[0], just_now(600)))
        service.settled()
        ledger.check(town)
        facts = service.status()
        assert facts["events"]["unclaimed"] == 1
        assert [row["account"] for row in facts["unclaimed"]] == ["neighbour"]
        service.config["viewers"][0]["accounts"]["plex"].append("Neighbour ")
        ledger.sure.append(stranger)
        service.restart()
        until(lambda: service.status()["events"]["unclaimed"] == 0, 10, "what waited is claimed, after the start")
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
        service.restart().settled()
        ledger.check(town)
