"""How the end of a run is told: in a sentence, whatever is known of it."""

from __future__ import annotations

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
