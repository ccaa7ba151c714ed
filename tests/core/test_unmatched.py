"""What could not be told is put together as one answer settles it."""

from datetime import date

from msgspec.structs import replace

from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.naming.unmatched import NAMELESS, NUMBERLESS, UnmatchedThing, gathered, question_of
from scrobbled.core.words.outcomes import PlayOutcome


def of(item: Episode | Movie, change: str = "", state: PlayOutcome = PlayOutcome.UNMATCHED) -> UnmatchedThing:
    return UnmatchedThing("anna", "trakt", "plex", item, item.label(), state, "it is not certain", change)


def episode(number: int, season: int = 1, show: str = "Copper Atlas", **more: object) -> Episode:
    return Episode(show, season, number, show_year=2025, **more)  # type: ignore[arg-type]


def test_a_show_is_one_question_with_one_correction() -> None:
    (group,) = gathered([of(episode(2), "c7"), of(episode(1), "c9"), of(episode(3)), of(episode(3))])
    assert (group.title, group.count, group.changes) == ("Copper Atlas", 3, ("c7", "c9"))
    assert group.samples == ("Copper Atlas S1 E1", "Copper Atlas S1 E2", "Copper Atlas S1 E3")
    assert group.command == "scrobbled map set c7 --to tmdb:NUMBER"


def test_a_show_is_not_counted_beside_its_episodes() -> None:
    (group,) = gathered([of(Episode("Copper Atlas", None, None)), of(episode(1)), of(episode(2))])
    assert group.count == 2
    (group,) = gathered([of(Episode("Copper Atlas", None, None))])
    assert group.count == 1


def test_what_nothing_waits_for_is_named_by_its_title() -> None:
    (group,) = gathered([of(episode(1))])
    assert group.command == "scrobbled map set 'Copper Atlas (2025)' --to tmdb:NUMBER"
    (group,) = gathered([of(Movie("Paper Choir", 2019, MovieIds(imdb="tt1")))])
    assert group.command == "scrobbled map set 'Paper Choir (2019)' --movie --to tmdb:NUMBER"


def test_of_a_show_that_is_known_its_one_season_is_in_doubt() -> None:
    known = ShowIds(tmdb=90001)
    (group,) = gathered([of(episode(1, 3, show_ids=known), "c1"), of(episode(2, 3, show_ids=known))])
    assert group.command == "scrobbled map set c1 --season 3 --to tmdb:90001 --to-season NUMBER"
    (group,) = gathered([of(episode(1, 3, show_ids=known)), of(episode(1, 4, show_ids=known))])
    assert group.command.endswith("--to tmdb:NUMBER")


def test_films_that_nothing_tells_apart_are_one_question_and_can_be_left_out_together() -> None:
    films = [of(Movie(f"Beach {n}", 2019), f"c{n}") for n in range(1, 4)]
    named = of(Movie("Harbour", 2019, MovieIds(imdb="tt1")), "c9")
    maybe = replace(of(Movie("Paper Choir", 2019), "c8"), candidates=({"title": "Paper Choir", "tmdb": 90013},))
    groups = {one.title: one for one in gathered([*films, named, maybe])}
    assert list(groups) == [NAMELESS, "Harbour (2019)", "Paper Choir (2019)"]
    assert (groups[NAMELESS].count, groups[NAMELESS].command) == (3, "scrobbled queue drop c1 c2 c3")
    assert groups["Paper Choir (2019)"].command == "scrobbled map set c8 --to tmdb:90013"


def test_one_film_without_ids_is_asked_about_as_any_film() -> None:
    (group,) = gathered([of(Movie("Beach 1", 2019), "c1"), of(Movie("Beach 1", 2019), "c2")])
    assert (group.title, group.count) == ("Beach 1 (2019)", 1)
    assert group.command == "scrobbled map set c1 --to tmdb:NUMBER"


def test_several_candidates_are_a_choice_and_one_is_filled_in_for_all() -> None:
    two = ({"title": "A", "tmdb": 1}, {"title": "B", "tmdb": 2})
    (group,) = gathered([replace(of(episode(1), "c1"), candidates=two), replace(of(episode(2)), candidates=two)])
    assert (group.candidates, group.command) == (two, "scrobbled map set c1 --to tmdb:NUMBER")


def test_of_episodes_without_numbers_no_correction_is_promised_to_settle_all() -> None:
    aired = [Episode("Glass Kitchen", None, None, "Ebb", air_date=date(2025, 5, day)) for day in (1, 8)]
    (group,) = gathered([of(Episode("Glass Kitchen", None, None)), *map(of, aired)])
    assert (group.count, group.next) == (2, NUMBERLESS)
    (group,) = gathered([of(aired[0]), of(episode(1, show="Glass Kitchen"))])
    assert group.next.startswith("Say what it is")


def test_candidates_go_before_what_is_known_of_the_show() -> None:
    doubt = replace(of(episode(1, 3, show_ids=ShowIds(tmdb=90001)), "c1"), candidates=({"title": "A", "tmdb": 2},))
    (group,) = gathered([doubt])
    assert group.command == "scrobbled map set c1 --to tmdb:2"


def test_the_media_server_is_named_only_where_one_told_of_it() -> None:
    (group,) = gathered([of(episode(1), "c1")])
    assert "media server" in group.next
    (group,) = gathered([replace(of(episode(1), "c1"), origin="serializd")])
    assert "media server" not in group.next


def test_people_and_trackers_are_kept_apart_and_what_waits_comes_first() -> None:
    things = [of(episode(n, show="Idle")) for n in range(5)]
    things += [of(episode(1), "c1"), replace(of(episode(1), "c2"), viewer="ben")]
    things += [replace(of(episode(1), "c3"), tracker="serializd")]
    assert [(one.viewer, one.tracker, one.title) for one in gathered(things)] == [
        ("anna", "serializd", "Copper Atlas"),
        ("anna", "trakt", "Copper Atlas"),
        ("ben", "trakt", "Copper Atlas"),
        ("anna", "trakt", "Idle"),
    ]


def test_what_a_catalogue_does_not_have_yet_needs_nobody() -> None:
    (group,) = gathered([of(episode(1), "c1", PlayOutcome.PARKED)])
    assert group.next.startswith("The tracker does not know this yet.")


def test_only_films_are_one_question_without_a_name() -> None:
    assert question_of("movie", "Beach 1", is_nameless=True) == question_of("movie", "Beach 2", is_nameless=True)
    assert question_of("episode", "A", is_nameless=True) != question_of("episode", "B", is_nameless=True)
    assert question_of("movie", "Beach 1", is_nameless=False) == question_of("movie", "BEACH 1", is_nameless=False)
