"""A wrapper hands on all that a tracker is: what is added to the contract must not end there."""

from scrobbled.trackers.base import Tracker
from scrobbled.trackers.wrapped import Wrapped


def test_a_wrapper_hands_on_everything() -> None:
    told = {name for name in vars(Tracker) if not name.startswith("_")}
    assert told <= set(vars(Wrapped)), "what is missing would be answered by the wrapper itself"
