"""Every action that can be queued has a word for people."""

from __future__ import annotations

from typing import get_args

import pytest

from scrobbled.core.sending.change import thing, things
from scrobbled.store.queue.amendment import AmendmentAction


@pytest.mark.parametrize("action", get_args(AmendmentAction))
def test_each_action_has_its_word(action: str) -> None:
    assert thing(action)
    assert things({action: 2}).startswith("2 ")
