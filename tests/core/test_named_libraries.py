"""How people name a library: alone, or with its server before it."""

import pytest

from scrobbled.core.naming.libraries import is_chosen, is_named, whole_name


@pytest.mark.parametrize("written", ["TV", " tv ", "Attic/TV", "attic/tv", whole_name("Attic", "TV")])
def test_a_title_means_the_library_of_any_server_and_a_whole_name_that_of_one(written: str) -> None:
    assert is_named(written, "Attic", "TV")
    assert is_named(written, "Cellar", "TV") is ("/" not in written)


def test_a_title_may_look_like_a_whole_name() -> None:
    assert is_named("Films/Old", "Attic", "Films/Old")
    assert not is_named("Films", "Attic", "Films/Old")


def test_where_none_is_named_all_count() -> None:
    assert is_chosen((), "Attic", "TV")
    assert is_chosen(("Films", "Attic/TV"), "Attic", "TV")
    assert not is_chosen(("Films", "Attic/TV"), "Cellar", "TV")
