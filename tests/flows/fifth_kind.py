"""What a kind is to all that people see, once it has its entry; run by ``test_a_new_kind`` in a copy of the tree."""

import pytest

from scrobbled.config import json_schema, loads
from scrobbled.core.agreeing.plan import Change, Plan
from scrobbled.core.errors import ConfigError
from scrobbled.core.kinds import KINDS
from scrobbled.core.sending.change import things
from scrobbled.intake.household import has_effect, without_effect
from scrobbled.reconcile.pairs import Options, Sides, policy
from scrobbled.trackers import TRACKERS
from scrobbled.web.view.pairs import deeds

CHANGE = Change("b", "favour", "favourites", "movie:tmdb:1", "Harbour Atlas", value={}, why="marked on trakt")
TRACKED = "{trakt: {client_id: a}, serializd: {email: a@example.org}}"
CONFIG = f"viewers: [{{name: anna, trackers: {TRACKED}, pairs: [{{between: [trakt, serializd], favourites: both}}]}}]"


def test_it_is_there() -> None:
    assert list(KINDS)[-1] == "favourites"


def test_it_is_told_in_a_plan_a_button_and_a_count() -> None:
    told = Plan("anna", ("trakt", "plex"), (CHANGE,)).text().splitlines()
    assert told[1:] == ["plex: 1 favourite to mark", "  Harbour Atlas: a favourite"]
    assert deeds.deed([("plex", "favour", 2), ("plex", "unfavour", 1)]) == (
        "Unmark 1 favourite on Plex and mark 2 favourites there"
    )
    assert things({"favour": 2}) == "2 favourites"


def test_the_configuration_has_a_word_for_it_and_says_that_no_side_can_do_it_yet() -> None:
    config = loads(CONFIG, {})
    assert config.viewers[0].pairs[0].directions() == {"favourites": "both"}
    assert "favourites" in str(json_schema())
    assert not has_effect("viewers[0].pairs[0].favourites")
    assert "does not compare the favourites of trakt yet" in " ".join(without_effect(config))


def test_nobody_can_choose_it_where_a_side_cannot_do_it() -> None:
    pair, sides = loads(CONFIG, {}).viewers[0].pairs[0], Sides("anna", "trakt", "serializd")
    can = [TRACKERS[name].can() for name in sides.names]
    assert policy(pair, sides, can, Options()).way("favourites") == "off"
    with pytest.raises(ConfigError, match="favourites is no kind that can be reconciled; there are plays, ratings"):
        policy(pair, sides, can, Options(kinds=("favourites",)))
