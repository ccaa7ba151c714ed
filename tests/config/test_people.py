"""Whose play it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.config import Config, SourceConfig, ViewerConfig, claimants
from scrobbled.core.watching.events import Account


def household(*viewers: tuple[str, dict[str, tuple[str, ...]]], tokens: dict[str, str] | None = None) -> Config:
    return Config(
        sources={"trakt": SourceConfig(token="x" * 16, tokens=tokens or {})},
        viewers=tuple(ViewerConfig(name=name, accounts=accounts) for name, accounts in viewers),
    )


def names_of(config: Config, source: str, account: Account) -> list[str]:
    return [viewer.name for viewer in claimants(config, source, account.names())]


TWO = household(("anna", {"plex": ("Anna ", "41220077"), "kodi": ("living room",)}), ("ben", {"plex": ("ben", "anna")}))


@pytest.mark.parametrize(
    ("account", "viewers"),
    [
        (Account(name=" ANNA"), ["anna", "ben"]),
        (Account(id="41220077", name="somebody"), ["anna"]),
        (Account(id="41220077", name="Ben"), ["anna", "ben"]),
        (Account(name="ben"), ["ben"]),
        (Account(name="carl"), []),
        (Account(), []),
        (Account(id=" ", name=""), []),
    ],
)
def test_an_account_belongs_to_those_who_list_its_name_or_id(account: Account, viewers: list[str]) -> None:
    assert names_of(TWO, "plex", account) == viewers


def test_an_account_of_another_source_is_not_the_same() -> None:
    assert names_of(TWO, "jellyfin", Account(name="anna")) == []


def test_kodi_belongs_to_the_only_viewer_who_lists_it() -> None:
    assert names_of(TWO, "kodi", Account()) == ["anna"]
    assert names_of(TWO, "kodi", Account(name="Living Room ")) == ["anna"]
    assert names_of(TWO, "kodi", Account(name="guest")) == []  # an add-on says who it was, and it was somebody else
    both = household(("anna", {"kodi": ("a",)}), ("ben", {"kodi": ("b",)}))
    assert names_of(both, "kodi", Account()) == []
    assert names_of(both, "kodi", Account(name="b")) == ["ben"]


def test_one_token_for_trakt_belongs_to_the_only_viewer_who_lists_it() -> None:
    one = household(("anna", {"trakt": ("me",)}), ("ben", {}))
    assert names_of(one, "trakt", Account()) == ["anna"]
    assert names_of(household(("anna", {})), "trakt", Account()) == []


def test_a_token_of_a_viewer_belongs_to_that_viewer_alone() -> None:
    config = household(("anna", {"trakt": ("me", "ben")}), ("ben", {}), tokens={"Ben": "y" * 16})
    assert names_of(config, "trakt", Account(name="ben")) == ["ben"]


def test_an_issued_token_names_its_viewer_who_need_not_list_anything() -> None:
    config = household(("Anna", {}), ("ben", {"trakt": ("me",)}))
    assert names_of(config, "trakt", Account(id=" anna")) == ["Anna"]
    assert names_of(config, "trakt", Account()) == ["ben"]


def test_a_token_of_a_viewer_who_is_gone_belongs_to_nobody_and_not_to_the_only_one_left() -> None:
    config = household(("ben", {"trakt": ("me", "carl")}))
    assert names_of(config, "trakt", Account(id="carl")) == []


@given(st.text(), st.text(), st.lists(st.text(), max_size=5))
def test_nobody_gets_a_play_of_an_account_they_do_not_list(id: str, name: str, listed: list[str]) -> None:
    config = household(("anna", {"plex": tuple(listed)}))
    folded = {text.strip().casefold() for text in listed} - {""}
    expected = bool({id.strip().casefold(), name.strip().casefold()} & folded)
    assert bool(names_of(config, "plex", Account(id, name))) is expected
