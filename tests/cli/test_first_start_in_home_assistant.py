"""What is said on a first start below Home Assistant, where people have the sidebar and no address."""

import pytest

from scrobbled.cli import serving
from scrobbled.config import Config


def said(capsys: pytest.CaptureFixture[str]) -> str:
    serving._say_how_to_begin(Config(), "BCDF2345")
    return capsys.readouterr().err


def test_the_sidebar_comes_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-supervisor")
    text = said(capsys)
    assert text.index("Home Assistant's sidebar") < text.index("BCDF2345")
    assert "token-of-the-supervisor" not in text


def test_elsewhere_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SUPERVISOR_TOKEN", raising=False)
    assert "Home Assistant" not in said(capsys)
