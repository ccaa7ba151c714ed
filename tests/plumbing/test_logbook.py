"""The last lines of the log in memory: bounded, safe to show, and of no cost to whoever logs."""

import io
import logging
import threading
import time
from collections.abc import Iterator

import pytest
import structlog

from scrobbled.plumbing import log as module
from scrobbled.plumbing.log import set_up
from scrobbled.plumbing.logbook import LINES, LONGEST, MOST_FIELDS, WIDEST, LineFilter, Logbook, written
from scrobbled.plumbing.redact import Redactor

SECRET = "hunter-seven-and-more"
ALL = LineFilter()


@pytest.fixture
def book() -> Iterator[Logbook]:
    """Everything that is logged goes into it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in module.QUIET}
    book = Logbook()
    set_up("info", "json", Redactor([SECRET]), io.StringIO(), into=book)
    yield book
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def full(book: Logbook, count: int, **fields: str) -> Logbook:
    for number in range(count):
        book.add("2026-11-14T20:00:00Z", "info", "test", f"line {number + 1}", fields)
    return book


def test_a_line_has_its_level_component_message_and_fields(book: Logbook) -> None:
    structlog.get_logger("deliver").info(
        "play", action="deliver", play="p7", attempts=2, changes=["c1", "c2"], reason=None
    )
    (line,) = book.after(0, ALL, 10).lines
    assert (line.level, line.component, line.message) == ("info", "deliver", "play")
    assert line.fields == {"action": "deliver", "play": "p7", "attempts": "2", "changes": '["c1", "c2"]'}
    assert line.at.endswith("Z")


def test_what_libraries_say_is_kept_once_and_by_their_names(book: Logbook) -> None:
    logging.getLogger("somebody.else").warning("told by %s", "a library")
    logging.getLogger("somebody.else").info("also this")
    found = book.after(0, ALL, 10).lines
    assert [(line.component, line.message) for line in found] == [
        ("somebody.else", "told by a library"),
        ("somebody.else", "also this"),
    ]


def test_it_may_be_told_more_than_is_written() -> None:
    stream, book = io.StringIO(), Logbook()
    before = logging.getLogger().handlers, logging.getLogger().level
    try:
        set_up("warning", "text", Redactor(), stream, into=book, keep="info")
        structlog.get_logger("x").info("quiet")
        structlog.get_logger("x").debug("too quiet")
        structlog.get_logger("x").warning("loud")
        assert [line.message for line in book.after(0, ALL, 10).lines] == ["quiet", "loud"]
        assert "loud" in stream.getvalue()
        assert "quiet" not in stream.getvalue()
    finally:
        logging.getLogger().handlers, logging.getLogger().level = before
        structlog.reset_defaults()


def test_no_secret_gets_into_it(book: Logbook) -> None:
    structlog.get_logger("x").warning(f"in the text {SECRET}", value=SECRET, nested={"list": [SECRET]}, password="abc")
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger("x").exception("with its traceback")
    text = written(book.after(0, ALL, 10).lines)
    assert SECRET not in text
    assert "abc" not in text
    assert text.count("••••") >= 4
    assert "Traceback" in text


def test_nothing_in_it_can_steer_a_terminal(book: Logbook) -> None:
    hostile = "a\x1b[31m\x9b2J\r\u202e"
    structlog.get_logger("x").warning(hostile, title=hostile, nested=[hostile], **{hostile: "name"})
    text = written(book.after(0, ALL, 10).lines)
    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(text)


def test_a_line_in_a_field_is_no_line_of_its_own() -> None:
    book = Logbook()
    book.add("t", "info", "web", "refused\nfaked", {"source": "x\n2026 [info] faked: line"})
    assert [line for line in written(book.after(0, ALL, 1).lines).splitlines() if line.startswith("2026")] == []


def test_long_lines_are_cut_and_say_so(book: Logbook) -> None:
    structlog.get_logger("x").warning("m" * 100_000, title="t" * 100_000, **{f"f{n}": "v" for n in range(200)})
    (line,) = book.after(0, ALL, 1).lines
    assert len(line.message) < LONGEST + 50
    assert line.message.endswith(f"and {100_000 - LONGEST:,} more characters")
    assert len(line.fields["title"]) < LONGEST + 50
    assert len(line.fields) == MOST_FIELDS
    structlog.get_logger("x").warning("wide", **{f"f{n}": "v" * 5_000 for n in range(200)})
    assert len(written(book.after(1, ALL, 1).lines)) < WIDEST + MOST_FIELDS * 200


def test_it_is_bounded_in_number_and_in_size() -> None:
    assert len(full(Logbook(), LINES + 500).after(0, ALL, 10_000).lines) == LINES
    small = full(Logbook(size=10_000), 100, text="x" * 800)
    assert len(small.after(0, ALL, 1_000).lines) == 9
    assert len(full(Logbook(size=10), 3).after(0, ALL, 10).lines) == 1, "the newest is always there"


def test_a_reader_is_told_what_it_missed() -> None:
    book = full(Logbook(lines=10), 30)
    piece = book.after(5, ALL, 4)
    assert [line.id for line in piece.lines] == [27, 28, 29, 30]
    assert (piece.last, piece.skipped) == (30, 15 + 6)
    assert book.after(30, ALL, 4).lines == []
    assert book.after(29, ALL, 4).skipped == 0


def test_no_more_is_given_at_once_than_there_is_room_for() -> None:
    book = full(Logbook(), 10, text="x" * 800)
    piece = book.after(0, ALL, 10, room=2_500)
    assert ([line.id for line in piece.lines], piece.skipped) == ([9, 10], 8)
    assert [line.id for line in book.after(0, ALL, 10, room=10).lines] == [10], "one at least, however long it is"
    assert book.after(0, ALL, 0).lines == []


def test_lines_are_chosen_by_level_component_and_text() -> None:
    book = Logbook()
    book.add("t", "debug", "web", "small", {})
    book.add("t", "warning", "web", "Größer", {"title": "Harbour"})
    book.add("t", "error", "store", "large", {})
    for wanted, found in [
        (LineFilter("info"), [2, 3]),
        (LineFilter("error"), [3]),
        (LineFilter(component="web"), [1, 2]),
        (LineFilter(text="GRÖSSER"), [2]),
        (LineFilter(text="harbour"), [2]),
        (LineFilter("warning", "web", "nothing"), []),
    ]:
        assert [line.id for line in book.after(0, wanted, 10).lines] == found
    assert book.components() == ["store", "web"]


def test_threads_may_log_at_once_while_somebody_reads() -> None:
    book, woken = Logbook(), []
    end = book.listen(lambda: woken.append(1))
    threads = [threading.Thread(target=full, args=(book, 500)) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found = book.after(0, ALL, LINES).lines
        assert [line.id for line in found] == sorted({line.id for line in found})
    end()
    assert (book.last, len(woken)) == (2_000, 2_000)
    full(book, 1)
    assert len(woken) == 2_000


def test_a_line_costs_whoever_logs_next_to_nothing() -> None:
    book = Logbook()
    event = {"event": "webhook", "level": "info", "timestamp": "t", "component": "ingest", "a": "b", "play": "p7"}
    began = time.process_time()
    for _ in range(5_000):
        book.keep(None, "info", event)
    assert time.process_time() - began < 2.0, "0.4 ms a line would be far too much; some 10 µs are usual"
