"""Logs: one event a line, as text or JSON, and never a secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from scrobbled.plumbing import log as module
from scrobbled.plumbing.log import set_up
from scrobbled.plumbing.redact import Redactor

SECRET = "hunter-seven-and-more"


@pytest.fixture
def logged() -> Iterator[Callable[..., io.StringIO]]:
    """Sets logging up on a stream, and afterwards everything back to what it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in module.QUIET}

    def on(level: str = "info", style: str = "json") -> io.StringIO:
        stream = io.StringIO()
        set_up(level, style, Redactor([SECRET]), stream)
        return stream

    yield on
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_is_one_object_a_line_with_time_and_level(logged: Callable[..., io.StringIO]) -> None:
    stream = logged()
    structlog.get_logger("x").info("play", action="deliver", play="p7", title="Où est-elle\n?")
    logging.getLogger("uvicorn.error").warning("told by %s", "another library")
    first, second = lines(stream)
    assert first.pop("timestamp").endswith("Z")
    told = {"event": "play", "action": "deliver", "play": "p7", "title": "Où est-elle\n?"}
    assert first == {**told, "level": "info", "component": "x"}
    assert (second["event"], second["level"]) == ("told by another library", "warning")


def test_text_is_one_line_an_event(logged: Callable[..., io.StringIO]) -> None:
    stream = logged(style="text")
    structlog.get_logger("x").warning("webhook not readable", source="plex")
    assert len(stream.getvalue().splitlines()) == 1
    assert "webhook not readable" in stream.getvalue()
    assert "source=plex" in stream.getvalue()
    assert "\x1b" not in stream.getvalue(), "no colours where nobody looks at a terminal"


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_secret_gets_through_by_any_road(logged: Callable[..., io.StringIO], style: str) -> None:
    stream = logged("debug", style)
    ours, theirs = structlog.get_logger("x"), logging.getLogger("somebody.else")
    ours.info(f"in the text: {SECRET}", value=SECRET, nested={"list": [SECRET]}, password="short")
    theirs.warning("as an argument: %s", SECRET)
    for log in (ours, theirs):
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("with its traceback")
    text = stream.getvalue()
    assert SECRET not in text
    assert "short" not in text
    assert text.count("ValueError") >= 2
    assert "••••" in (text if style == "text" else str(lines(stream)))


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_traceback_warns_nobody(logged: Callable[..., io.StringIO], style: str) -> None:
    stream = logged(style=style)
    try:
        raise RuntimeError("a defect")
    except RuntimeError:
        structlog.get_logger("x").exception("delivery failed")
    assert "Traceback (most recent call last)" in stream.getvalue()
    assert "RuntimeError: a defect" in stream.getvalue()


@pytest.mark.parametrize(("level", "seen"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_holds_for_us_and_for_others(logged: Callable[..., io.StringIO], level: str, seen: int) -> None:
    for log in (structlog.get_logger("x"), logging.getLogger("somebody.else")):
        stream = logged(level)
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
        assert len(lines(stream)) == seen


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "apprise", "urllib3.connectionpool", "asyncio"])
def test_libraries_that_print_addresses_are_quiet(logged: Callable[..., io.StringIO], name: str) -> None:
    stream = logged("debug")
    logging.getLogger(name).info("GET https://x.test/?token=%s", "geheim")
    assert stream.getvalue() == ""
    logging.getLogger(name).warning("something is wrong")
    assert len(lines(stream)) == 1


def test_libraries_are_no_louder_than_we_are(logged: Callable[..., io.StringIO]) -> None:
    stream = logged("error")
    logging.getLogger("apprise").warning("a notification failed")
    assert stream.getvalue() == ""
    logging.getLogger("apprise").error("all of them failed")
    assert len(lines(stream)) == 1


def test_apprise_can_read_from_its_own_log_why_it_was_refused_however_quiet_we_are(
    logged: Callable[..., io.StringIO],
) -> None:
    stream = logged("critical")
    assert logging.getLogger("apprise").isEnabledFor(logging.WARNING)
    logging.getLogger("apprise").warning("a notification failed")
    assert stream.getvalue() == ""


def test_setting_up_again_leaves_one_voice(logged: Callable[..., io.StringIO]) -> None:
    first, second = logged(), logged()
    structlog.get_logger("x").info("once")
    logging.getLogger("somebody.else").warning("once")
    assert (first.getvalue(), len(lines(second))) == ("", 2)


@pytest.mark.parametrize("style", ["text", "json"])
def test_nothing_in_a_log_can_steer_a_terminal_or_pass_for_another_line(
    logged: Callable[..., io.StringIO], style: str
) -> None:
    stream = logged("info", style)
    hostile = "a\x1b[31m\x9b2J\r\u202e\nfaked line"
    structlog.get_logger("x").warning("webhook with a wrong address", source=hostile)
    logging.getLogger("somebody.else").warning("of a library: \x1b[31m\x9b2J")
    try:
        raise ValueError("quoted: \x1b[31m\x9b2J")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(stream.getvalue())
    assert not [line for line in stream.getvalue().splitlines() if line.startswith("faked")]
