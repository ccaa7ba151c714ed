"""Ctrl-C ends every command with the exit code that shells know, and what goes on for a while says what is left."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
import rich_click as click
from click.testing import CliRunner

from scrobbled.cli.ending import NOTHING_CHANGED, until_told
from scrobbled.cli.following import _left
from scrobbled.cli.options import Interruptible
from scrobbled.store.mirror.run_changes import RunCounts


async def _told_to_end(number: int) -> int:
    os.kill(os.getpid(), number)
    await asyncio.sleep(60)
    return 0


@click.group(cls=Interruptible)
def command() -> None:
    """Whatever is called below."""


@command.command()
def pressed() -> None:
    raise KeyboardInterrupt


@command.command()
def asked() -> None:
    click.confirm("Sure?", abort=True)


def test_what_is_left_is_said_before_the_key_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        until_told(_told_to_end(signal.SIGINT), NOTHING_CHANGED)
    assert capsys.readouterr().err == f"{NOTHING_CHANGED}\n"


def test_a_supervisor_that_ends_it_is_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert until_told(_told_to_end(signal.SIGTERM), NOTHING_CHANGED) is None
    assert capsys.readouterr().err == f"{NOTHING_CHANGED}\n"


def test_the_key_ends_any_command_with_130_and_a_no_is_a_no() -> None:
    assert CliRunner().invoke(command, ["pressed"]).exit_code == 130
    assert CliRunner().invoke(command, ["asked"], input="n\n").exit_code == 1


def test_a_run_says_what_became_of_it() -> None:
    none = RunCounts(total=0, done=0, waiting=0, stuck=0, since=None, until=None, outcomes={})
    some = RunCounts(total=10, done=4, waiting=6, stuck=0, since=None, until=None, outcomes={})
    assert "goes on with run r3" in _left(none, "r3", is_ours=False)
    assert "had not changed anything yet" in _left(none, "r3", is_ours=True)
    told = _left(some, "r3", is_ours=True)
    assert told.startswith("Stopped. 4 of 10 changes of run r3 are done. The next scrobbled sync or serve")
