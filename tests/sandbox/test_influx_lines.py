"""Line protocol, as the stand-in of InfluxDB reads it."""

from __future__ import annotations

import pytest

from scrobbled.sandbox.influx.lines import BadLine, ProtocolLine, numbered, parse

READ = [
    ("m f=1 5", ProtocolLine("m", (), {"f": 1.0}, 5)),
    ("m f=1i", ProtocolLine("m", (), {"f": 1}, None)),
    ("m f=1u 5", ProtocolLine("m", (), {"f": 1}, 5)),
    ("m f=-1.5e3,g=.5,h=2. 5", ProtocolLine("m", (), {"f": -1500.0, "g": 0.5, "h": 2.0}, 5)),
    ("m f=t,g=FALSE,h=true 5", ProtocolLine("m", (), {"f": True, "g": False, "h": True}, 5)),
    ("m,b=2,a=1 f=1 5", ProtocolLine("m", (("a", "1"), ("b", "2")), {"f": 1.0}, 5)),
    (
        r"m\ n\,o,a\ b\,c\=d=e\ f\,g\=h i\ j\,k\=l=1 5",
        ProtocolLine("m n,o", (("a b,c=d", "e f,g=h"),), {"i j,k=l": 1.0}, 5),
    ),
    (
        r'm,a=b"c f="say \"a, b=c\" \\ 1",g=2i 5',
        ProtocolLine("m", (("a", 'b"c'),), {"f": r'say "a, b=c" \ 1', "g": 2}, 5),
    ),
    (r'm,a=b\c f="ends in \\" 5', ProtocolLine("m", (("a", r"b\c"),), {"f": "ends in \\"}, 5)),
    (r"m,a=b\\,c f=1 5", ProtocolLine("m", (("a", "b\\,c"),), {"f": 1.0}, 5)),
    ('m f="" 5', ProtocolLine("m", (), {"f": ""}, 5)),
    ("m f=1 -9223372036854775806", ProtocolLine("m", (), {"f": 1.0}, -9223372036854775806)),
    ('m,a=b=c f="x" 5', "invalid tag format"),
    ("m,a= f=1 5", "missing tag value"),
    ("m,a=1,a=2 f=1 5", "duplicate tags"),
    ("m,a=1", "missing fields"),
    (",a=1 f=1", "missing measurement"),
    ("m f= 5", "invalid field format"),
    ('m f="no end 5', "unbalanced quotes"),
    ("m f=1x 5", "invalid number"),
    ("m f=nan 5", "invalid boolean"),
    ("m f=9223372036854775808i 5", "out of range"),
    ("m f=1 soon", "bad timestamp"),
    ("m f=1 9223372036854775807", "time outside range"),
]


@pytest.mark.parametrize(("line", "meant"), READ, ids=[line for line, _ in READ])
def test_a_line_is_read_as_documented_or_refused(line: str, meant: ProtocolLine | str) -> None:
    if isinstance(meant, ProtocolLine):
        read = parse(line)
        assert read == meant
        assert [
            type(one) in (type(two), int) for one, two in zip(read.fields.values(), meant.fields.values(), strict=True)
        ]
        assert all(isinstance(one, float) == isinstance(read.fields[name], float) for name, one in meant.fields.items())
    else:
        with pytest.raises(BadLine, match=meant):
            parse(line)


def test_precision_makes_nanoseconds() -> None:
    assert parse("m f=1 1700000000", 1_000_000_000).time == 1_700_000_000_000_000_000


def test_a_line_break_ends_a_line_even_within_quotes() -> None:
    assert list(numbered('m f="a\nb" 5\n\n# no line\nm f=1')) == [(1, 'm f="a'), (2, 'b" 5'), (5, "m f=1")]
