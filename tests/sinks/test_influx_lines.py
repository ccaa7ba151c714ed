"""What is written as a line is read as what it was."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from scrobbled.core.charts.points import ChartPoint, plain
from scrobbled.sandbox.influx.lines import parse
from scrobbled.sinks.influx.lines import line, lines, tag_text

TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from('\\", =\n\r\t#'), max_size=400)
NAMES = st.sampled_from(["title", "show title", "a,b", "a=b", 'a"b', "x"])
TIMES = st.integers(-(2**63) + 2, 2**63 - 2)
VALUES = TEXT | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


@given(tags=st.dictionaries(NAMES, TEXT), fields=st.dictionaries(NAMES, VALUES, min_size=1), at=TIMES)
@example(tags={"x": "ends in \\"}, fields={"title": "ends in \\", "x": 'say "yes"\\'}, at=0)
@example(tags={"x": "a\\,b\\ c\\=d\\\\"}, fields={"title": "two\nlines\r\nand a\ttab"}, at=-1)
@example(tags={"x": "😀" * 400, "a=b": ""}, fields={"title": ""}, at=1)
def test_a_point_is_read_as_it_was_written(tags: dict[str, str], fields: dict[str, object], at: int) -> None:
    written = line(ChartPoint("watch_event", tuple(sorted(tags.items())), fields, at))  # type: ignore[arg-type]
    read = parse(written)
    assert "\n" not in written
    assert (read.measurement, read.time) == ("watch_event", at)
    assert dict(read.tags) == {name: tag_text(value) for name, value in tags.items() if tag_text(value)}
    wanted = {name: plain(value) if isinstance(value, str) else value for name, value in fields.items()}
    assert read.fields == wanted
    assert {name: type(value) for name, value in read.fields.items()} == {n: type(v) for n, v in wanted.items()}


@given(TEXT)
def test_a_tag_keeps_all_but_breaks_and_the_backslashes_that_would_escape(text: str) -> None:
    kept = tag_text(text)
    assert not kept.endswith("\\")
    assert len(kept) == len(plain(text))
    assert kept.replace("/", "\\") == plain(text).replace("/", "\\")


def test_what_is_no_number_is_left_out() -> None:
    assert line(ChartPoint("m", (), {"a": math.nan, "b": 1.5}, 7)) == "m b=1.5 7"


async def test_others_have_their_turn_while_many_lines_are_made() -> None:
    points = [ChartPoint("m", (), {"a": 1.0}, at) for at in range(1000)]
    assert await lines(points) == [f"m a=1 {at}" for at in range(1000)]
