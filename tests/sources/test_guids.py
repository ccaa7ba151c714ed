"""Every form of guid that Plex agents have written."""

import pytest

from scrobbled.core.naming.guids import Guid, GuidScope, Numbering, is_live, of_episode, of_movie, of_show, read, texts
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds

ABSOLUTE, DVD, PLAIN = Numbering.ABSOLUTE, Numbering.DVD, Numbering.PLAIN


@pytest.mark.parametrize(
    ("text", "guid"),
    [
        ("imdb://tt9900112", Guid("imdb", "tt9900112", GuidScope.ITEM)),
        ("tmdb://5550123", Guid("tmdb", 5550123, GuidScope.ITEM)),
        ("tvdb://10220330", Guid("tvdb", 10220330, GuidScope.ITEM)),
        ("anidb://77", Guid("anidb", 77, GuidScope.ITEM)),
        ("tvdb://429999/1/1", Guid("tvdb", 429999, GuidScope.SHOW, 1, 1)),
        ("plex://movie/5d7768", Guid("plex", "plex://movie/5d7768", GuidScope.MOVIE)),
        ("plex://episode/5d7768", Guid("plex", "plex://episode/5d7768", GuidScope.EPISODE)),
        ("plex://show/5d7768?lang=en", Guid("plex", "plex://show/5d7768", GuidScope.SHOW)),
        ("plex://season/5d7768", Guid("plex", "plex://season/5d7768", GuidScope.OTHER)),
        ("com.plexapp.agents.imdb://tt123?lang=en", Guid("imdb", "tt123", GuidScope.TITLE)),
        ("com.plexapp.agents.themoviedb://123?lang=en", Guid("tmdb", 123, GuidScope.TITLE)),
        ("com.plexapp.agents.themoviedb://123/2/5?lang=en", Guid("tmdb", 123, GuidScope.SHOW, 2, 5)),
        ("com.plexapp.agents.thetvdb://123/0/3?lang=en", Guid("tvdb", 123, GuidScope.SHOW, 0, 3)),
        ("com.plexapp.agents.thetvdb://123/2?lang=en", Guid("tvdb", 123, GuidScope.SHOW)),
        ("com.plexapp.agents.thetvdbdvdorder://123/2/5", Guid("tvdb", 123, GuidScope.SHOW, 2, 5, DVD)),
        ("com.plexapp.agents.hama://anidb-123/1/5?lang=en", Guid("anidb", 123, GuidScope.SHOW, 1, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://anidb2-123/1/5", Guid("anidb", 123, GuidScope.SHOW, 1, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://tvdb-123/2/5", Guid("tvdb", 123, GuidScope.SHOW, 2, 5)),
        ("com.plexapp.agents.hama://tvdb2-123/2/5", Guid("tvdb", 123, GuidScope.SHOW, 2, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://tvdb5-123/2/5", Guid("tvdb", 123, GuidScope.SHOW, 2, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://tmdb-123", Guid("tmdb", 123, GuidScope.TITLE)),
        ("com.plexapp.agents.hama://tsdb-123/2/5", Guid("tsdb", 123, GuidScope.SHOW, 2, 5)),
        ("com.plexapp.agents.hama://imdb-tt123", Guid("imdb", "tt123", GuidScope.TITLE)),
        (
            "net.fribbtastic.coding.plex.myanimelist://123?lang=en",
            Guid("mal", 123, GuidScope.TITLE, numbering=ABSOLUTE),
        ),
        ("net.fribbtastic.coding.plex.myanimelist://123/1/5", Guid("mal", 123, GuidScope.SHOW, 1, 5, ABSOLUTE)),
        ("com.plexapp.agents.xbmcnfo://tt123", Guid("imdb", "tt123", GuidScope.MOVIE)),
        ("com.plexapp.agents.xbmcnfo://123", Guid("tmdb", 123, GuidScope.MOVIE)),
        ("com.plexapp.agents.xbmcnfotv://123", Guid("tvdb", 123, GuidScope.TITLE)),
        ("tv.plex.agents.nfo.movie://movie/tmdb_123", Guid("tmdb", 123, GuidScope.MOVIE)),
        ("tv.plex.agents.nfo.series://show/tvdb_123", Guid("tvdb", 123, GuidScope.SHOW)),
        ("tv.plex.agents.nfo.series://episode/tvdb_123", Guid("tvdb", 123, GuidScope.EPISODE)),
        ("tt0112253", Guid("imdb", "tt0112253", GuidScope.ITEM)),
        ("tmdb://5550123/", Guid("tmdb", 5550123, GuidScope.ITEM)),
        ("imdb://tt99?from=https://example.org/", Guid("imdb", "tt99", GuidScope.ITEM)),
        ("plex://movie/X5d77X", Guid("plex", "plex://movie/X5d77X", GuidScope.MOVIE)),
        ("com.plexapp.agents.themoviedb://tt123?lang=en", Guid("imdb", "tt123", GuidScope.TITLE)),
        ("com.plexapp.agents.imdb://tt123/2/5", Guid("imdb", "tt123", GuidScope.SHOW, 2, 5)),
        ("com.plexapp.agents.thetvdb://123/999999/999999", Guid("tvdb", 123, GuidScope.SHOW, 999_999, 999_999)),
        ("com.plexapp.agents.hama://tvdb3-123/2/5", Guid("tvdb", 123, GuidScope.SHOW, 2, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://tvdb4-123/2/5", Guid("tvdb", 123, GuidScope.SHOW, 2, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://imdb4-tt123/2/5", Guid("imdb", "tt123", GuidScope.SHOW, 2, 5, ABSOLUTE)),
        ("com.plexapp.agents.hama://anidb-123", Guid("anidb", 123, GuidScope.TITLE, numbering=ABSOLUTE)),
        ("com.plexapp.agents.hama://anidb-123/1", Guid("anidb", 123, GuidScope.SHOW, numbering=ABSOLUTE)),
        ("tv.plex.agents.nfo.series://series/tvdb_123", Guid("tvdb", 123, GuidScope.SHOW)),
        ("tv.plex.agents.nfo.series://season/tvdb_123", Guid("tvdb", 123, GuidScope.OTHER)),
        ("tv.plex.agents.nfo.series://episode/7/tvdb_123", Guid("tvdb", 123, GuidScope.EPISODE)),
    ],
)
def test_a_known_form_is_read(text: str, guid: Guid) -> None:
    assert read(text) == guid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "local://90412",
        "com.plexapp.agents.none://abc?lang=xn",
        "tv.plex.agents.none://abc",
        "tv.plex.xmltv://show/abc",
        "tv.plex.agents.nfo.movie://movie/858024",
        "tv.plex.agents.nfo.movie://movie/oddb_858024",
        "mbid://00000000-0000-4000-8000-000000000001",
        "tvmaze://12",
        "tvrage://12",
        "iva://api.example/2.0",
        "plex://movie",
        "plex://artist/5d07",
        "plex://movie/../../x",
        "com.plexapp.agents.imdb://?lang=en",
        "com.plexapp.agents.thetvdb:///2/5",
        "com.plexapp.agents.thetvdb:///2",
        "com.plexapp.agents.xbmcnfo:///2",
        "com.plexapp.agents.hama:///tvdb-123/2/5",
        "tvdb:///2/5",
        "com.plexapp.agents.thetvdb://abc/1/2",
        "com.plexapp.agents.thetvdb://1/2/3/4",
        "com.plexapp.agents.thetvdb://1/a/3",
        "com.plexapp.agents.thetvdb://1/1/1000000",
        "com.plexapp.agents.hama://tvdb6x-1/2/3",
        "com.plexapp.agents.hama://tvdb12-1/2/3",
        "com.plexapp.agents.hama://anidb-",
        "imdb://112253",
        "imdb://tt",
        "tmdb://0",
        "tmdb://-5",
        "tmdb://5.5",
        "tmdb://٥",
        "tmdb://99999999999999999999",
        "tvdb://1/2/3/4",
        "tt0112253x",
        "nonsense",
    ],
)
def test_a_form_without_a_usable_id_is_nothing(text: str) -> None:
    assert read(text) is None


def test_the_guids_of_a_show_are_show_ids() -> None:
    modern = {"guid": "plex://show/5d77", "Guid": [{"id": "imdb://tt99"}, {"id": "tmdb://44"}, {"id": "tvdb://55"}]}
    assert of_show(modern) == ShowIds(imdb="tt99", tmdb=44, tvdb=55, plex="plex://show/5d77")
    assert of_show({"guid": "com.plexapp.agents.thetvdb://55?lang=en"}) == ShowIds(tvdb=55)
    assert of_show({"guid": "com.plexapp.agents.hama://tsdb-44"}) == ShowIds(tmdb=44)


def test_a_series_number_never_becomes_a_movie_id() -> None:
    assert of_movie({"guid": "com.plexapp.agents.hama://tsdb-44"}) == MovieIds()
    assert of_movie({"guid": "plex://episode/5d77"}) == MovieIds()
    assert of_movie({"Guid": [{"id": "tvdb://4/1/1"}]}) == MovieIds()
    assert of_movie({"guid": "com.plexapp.agents.themoviedb://44"}) == MovieIds(tmdb=44)
    assert of_movie({"guid": "tt0112253"}) == MovieIds(imdb="tt0112253")


def test_a_movie_takes_a_tvdb_number_only_as_its_own() -> None:
    assert of_movie({"guid": "com.plexapp.agents.thetvdb://44"}) == MovieIds()
    assert of_movie({"Guid": [{"id": "tvdb://55"}, {"id": "tmdb://44"}]}) == MovieIds(tvdb=55, tmdb=44)


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"guid": "com.plexapp.agents.thetvdb://55/2/5"}, (2, 5, PLAIN)),
        ({"guid": "com.plexapp.agents.thetvdb://55/0/0"}, (0, 0, PLAIN)),
        ({"guid": "com.plexapp.agents.thetvdbdvdorder://55/2/5"}, (2, 5, DVD)),
        ({"guid": "com.plexapp.agents.hama://anidb-55/1/5"}, (1, 5, ABSOLUTE)),
        ({"guid": "com.plexapp.agents.thetvdb://55/2", "Guid": [{"id": "tvdb://55/2/5"}]}, (2, 5, PLAIN)),
        ({"guid": "tvdb://9", "grandparentGuid": "com.plexapp.agents.hama://anidb-55"}, (None, None, ABSOLUTE)),
        ({"guid": "tvdb://9", "grandparentGuid": "com.plexapp.agents.thetvdb://55"}, (None, None, PLAIN)),
        ({"guid": "plex://episode/5d77"}, (None, None, PLAIN)),
    ],
)
def test_an_episode_has_the_place_that_its_agent_gave_it(
    metadata: dict[str, object], place: tuple[int | None, int | None, Numbering]
) -> None:
    guids = of_episode(metadata)
    assert (guids.season, guids.number, guids.numbering) == place


@pytest.mark.parametrize(
    ("metadata", "live"),
    [
        ({"guid": "tv.plex.xmltv://show/abc"}, True),
        ({"guid": "local://1", "Guid": [{"id": "tmdb://1"}, {"id": "tv.plex.xmltv://abc"}]}, True),
        ({"guid": "plex://episode/5d77", "Guid": [{"id": "tmdb://1"}]}, False),
        ({}, False),
    ],
)
def test_television_is_known_by_its_guide(metadata: dict[str, object], live: bool) -> None:
    assert is_live(metadata) is live


def test_an_endless_guid_is_none() -> None:
    assert texts([" tt1 ", {"id": "a" * 300}, "a" * 301, None, 7]) == ("tt1", "a" * 300)


def test_an_episode_takes_show_ids_from_its_grandparent_only_into_the_show() -> None:
    guids = of_episode({"Guid": [{"id": "tmdb://44"}], "grandparentGuid": "com.plexapp.agents.themoviedb://77"})
    assert (guids.ids, guids.show_ids) == (EpisodeIds(tmdb=44), ShowIds(tmdb=77))


def test_the_season_of_an_episode_gives_it_no_ids() -> None:
    guids = of_episode({"guid": "plex://season/5d77", "Guid": [{"id": "tvdb://10"}]})
    assert guids.ids == EpisodeIds(tvdb=10)
    assert guids.show_ids == ShowIds()


def test_thousands_of_guids_are_not_all_read() -> None:
    for others, ids in ((49, EpisodeIds(tmdb=44)), (50, EpisodeIds())):
        assert of_episode({"Guid": [{"id": "local://x"}] * others + [{"id": "tmdb://44"}]}).ids == ids
