"""The code of a command is loaded when it is used, without stopping to look for garbage, which goes on afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from scrobbled.cli import options


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_no_garbage_is_looked_for_while_code_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    class Module:
        say = staticmethod(lambda: "said")

    def load(name: str) -> type[Module]:
        seen.append(gc.isenabled())
        return Module

    monkeypatch.setattr(options, "import_module", load)
    assert options.code_of("common", "say")() == "said"
    assert seen == [False]
    assert gc.isenabled()


def test_garbage_is_looked_for_again_also_where_loading_failed() -> None:
    with pytest.raises(ImportError):
        options.code_of("no_such_module", "say")
    assert gc.isenabled()
