"""Pictures on disk: bounded, remembered, and never in the way."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import FakeClock
from scrobbled.desk.posters.picture import LARGEST, Picture, picture
from scrobbled.desk.posters.shelf import KEEP, LEAST_FREE, NOTED, PictureCache

PNG = b"\x89PNG\r\n\x1a\n"
DAY = 86_400.0


def key(number: int) -> str:
    return f"{number:024x}"


def png(size: int = 100) -> Picture:
    found = picture(PNG.ljust(size, b"."))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (PNG + b"rest", "image/png"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<html><body>no</body></html>", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", None),
        (b"GIF89a", None),
        (b"RIFF\x10\x00\x00\x00WAVE", None),
        (b"", None),
        (PNG.ljust(LARGEST + 1, b"."), None),
    ],
)
def test_a_picture_is_told_by_its_first_bytes(body: bytes, kind: str | None) -> None:
    found = picture(body)
    assert (found.kind if found else None) == kind


def as_png(width: int, height: int) -> bytes:
    return PNG + b"\x00\x00\x00\x0dIHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"


def as_jpeg(width: int, height: int, *, frame: int = 0xC2, before: bytes = b"") -> bytes:
    """With a header of JFIF, a restart mark and a filler before the frame."""
    size = height.to_bytes(2) + width.to_bytes(2)
    start = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00\xff\xd0\xff\xff"
    return start + before + bytes((0xFF, frame)) + b"\x00\x0b\x08" + size + b"\x01\x01\x11\x00"


def as_webp(width: int, height: int, chunk: bytes) -> bytes:
    if chunk == b"VP8X":
        size = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif chunk == b"VP8L":
        size = b"\x2f" + (width - 1 | height - 1 << 14).to_bytes(4, "little")
    else:
        size = b"\x30\x01\x00\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"RIFF\x40\x00\x00\x00WEBP" + chunk + b"\x20\x00\x00\x00" + size


@pytest.mark.parametrize(
    "made",
    [
        as_png,
        as_jpeg,
        partial(as_jpeg, frame=0xC0),
        *(partial(as_webp, chunk=chunk) for chunk in (b"VP8 ", b"VP8L", b"VP8X")),
    ],
)
def test_few_bytes_that_unpack_to_gigapixels_are_no_picture(made: Callable[[int, int], bytes]) -> None:
    assert picture(made(2000, 3000)) is not None
    assert picture(made(10_000, 10_000)) is None


def test_a_jpeg_of_nothing_but_segments_is_no_picture() -> None:
    assert picture(as_jpeg(342, 513, before=b"\xff\xd0" * 5_000)) is None
    assert picture(as_jpeg(342, 513, before=b"\xff" * 5_000)) is not None
    assert picture(as_jpeg(342, 513, before=b"\xff\xe1\x00\x00")) is not None


@given(st.sampled_from([b"\xff\xd8\xff", PNG, b"RIFF....WEBPVP8X"]), st.binary(max_size=60))
def test_whatever_follows_the_first_bytes_breaks_nothing(begin: bytes, rest: bytes) -> None:
    picture(begin + rest)


def test_what_was_put_there_is_there_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    PictureCache(tmp_path / "art", clock.now).put(key(1), png())
    later = PictureCache(tmp_path / "art", clock.now)
    assert later.get(key(1)) == png()
    assert later.fetched(key(1)) == clock.now().timestamp()
    assert later.get(key(2)) is None


def test_what_was_not_looked_at_for_longest_makes_room(tmp_path: Path, clock: FakeClock) -> None:
    shelf = PictureCache(tmp_path / "art", clock.now, bound=1000)
    for number in range(9):
        shelf.put(key(number), png())
        clock.advance(60)
    clock.advance(2 * NOTED)
    assert shelf.get(key(0)) is not None
    again = PictureCache(tmp_path / "art", clock.now, bound=1000)  # the order outlives a restart
    for number in range(9, 12):
        again.put(key(number), png())
    left = {number for number in range(12) if again.get(key(number)) is not None}
    assert left >= {0, 9, 10, 11}
    assert 1 not in left
    assert sum(path.stat().st_size for path in (tmp_path / "art").iterdir()) <= 1000


def test_after_half_a_year_a_picture_goes(tmp_path: Path, clock: FakeClock) -> None:
    shelf = PictureCache(tmp_path / "art", clock.now)
    shelf.put(key(1), png())
    clock.advance(KEEP / 2)
    shelf.put(key(2), png())
    assert shelf.tidy() == 0
    clock.advance(KEEP / 2 + DAY)
    assert shelf.fetched(key(1)) is None
    assert shelf.tidy() == 1
    assert [path.name for path in (tmp_path / "art").iterdir()] == [key(2)]


def test_an_old_picture_is_not_shown_even_where_nobody_tidied(tmp_path: Path, clock: FakeClock) -> None:
    shelf = PictureCache(tmp_path / "art", clock.now)
    shelf.put(key(1), png())
    clock.advance(KEEP + DAY)
    assert shelf.get(key(1)) is None
    assert list((tmp_path / "art").iterdir()) == []


def test_a_disk_that_cannot_be_written_leaves_the_shelf_as_it_was(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "art").write_text("a file where the folder should be")
    shelf = PictureCache(tmp_path / "art", clock.now)
    with pytest.raises(OSError, match="art"):
        shelf.put(key(1), png())
    assert shelf.get(key(1)) is None
    (tmp_path / "art").unlink()
    shelf.put(key(1), png())
    assert shelf.get(key(1)) is not None


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = PictureCache(tmp_path / "art", clock.now)
    shelf.put(key(1), png())

    def full(self: Path, body: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        shelf.put(key(2), png())
    assert [path.name for path in (tmp_path / "art").iterdir()] == [key(1)]


def test_the_last_room_on_a_disk_is_left_to_the_database(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, free = PictureCache(tmp_path / "art", clock.now), LEAST_FREE - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    with pytest.raises(OSError, match="nearly full"):
        shelf.put(key(1), png())
    free = LEAST_FREE
    shelf.put(key(1), png())
    assert shelf.get(key(1)) is not None


def test_what_was_half_written_when_we_were_ended_is_cleared_away(tmp_path: Path, clock: FakeClock) -> None:
    folder = tmp_path / "art"
    folder.mkdir()
    (folder / f"{key(1)}.part").write_bytes(PNG)
    (folder / "somebody-elses.txt").write_text("kept")
    assert PictureCache(folder, clock.now).get(key(1)) is None
    assert [path.name for path in folder.iterdir()] == ["somebody-elses.txt"]


def test_a_picture_that_was_damaged_on_disk_is_none(tmp_path: Path, clock: FakeClock) -> None:
    shelf = PictureCache(tmp_path / "art", clock.now)
    shelf.put(key(1), png())
    (tmp_path / "art" / key(1)).write_bytes(b"<html>")
    assert shelf.get(key(1)) is None
    assert shelf.fetched(key(1)) is None


@pytest.mark.parametrize("odd", ["../../etc/passwd", "a/b", "", "0" * 23, "G" * 24, f"{key(1)}\n"])
def test_nothing_but_our_own_keys_reaches_the_disk(tmp_path: Path, clock: FakeClock, odd: str) -> None:
    shelf = PictureCache(tmp_path / "art", clock.now)
    assert shelf.get(odd) is None
    with pytest.raises(ValueError, match="not a key"):
        shelf.put(odd, png())
    assert list(tmp_path.rglob("*")) == []
