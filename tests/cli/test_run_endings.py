"""How the end of a run is told: in a sentence, whatever is known of it."""

import pytest
from msgspec.structs import replace

from scrobbled.cli.following import Followed
from scrobbled.cli.runs import say_run
from scrobbled.reconcile.pairs import imported
from scrobbled.store.mirror.runs import Run

ONE = imported("ada", "serializd", "trakt")
RUN = Run(1, "ada", "serializd,trakt", "sync", {}, "reading", 0.0, 0.0, 0.0, "", "", {}, "", "")


@pytest.mark.parametrize("outcome", ["", "failed", "refused", "cancelled"])
@pytest.mark.parametrize("reason", ["", "Serializd could not be read: it took too long"])
def test_a_run_that_did_not_end_well_is_told_in_a_sentence(
    outcome: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say_run(ONE, Followed(replace(RUN, outcome=outcome, reason=reason), {}, complete=False), "scrobbled sync")
    line = capsys.readouterr().err.splitlines()[0]
    told = line.partition("(run r1): ")[2]
    assert told.startswith(outcome or "it has not ended yet (reading)")
    assert not told.endswith(":")
    assert len(told) > len(outcome) + 3
    assert not outcome or reason in told


@pytest.mark.parametrize(("outcomes", "made"), [({}, "nothing to do"), ({"delivered": 1}, "Added 1 play to Trakt")])
def test_a_run_that_was_incomplete_says_what_it_did_and_without_what(
    outcomes: dict[str, int], made: str, capsys: pytest.CaptureFixture[str]
) -> None:
    without = "ratings on trakt could not be read and are left out: it took too long"
    changes = [("trakt", "add", outcome, count) for outcome, count in outcomes.items()]
    ended = Followed(replace(RUN, outcome="incomplete", reason=without), outcomes, complete=True, changes=changes)
    say_run(ONE, ended, "scrobbled sync")
    told = capsys.readouterr().out
    assert f"(run r1): incomplete: {made}" in told
    assert without in told
    assert not ended.failed
