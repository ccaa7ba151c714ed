"""Every action that can be queued has a word for people."""

import pytest

from scrobbled.core.kinds import every_action
from scrobbled.core.sending.change import thing, things


@pytest.mark.parametrize("action", sorted({words.action for words in every_action()} - {"add"}))
def test_each_action_has_its_word(action: str) -> None:
    assert thing(action)
    assert things({action: 2}).startswith("2 ")
