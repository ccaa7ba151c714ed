"""Every action that can be queued has its words for people, and every kind says what it takes."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from scrobbled.core import kinds
from scrobbled.core.sending.change import thing, things

KINDS = {
    "plays": ("records", "episode movie", "", "", None, "plays", "add", "remove"),
    "ratings": ("register", "episode movie season show", "rating", "rated", (1, 10), "ratings", "rate", "unrate"),
    "collection": (
        *("set", "episode movie", "in the collection", "collected", None),
        *("the collection", "collect", "uncollect"),
    ),
    "watchlist": ("set", "movie show", "on the watchlist", "listed", None, "the watchlist", "list", "unlist"),
}
ACTIONS = {
    "rate": ("ratings", "changed", "Set", "Set", "on", "rating", "ratings to set", "ratings would be set on {name}"),
    "unrate": ("ratings", "removed", "Clear", "Cleared", "on", "rating", "ratings to clear", ""),
    "collect": (
        *("collection", "added", "Add", "Added", "to", "title of the collection"),
        *("titles of the collection to add", "titles of the collection would be added to {name}"),
    ),
    "uncollect": (
        *("collection", "removed", "Remove", "Removed", "from", "title of the collection"),
        *("titles of the collection to remove", ""),
    ),
    "list": (
        *("watchlist", "added", "Add", "Added", "to", "title of the watchlist"),
        *("titles of the watchlist to add", "titles of the watchlist would be added to {name}"),
    ),
    "unlist": (
        *("watchlist", "removed", "Remove", "Removed", "from", "title of the watchlist"),
        *("titles of the watchlist to remove", ""),
    ),
}
SINGLY = {"remove", "retime", "untick", "rate", "unrate", "uncollect", "unlist"}
ORDER = [
    "remove",
    "untick",
    "unrate",
    "uncollect",
    "unlist",
    "retime",
    "rate",
    "add",
    "collect",
    "list",
    "flag",
    "tick",
]


def made_anew() -> ModuleType:
    """The module as it is when a program begins: its table is made then, and never again."""
    spec = importlib.util.find_spec(kinds.__name__)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_table_says_of_each_kind_what_it_is_and_what_is_done_to_it() -> None:
    made = made_anew()
    entries = {
        one.name: (
            *(one.shape, " ".join(sorted(one.scopes)), one.held, one.given),
            *(one.limits, one.called, one.put, one.cleared),
        )
        for one in made.KINDS.values()
    }
    assert entries == KINDS
    assert [one.action for one in made.in_order()] == ORDER
    assert {one.action for one in made.every_action() if one.singly} == SINGLY
    for action, (kind, does, verb, past, where, noun, planned, unusual) in ACTIONS.items():
        words = made.words_of(action)
        told = (made.kind_of(action), words.does, words.verb, words.past, words.where)
        assert told == (kind, does, verb, past, where)
        assert (words.things, words.planned[1], words.unusual) == (made.KINDS[kind].noun, planned, unusual)
        assert (words.things[0], words.planned[0].split(" to ")[0], words.tail) == (noun, noun, "")
        assert not words.overwrites


def test_actions_are_found_by_their_kind_and_what_they_come_to() -> None:
    assert kinds.actions_of("ratings") == ("rate", "unrate")
    assert kinds.actions_of("plays", "added") == ("add", "tick")
    assert kinds.actions_of("plays", "removed") == ("remove", "untick")
    assert kinds.actions_of("plays", "changed") == ("retime", "flag")
    assert kinds.actions_of("items") == kinds.actions_of("nothing") == ()
    assert [one.name for one in kinds.valued()] == ["ratings", "collection", "watchlist"]
    assert kinds.entry_of("ratings") is kinds.KINDS["ratings"]
    assert kinds.entry_of("watched") is kinds.STATES["watched"]
    for ask in (kinds.entry_of, kinds.words_of, kinds.kind_of):
        with pytest.raises(KeyError, match="nothing"):
            ask("nothing")


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        *(("ratings", value, True) for value in (1, 10)),
        *(("ratings", value, False) for value in (0, 11, "5", {})),
        *(("collection", value, True) for value in ({}, {"resolution": "4k"})),
        *(("collection", value, False) for value in (1, "4k", None)),
        *(("plays", value, False) for value in (1, {})),
    ],
)
def test_a_kind_takes_values_of_its_own(kind: str, value: Any, taken: bool) -> None:
    assert kinds.KINDS[kind].takes(value) is taken


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (7, 7, True),
        (7, 8, False),
        (7, {}, False),
        ({}, {"hdr": "x"}, True),
        ({"hdr": "x"}, {}, True),
        ({"hdr": "x"}, {"hdr": "y"}, False),
        ({"hdr": "x", "audio": "z"}, {"hdr": "x"}, True),
        ({"hdr": "x", "audio": "z"}, {"hdr": "x", "audio": "w"}, False),
    ],
)
def test_what_one_side_does_not_tell_is_no_contradiction(one: Any, other: Any, same: bool) -> None:
    entry = kinds.KINDS["collection"]
    assert entry.same(one, other) is entry.same(other, one) is same


@pytest.mark.parametrize(("value", "told"), [(7, "7"), ({}, ""), ({"hdr": "x", "audio": "z"}, "audio z, hdr x")])
def test_a_value_is_told_in_words(value: Any, told: str) -> None:
    assert kinds.KINDS["collection"].told(value) == told


@pytest.mark.parametrize("action", sorted({words.action for words in kinds.every_action()} - {"add"}))
def test_each_action_has_its_word(action: str) -> None:
    assert thing(action)
    assert things({action: 2}).startswith("2 ")
