"""Every action that can be queued has a word for people."""

from __future__ import annotations

from typing import get_args

import pytest

from scrobbled.core.change import thing, things
from scrobbled.store.wishes import Action


@pytest.mark.parametrize("action", get_args(Action))
def test_each_action_has_its_word(action: str) -> None:
    assert thing(action)
    assert things({action: 2}).startswith("2 ")
