"""What people type to correct a match: what is understood, what is refused with advice, and how it reads afterwards."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.errors import BadCorrection
from scrobbled.core.naming.correction_words import TypedCorrection, asked, episodes, read, sentence, stored
from scrobbled.core.naming.corrections import Correction, Ignore, OfMovie, OfShow, ToMovie, ToShow
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie


@pytest.mark.parametrize(
    ("wish", "of", "target", "said"),
    [
        (TypedCorrection("Harbour", "tmdb:202020"), OfShow("Harbour"), ToShow(202_020), "Harbour is show tmdb:202020"),
        (
            TypedCorrection("Harbour", "tmdb:202020", season=2, to_season=1),
            OfShow("Harbour", season=2),
            ToShow(202_020, 1),
            "Harbour S2 is show tmdb:202020 S1",
        ),
        (
            TypedCorrection(
                "Harbour", "TMDB: 202020", season=1, episodes="13-24", to_season=2, to_episode=1, viewer="anna"
            ),
            OfShow("Harbour", season=1, first=13, last=24),
            ToShow(202_020, 2, 1),
            "Harbour S1 E13-24 is show tmdb:202020 S2 from E1 (anna only)",
        ),
        (
            TypedCorrection("Harbour", "tmdb:7", episodes="133-", to_season=4, to_episode=0),
            OfShow("Harbour", first=133),
            ToShow(7, 4, 0),
            "Harbour E133- is show tmdb:7 S4 from E0",
        ),
        (
            TypedCorrection(" Salt Flats (2019) ", "tmdb:717171", movie=True),
            OfMovie("Salt Flats", 2019),
            ToMovie(717_171),
            "film Salt Flats (2019) is film tmdb:717171",
        ),
        (
            TypedCorrection("Harbour", "movie:717171", season=0, episodes="3"),
            OfShow("Harbour", season=0, first=3, last=3),
            ToMovie(717_171),
            "Harbour S0 E3 is film tmdb:717171",
        ),
        (TypedCorrection("Trailer Park", ignore=True), OfShow("Trailer Park"), Ignore(), "Trailer Park is never sent"),
        (
            TypedCorrection("tvdb:445566", ignore=True),
            OfShow(ids=ShowIds(tvdb=445_566)),
            Ignore(),
            "tvdb:445566 is never sent",
        ),
        (TypedCorrection("imdb:tt0099001", ignore=True), OfShow(ids=ShowIds(imdb="tt0099001")), Ignore(), None),
        (
            TypedCorrection("tt0099001", ignore=True, movie=True),
            OfMovie(ids=MovieIds(imdb="tt0099001")),
            Ignore(),
            None,
        ),
        (TypedCorrection("anidb:77", ignore=True), OfShow(ids=ShowIds(anidb=77)), Ignore(), None),
        (TypedCorrection("trakt:77", ignore=True), OfShow(ids=ShowIds(trakt=77)), Ignore(), None),
        (
            TypedCorrection("Harbour", episodes="13 – 24", ignore=True),
            OfShow("Harbour", first=13, last=24),
            Ignore(),
            None,
        ),
        (
            TypedCorrection("plex://show/5d9c", ignore=True),
            OfShow(ids=ShowIds(plex="plex://show/5d9c")),
            Ignore(),
            None,
        ),
        (
            TypedCorrection("plex://movie/5d9c", ignore=True),
            OfMovie(ids=MovieIds(plex="plex://movie/5d9c")),
            Ignore(),
            None,
        ),
        (TypedCorrection("tmdb: the musical", ignore=True), OfShow("tmdb: the musical"), Ignore(), None),
    ],
)
def test_what_is_typed_is_understood_and_read_back(
    wish: TypedCorrection, of: Any, target: Any, said: str | None
) -> None:
    found = read(wish)
    assert found == Correction(0, wish.viewer, of, target)
    assert said is None or sentence(found) == said


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("https://www.themoviedb.org/tv/202020-harbour-lights", ToShow(202_020)),
        ("themoviedb.org/tv/202020?language=de", ToShow(202_020)),
        ("https://www.themoviedb.org/tv/202020-harbour/season/3/episode/4", ToShow(202_020)),
        ("https://www.serializd.com/show/202020", ToShow(202_020)),
        ("https://www.serializd.com/show/Harbour-Lights-202020/season/1/2", ToShow(202_020)),
        ("https://trakt.tv/search/tmdb/202020?id_type=show", ToShow(202_020)),
        ("https://app.trakt.tv/search/tmdb/202020/?id_type=show", ToShow(202_020)),
        ("https://trakt.tv/search/tmdb/202020", ToShow(202_020)),
        ("show:202020", ToShow(202_020)),
        ("tv: 202020", ToShow(202_020)),
    ],
)
def test_the_address_of_a_page_names_its_show(address: str, target: ToShow) -> None:
    assert read(TypedCorrection("Harbour", address)).target == target


@pytest.mark.parametrize(
    ("address", "says_film"),
    [
        ("https://www.themoviedb.org/movie/717171-salt-flats", True),
        ("https://trakt.tv/search/tmdb/717171?id_type=movie", True),
        ("https://trakt.tv/search/tmdb/717171", False),
        ("movie:717171", True),
        ("film:717171", True),
        ("tmdb:717171", False),
    ],
)
def test_the_address_of_a_page_names_its_film(address: str, says_film: bool) -> None:
    assert read(TypedCorrection("Salt Flats", address, movie=True)).target == ToMovie(717_171)
    special = TypedCorrection(
        "Harbour", address, season=0, episodes="3", to_season=None if says_film else 2, to_episode=None
    )
    if says_film:
        assert read(special).target == ToMovie(717_171)
    else:
        assert read(replace(special, to_episode=7)).target == ToShow(717_171, 2, 7)


def test_the_address_of_a_season_says_which_one_where_a_part_is_to_be_mapped() -> None:
    season = "https://www.themoviedb.org/tv/202020-harbour/season/3"
    assert read(TypedCorrection("Harbour", season, season=1)).target == ToShow(202_020, 3)
    assert read(TypedCorrection("Harbour", season, season=1, to_season=2)).target == ToShow(202_020, 2)
    assert read(TypedCorrection("Harbour", f"{season}/episode/4", season=1, episodes="7")).target == ToShow(
        202_020, 3, 4
    )


SHOWS_ONLY = [
    "https://www.themoviedb.org/tv/202020-harbour",
    "https://www.serializd.com/show/202020",
    "https://trakt.tv/search/tmdb/202020?id_type=show",
    "tv:202020",
]


@pytest.mark.parametrize(
    ("wish", "advice"),
    [
        (TypedCorrection("Harbour"), "--to"),
        (TypedCorrection("Harbour", "tmdb:1", ignore=True), "--ignore"),
        (TypedCorrection("Harbour", "202020"), "tmdb:12345"),
        (TypedCorrection("Harbour", "tmdb:0"), "tmdb:12345"),
        (TypedCorrection("Harbour", "tvdb:445566"), "tmdb:12345"),
        (TypedCorrection("Harbour", "https://trakt.tv/shows/harbour-lights"), "themoviedb.org"),
        (TypedCorrection("Harbour", "https://themoviedb.org.example/tv/1"), "themoviedb.org"),
        (TypedCorrection("Harbour", "https://[broken/tv/1"), "themoviedb.org"),
        (TypedCorrection("Harbour", "movie:717171"), "single episode"),
        (TypedCorrection("Harbour", "movie:717171", season=1), "single episode"),
        (TypedCorrection("Salt Flats", "show:1", movie=True), "another film"),
        (TypedCorrection("Salt Flats", "tmdb:1", movie=True, to_season=1), "another film"),
        (TypedCorrection("Salt Flats", "tmdb:1", movie=True, season=1), "neither season"),
        (TypedCorrection("tvdb:445566", "tmdb:1", movie=True), "IMDb or TMDB"),
        (TypedCorrection("", "tmdb:1"), "by its title"),
        (TypedCorrection("…", "tmdb:1"), "by its title"),
        (TypedCorrection("Harbour \udcff", "tmdb:1"), "by its title"),
        (TypedCorrection("x" * 301, "tmdb:1"), "300 characters"),
        (TypedCorrection("Harbour", "tmdb:1", to_season=1), "--season or --episodes"),
        (TypedCorrection("Harbour", "tmdb:1", season=1, to_episode=1), "--to-season"),
        (TypedCorrection("Harbour", "tmdb:1", season=1, episodes="13-24", to_season=2), "--to-episode 1"),
        (TypedCorrection("Harbour", "tmdb:1", season=-1, to_season=2), "--season -1"),
        (TypedCorrection("Harbour", "tmdb:1", season=1, to_season=-2), "--to-season -2"),
        (TypedCorrection("Harbour", "tmdb:1", season=10**19, to_season=2), "--season"),
        (TypedCorrection("Harbour", "tmdb:1", episodes="24-13"), "smaller number first"),
        (TypedCorrection("Harbour", "tmdb:1", episodes="one"), "13-24"),
        (TypedCorrection("Harbour", "tmdb:1", episodes="-5"), "13-24"),
        *((TypedCorrection("Salt Flats", address, movie=True), "another film") for address in SHOWS_ONLY),
        (TypedCorrection("Harbour", "https://trakt.tv/search/tmdb/1٥?id_type=show"), "themoviedb.org"),
        (TypedCorrection("Harbour", "https://trakt.tv/search/tmdb/63056?id_type=episode"), "names no TMDB entry"),
        (TypedCorrection("Harbour", "https://trakt.tv/search/tmdb/287?id_type=person"), "names no TMDB entry"),
        (TypedCorrection("Harbour", "/tv/202020"), "themoviedb.org"),
        (TypedCorrection("Harbour", "movie:717171", season=0, episodes="3", to_season=1), "single episode"),
        (TypedCorrection("Harbour", "movie:717171", season=0, episodes="3", to_episode=1), "single episode"),
        (TypedCorrection("Harbour", "movie:717171", season=0, episodes="3-4"), "single episode"),
        (
            TypedCorrection("Harbour", "tmdb:1", season=1, episodes="3", to_season=2, to_episode=-1),
            "^--to-episode -1 cannot be",
        ),
        (TypedCorrection("Harbour", "tmdb:1", season=100_000, to_season=2), "^--season 100000 cannot be"),
        (TypedCorrection("Harbour", "y" * 90), f"^{'y' * 80} names no TMDB entry"),
        (TypedCorrection("Harbour", "tmdb:1", episodes="z" * 50), f"^{'z' * 40} is no range"),
        (TypedCorrection("Harbour", "tmdb:1", episodes=f"24-{' ' * 40}13"), "^24- {37} ends before it begins"),
    ],
)
def test_what_makes_no_correction_is_refused_with_advice(wish: TypedCorrection, advice: str) -> None:
    with pytest.raises(BadCorrection, match=advice) as caught:
        read(wish)
    text = str(caught.value)
    assert text.endswith(".")
    assert text[0].isupper() or text.startswith(tuple(filter(None, ("--", wish.to[:80], wish.episodes[:40]))))


@pytest.mark.parametrize("half", [0xD800, 0xDFFF])
def test_half_a_character_is_no_title(half: int) -> None:
    with pytest.raises(BadCorrection, match="by its title"):
        read(TypedCorrection(f"Harbour {chr(half)}", "tmdb:1"))


def test_the_longest_title_the_largest_number_and_every_letter_are_taken() -> None:
    title = "\ud7ff\ue000" + "x" * 298
    assert read(TypedCorrection(title, "tmdb:1", season=99_999, to_season=0)).of == OfShow(title, season=99_999)


def test_a_title_that_looks_like_a_part_of_an_id_is_a_title() -> None:
    assert read(TypedCorrection("show/5d9c", ignore=True)).of == OfShow("show/5d9c")
    assert read(TypedCorrection("plex:show/5d9c", ignore=True)).of == OfShow(ids=ShowIds(plex="plex://show/5d9c"))


def test_all_ids_of_what_has_no_title_are_read_back() -> None:
    item = Episode("", 2, 5, show_ids=ShowIds(tvdb=1, imdb="tt1"))
    assert sentence(read(TypedCorrection("c12", ignore=True), item)) == "imdb:tt1 tvdb:1 is never sent"


def test_a_range_reads_as_it_is_typed() -> None:
    ranges = [OfShow("Harbour"), OfShow("Harbour", first=13), OfShow("Harbour", first=13, last=13)]
    assert [episodes(of) for of in (*ranges, OfShow("Harbour", first=13, last=24))] == ["", "13-", "13", "13-24"]


def test_something_stored_stands_for_its_show_or_film() -> None:
    episode = Episode("Harbour", 2, 5, show_ids=ShowIds(tvdb=1), show_year=2019)
    assert read(TypedCorrection("c12", "tmdb:1"), episode).of == OfShow("Harbour", 2019, ShowIds(tvdb=1))
    film = Movie("Salt Flats", 2019, MovieIds(imdb="tt1"))
    assert read(TypedCorrection("p7", "tmdb:1"), film) == Correction(
        0, None, OfMovie("Salt Flats", 2019, film.ids), ToMovie(1)
    )
    with pytest.raises(BadCorrection, match="leave --movie out"):
        read(TypedCorrection("c12", "tmdb:1", movie=True), episode)
    with pytest.raises(BadCorrection, match="neither a title nor ids"):
        read(TypedCorrection("c12", ignore=True), Episode("", 1, 1))
    assert read(TypedCorrection("c12", ignore=True), Episode("Harbour", 1, 1)).of == OfShow("Harbour")
    assert read(TypedCorrection("c12", ignore=True), Episode("", 1, 1, show_ids=ShowIds(tvdb=1))).of == OfShow(
        ids=ShowIds(tvdb=1)
    )


def test_who_names_a_season_beside_a_stored_episode_means_that_season() -> None:
    episode = Episode("Harbour", 2, 5)
    assert read(TypedCorrection("c12", "tmdb:1", season=3, to_season=1), episode).of == OfShow("Harbour", season=3)


def test_ids_of_what_is_stored_are_told_from_titles() -> None:
    assert [stored(text) for text in ("c12", " P7 ", "m3", "c", "C-3PO", "12", "c12 b")] == [
        ("c", 12),
        ("p", 7),
        None,
        None,
        None,
        None,
        None,
    ]


def test_a_question_needs_an_episode_and_a_film_none() -> None:
    assert asked("Harbour (2019)", 2, 5, movie=False) == Episode("Harbour", 2, 5, show_year=2019)
    assert asked("tvdb:1", 0, 0, movie=False) == Episode("", 0, 0, show_ids=ShowIds(tvdb=1))
    assert asked("Salt Flats (2019)", None, None, movie=True) == Movie("Salt Flats", 2019)
    assert asked("Harbour", None, 133, movie=False, absolute=True) == Episode("Harbour", None, 133, absolute=True)
    assert asked("imdb:tt1", None, None, movie=True) == Movie("", ids=MovieIds(imdb="tt1"))
    for season, number in ((None, None), (2, None), (None, 5)):
        for what, shown in (("Harbour (2019)", "Harbour"), ("tvdb:1", "tvdb:1")):
            with pytest.raises(BadCorrection) as caught:
                asked(what, season, number, movie=False)
            assert str(caught.value) == f'Say which episode, like "{shown}" 2 5 for season 2, episode 5.'


@given(
    st.builds(
        TypedCorrection,
        st.text(max_size=20) | st.sampled_from(["Harbour", "tvdb:1", "c12"]),
        st.text(max_size=30) | st.sampled_from(["tmdb:1", "movie:2", "https://www.themoviedb.org/tv/1/season/2"]),
        st.none() | st.integers(),
        st.text(max_size=6) | st.sampled_from(["1-3", "7", "9-"]),
        st.none() | st.integers(),
        st.none() | st.integers(),
        st.booleans(),
        st.booleans(),
    )
)
def test_whatever_is_typed_makes_a_correction_or_a_sentence(wish: TypedCorrection) -> None:
    try:
        said = sentence(read(wish))
    except BadCorrection as error:
        said = str(error)
    assert said.strip()


WAITS = Episode("Harbour", 1, 55, title="New one", show_ids=ShowIds(tvdb=445_566))


@pytest.mark.parametrize(
    ("wish", "part", "target"),
    [
        (TypedCorrection("c12", "tmdb:7"), (None, None, None), ToShow(7)),
        (TypedCorrection("c12", "tmdb:7", to_season=2, to_episode=3), (1, 55, 55), ToShow(7, 2, 3)),
        (TypedCorrection("c12", "tmdb:7", to_season=2), (1, None, None), ToShow(7, 2)),
        (
            TypedCorrection("c12", "https://www.themoviedb.org/tv/7-harbour/season/2/episode/3"),
            (1, 55, 55),
            ToShow(7, 2, 3),
        ),
        (TypedCorrection("c12", "https://www.themoviedb.org/tv/7-harbour/season/0"), (1, None, None), ToShow(7, 0)),
        (TypedCorrection("c12", "movie:8"), (1, 55, 55), ToMovie(8)),
        (
            TypedCorrection("c12", "tmdb:7", season=1, episodes="50-60", to_season=2, to_episode=1),
            (1, 50, 60),
            ToShow(7, 2, 1),
        ),
        (TypedCorrection("c12", ignore=True), (None, None, None), Ignore()),
    ],
)
def test_a_place_named_for_something_stored_is_the_place_of_that(wish: TypedCorrection, part: Any, target: Any) -> None:
    found = read(wish, WAITS)
    assert isinstance(found.of, OfShow)
    assert ((found.of.season, found.of.first, found.of.last), found.target) == (part, target)


def test_what_came_without_a_number_gets_no_place_of_its_own() -> None:
    with pytest.raises(BadCorrection):
        read(TypedCorrection("c12", "tmdb:7", to_season=2, to_episode=3), replace(WAITS, season=None, number=None))
