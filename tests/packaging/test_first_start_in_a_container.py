"""What a first start says in a container, where nobody reaches it by its own address."""

import pytest

from scrobbled.cli import container, serving
from scrobbled.config import Config


def said(capsys: pytest.CaptureFixture[str]) -> str:
    serving._say_how_to_begin(Config(), "BCDF2345")
    return capsys.readouterr().err


def test_in_a_container_the_port_is_told_and_no_address_that_only_the_container_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(container.MARK, "yes")
    text = said(capsys)
    assert "http://<this machine>:8484" in text
    assert "BCDF2345" in text
    assert "localhost" not in text


def test_elsewhere_this_machine_is_told_that_it_needs_no_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(container.MARK, raising=False)
    assert "http://localhost:8484 needs no code" in said(capsys)
