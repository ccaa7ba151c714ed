"""Which entry of a catalogue an episode is: the right one or none, whatever the numbers claim."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.errors import Candidate, NotInCatalogue, Uncertain
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import (
    AIR_DATE_SLACK,
    BY_NAME,
    Claim,
    Confidence,
    Finding,
    Listed,
    ShowMatch,
    agrees,
    bare,
    counted_alike,
    is_gapless,
    is_generic,
    place,
    plain,
    same_day,
    same_title,
    weaker,
    year_of,
)

FIRST = date(2024, 11, 3)
TITLES = ["Low Tide", "Lantern", "Slack Water", "Undertow", "The Lock Keeper", "Ebb", "Spring Tide", "Wake"]


def weekly(count: int = 8, *, season: int = 2) -> list[Listed]:
    return [
        Listed(season, n + 1, TITLES[n % 8] + f" {n // 8 or ''}".rstrip(), FIRST + timedelta(days=7 * n), 900 + n)
        for n in range(count)
    ]


def episode(number: int | None = 5, season: int | None = 2, **values: object) -> Episode:
    return replace(Episode("Harbour Lights", season, number), **values)  # type: ignore[arg-type]


def claims(*places: tuple[int, int]) -> list[Claim]:
    return [Claim(season, number, "somebody") for season, number in places]


def number_of(found: Episode, claimed: Sequence[Claim], listing: Sequence[Listed]) -> tuple[int, int]:
    entry = place(found, claimed, listing).entry
    return entry.season, entry.number


# -- titles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Low Tide", "low  TIDE"),
        ("Où est-elle ?", "Ou est elle"),
        ("Tomorrow’s Man", "Tomorrow's Man"),
        ("Part—Two", "part two"),
        ("ﬁre", "fire"),
        ("STRAẞE", "strasse"),
    ],
)
def test_titles_are_compared_by_their_letters(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    "text", [None, "", "  ", "…", "TBA", "tbd", "Episode 5", "Folge Nr. 12", "Épisode 3", "7", "12", "Ep.10"]
)
def test_a_generic_title_proves_nothing(text: str | None) -> None:
    assert is_generic(text)
    assert same_title(episode(title="Low Tide"), Listed(2, 1, text)) is None
    assert same_title(episode(title=text), Listed(2, 1, "Low Tide")) is None


@pytest.mark.parametrize("text", ["Low Tide", "24 Hours Later", "Chapter Two", "1408 and beyond", "Pilot"])
def test_a_title_with_words_of_its_own_is_none_of_these(text: str) -> None:
    assert not is_generic(text)


@pytest.mark.parametrize(
    ("title", "original", "same"),
    [
        ("Low Tide", None, True),
        ("Marea baja", "Low Tide", True),
        ("Marea baja", None, False),
        ("Episode 1", "Low Tide", True),
        (None, None, None),
    ],
)
def test_the_original_title_counts_as_well(title: str | None, original: str | None, same: bool | None) -> None:
    assert same_title(episode(title=title, original_title=original), weekly()[0]) is same


@pytest.mark.parametrize(("days", "same"), [(0, True), (1, True), (2, True), (-2, True), (3, False), (-3, False)])
def test_two_days_apart_is_the_same_first_showing(days: int, same: bool) -> None:
    aired = FIRST + timedelta(days=days)
    assert same_day(episode(air_date=aired), weekly()[0]) is same
    assert abs(timedelta(days=days)) <= AIR_DATE_SLACK or not same


def test_a_missing_date_is_neither_the_same_nor_another() -> None:
    assert same_day(episode(), weekly()[0]) is None
    assert same_day(episode(air_date=FIRST), Listed(2, 1)) is None


# -- places --------------------------------------------------------------------------------------------------------


def test_the_episode_id_wins_over_every_number() -> None:
    found = place(episode(ids=EpisodeIds(tmdb=906), title="Low Tide", air_date=FIRST), claims((2, 1)), weekly())
    assert (found.entry.number, found.how) == (7, "TMDB episode id")


@pytest.mark.parametrize(
    ("known", "claimed", "place_of", "how"),
    [
        ({"title": "The Lock Keeper"}, [(2, 5)], (2, 5), "number and title"),
        ({"title": "The Lock Keeper"}, [(2, 4)], (2, 5), "title"),
        ({"title": "The Lock Keeper"}, [], (2, 5), "title"),
        ({"title": "The Lock Keeper", "air_date": FIRST + timedelta(days=29)}, [(2, 1)], (2, 5), "title"),
        ({"air_date": FIRST + timedelta(days=29)}, [(2, 5)], (2, 5), "number and air date"),
        ({"air_date": FIRST + timedelta(days=28)}, [(2, 4)], (2, 5), "air date"),
        ({"air_date": FIRST + timedelta(days=28)}, [], (2, 5), "air date"),
        ({}, [(2, 5)], (2, 5), "number"),
        ({}, [(7, 5), (2, 5)], (2, 5), "number"),
        ({"title": "Die Schleuse"}, [(2, 5)], (2, 5), "number"),
    ],
)
def test_evidence_is_taken_in_its_order(
    known: dict[str, object], claimed: list[tuple[int, int]], place_of: tuple[int, int], how: str
) -> None:
    found = place(episode(**known), claims(*claimed), weekly())
    assert ((found.entry.season, found.entry.number), found.how) == (place_of, how)
    assert found.confidence == ("certain" if "title" in how else "likely")


def test_a_chain_of_evidence_is_as_sure_as_its_weakest_link() -> None:
    certain, likely, unsure = Confidence
    assert (weaker(certain, certain), weaker(certain, likely), weaker(unsure, likely)) == (certain, likely, unsure)


def test_the_first_claim_is_believed_most() -> None:
    same_day_of_release = [replace(entry, air_date=FIRST, title=None) for entry in weekly()]
    found = episode(air_date=FIRST)
    assert number_of(found, claims((2, 3), (2, 5)), same_day_of_release) == (2, 3)
    assert number_of(found, claims((2, 5), (2, 3)), same_day_of_release) == (2, 5)


def test_a_number_whose_date_is_weeks_off_is_not_believed() -> None:
    with pytest.raises(Uncertain) as caught:
        place(episode(air_date=FIRST + timedelta(days=400)), claims((2, 5)), weekly())
    assert caught.value.reason == "nothing there has this title, or this number and air date, for certain"
    lock_keeper = Candidate("Harbour Lights: The Lock Keeper", season=2, number=5, why="aired 2024-12-01")
    assert caught.value.candidates == (lock_keeper,)


def test_a_candidate_without_title_and_date_says_so() -> None:
    with pytest.raises(Uncertain) as caught:
        place(episode(3, 0), claims((0, 3)), [Listed(0, 3)])
    assert caught.value.candidates == (Candidate("Harbour Lights: untitled", season=0, number=3, why="no air date"),)


def test_a_candidate_is_not_named_after_a_show_that_nobody_named() -> None:
    with pytest.raises(Uncertain) as caught:
        place(replace(episode(3, 0), show_title=""), claims((0, 3)), [Listed(0, 3, "Low Tide")])
    assert [one.title for one in caught.value.candidates] == ["Low Tide"]


def test_nobody_has_to_choose_among_more_than_ten() -> None:
    listing = [Listed(2, n, None, FIRST) for n in range(1, 13)]
    with pytest.raises(Uncertain) as caught:
        place(episode(None, None, air_date=FIRST), [], listing)
    assert [c.number for c in caught.value.candidates] == list(range(1, 11))


def test_a_title_that_stands_elsewhere_on_another_day_makes_numbers_worthless() -> None:
    found = episode(title="Low Tide", air_date=FIRST + timedelta(days=28))
    with pytest.raises(Uncertain):
        place(found, claims((2, 5)), weekly())


def test_a_title_used_twice_is_settled_by_the_number() -> None:
    listing = [*weekly(), Listed(3, 1, "Low Tide", FIRST + timedelta(days=365))]
    assert number_of(episode(1, 3, title="Low Tide"), claims((3, 1)), listing) == (3, 1)
    with pytest.raises(Uncertain):
        place(episode(title="Low Tide"), claims((2, 5)), listing)


@pytest.mark.parametrize("listing", [[], weekly()])
def test_what_nobody_lists_is_not_in_the_catalogue_yet(listing: list[Listed]) -> None:
    with pytest.raises(NotInCatalogue, match="S2 E9"):
        place(episode(9, title="High Water", air_date=FIRST + timedelta(days=56)), claims((2, 9)), listing)


def test_specials_never_go_by_their_number_alone() -> None:
    specials = [Listed(0, 1, "Making of", FIRST), Listed(0, 2, None, None)]
    for number in (1, 2):
        with pytest.raises(Uncertain):
            place(episode(number, 0), claims((0, number)), [*specials, *weekly()])
    assert number_of(episode(2, 0, title="Making of"), claims((0, 2)), specials) == (0, 1)
    assert number_of(episode(1, 0, air_date=FIRST), claims((0, 1)), specials) == (0, 1)


def test_episode_0_is_an_episode_like_the_others() -> None:
    listing = [Listed(1, 0, "Before", FIRST - timedelta(days=7)), *weekly(season=1)]
    assert number_of(episode(0, 1), claims((1, 0)), listing) == (1, 0)


def test_absolute_numbers_count_through_the_seasons_and_leave_out_specials() -> None:
    listing = [
        *(replace(entry, title=f"Second {entry.number}b", air_date=entry.air_date) for entry in weekly(4, season=2)),
        Listed(0, 1, "Making of", FIRST - timedelta(days=900)),
        *(
            replace(e, title=f"First {e.number}a", air_date=FIRST - timedelta(days=400 - e.number))
            for e in weekly(3, season=1)
        ),
    ]
    sixth = episode(6, 1, absolute=True, air_date=FIRST + timedelta(days=14))
    assert number_of(sixth, claims((1, 6)), listing) == (2, 3)
    with pytest.raises(NotInCatalogue):
        place(episode(8, 1, absolute=True), claims((1, 8)), listing)
    with pytest.raises(NotInCatalogue):
        place(episode(0, 1, absolute=True), claims((1, 0)), listing)


def test_an_absolute_number_with_its_day_is_enough_whatever_is_claimed() -> None:
    listing = [
        *weekly(3, season=1),
        *(replace(e, air_date=e.air_date + timedelta(days=100)) for e in weekly(4) if e.air_date),
    ]
    for number, place_of, aired in ((1, (1, 1), 1), (6, (2, 3), 115)):
        found = place(
            episode(number, 1, absolute=True, air_date=FIRST + timedelta(days=aired)), claims((1, number)), listing
        )
        assert ((found.entry.season, found.entry.number), found.how) == (place_of, "number and air date")


def test_no_number_counts_from_the_end() -> None:
    with pytest.raises(NotInCatalogue):
        place(episode(-1, 1, absolute=True), claims((1, -1)), weekly(season=1))


def test_an_absolute_episode_without_a_number_goes_by_what_is_claimed() -> None:
    found = place(episode(None, None, absolute=True, air_date=FIRST + timedelta(days=29)), claims((2, 5)), weekly())
    assert (found.entry.number, found.how) == (5, "number and air date")


def test_an_absolute_number_alone_is_not_enough() -> None:
    with pytest.raises(Uncertain):
        place(episode(5, 1, absolute=True), claims((1, 5)), weekly(season=1))


def test_where_two_episodes_aired_on_one_day_the_date_decides_nothing() -> None:
    listing = [Listed(2, n, None, FIRST) for n in (1, 2)]
    with pytest.raises(Uncertain):
        place(episode(None, None, air_date=FIRST), [], listing)


def test_a_daily_show_is_not_placed_a_day_off_because_its_numbers_are() -> None:
    listing = [Listed(2, n, None, FIRST + timedelta(days=n)) for n in range(1, 9)]
    aired = episode(5, air_date=FIRST + timedelta(days=5))
    assert number_of(aired, claims((2, 5)), listing) == (2, 5)
    for wrong in (3, 4, 6, 7):
        with pytest.raises(Uncertain) as caught:
            place(replace(aired, number=wrong), claims((2, wrong)), listing)
        assert (2, 5) in {(c.season, c.number) for c in caught.value.candidates}


# -- what holds always ---------------------------------------------------------------------------------------------

gaps = st.integers(1, 4) | st.integers(5, 30)
numbers = st.integers(0, 3)
runs = st.builds(lambda first, count: range(first, first + count), st.integers(0, 2), st.integers(1, 5))


@st.composite
def listings(draw: st.DrawFn) -> list[Listed]:
    """Complete entries, each with a title and a day of its own: specials, and seasons that may begin with 0."""
    places = [(season, number) for season in range(draw(st.integers(1, 3))) for number in draw(runs)]
    count = len(places)
    titles = draw(st.lists(st.text("abcdefgh ", min_size=3), min_size=count, max_size=count, unique_by=plain))
    day, entries = FIRST, []
    for n, (season, number) in enumerate(places):
        day += timedelta(days=draw(gaps))
        title = titles[n] if not is_generic(titles[n]) else f"Title of {'x' * (n + 1)}"
        entries.append(Listed(season, number, title, day, 1000 + n))
    return entries


def found_in(watched: Episode, claimed: Sequence[Claim], listing: Sequence[Listed]) -> Listed | None:
    """``None`` where it was left undecided, in one of the two ways there are."""
    try:
        return place(watched, claimed, listing).entry
    except NotInCatalogue:
        return None
    except Uncertain as error:
        return None if len(error.candidates) <= 10 else pytest.fail("too many to choose from")


@given(st.data())
def test_the_right_episode_is_found_or_nothing_is(data: st.DataObject) -> None:
    """The source knows title or day, and every number it claims may be wrong; the right entry may be missing."""
    listing = data.draw(listings())
    truth = data.draw(st.sampled_from(listing))
    wrong = data.draw(st.lists(st.sampled_from(listing), max_size=3))
    off = Claim(truth.season, truth.number + data.draw(st.sampled_from([-1, 1])), "off by one")
    claimed = [off, *(Claim(entry.season, entry.number, "wrong") for entry in wrong)]
    tells_title, tells_day = data.draw(st.sampled_from([(True, True), (True, False), (False, True)]))
    watched = episode(
        off.number,
        off.season,
        title=truth.title if tells_title else data.draw(st.sampled_from([None, "Episode 3"])),
        air_date=truth.air_date if tells_day else None,
        absolute=data.draw(st.booleans()),
    )
    listed = data.draw(st.permutations(listing))
    assert found_in(watched, claimed, listed) in (truth, None)


@given(st.data())
def test_a_day_that_is_known_keeps_every_other_episode_out(data: st.DataObject) -> None:
    """The right entry is missing from the catalogue; the days of all others are not near."""
    listing = [e for n, e in enumerate(data.draw(listings())) if n % 2 == 0]
    spread = [replace(entry, air_date=FIRST + timedelta(days=10 * n)) for n, entry in enumerate(listing)]
    missing = FIRST + timedelta(days=10 * data.draw(st.integers(0, 12)) + 5)
    claimed = [Claim(e.season, e.number, "wrong") for e in data.draw(st.lists(st.sampled_from(spread), max_size=3))]
    with pytest.raises((NotInCatalogue, Uncertain)):
        place(episode(title="Not among them", air_date=missing), claimed, spread)


@given(listings(), st.none() | st.text(max_size=8), st.none() | st.dates(FIRST, FIRST + timedelta(days=200)), st.data())
def test_whatever_is_asked_the_answer_is_an_entry_of_the_listing(
    listing: list[Listed], title: str | None, aired: date | None, data: st.DataObject
) -> None:
    claimed = data.draw(st.lists(st.builds(Claim, numbers, numbers, st.just("x")), max_size=3))
    watched = episode(data.draw(st.none() | numbers), data.draw(st.none() | numbers), title=title, air_date=aired)
    assert found_in(watched, claimed, listing) in (None, *listing)


@given(listings(), st.data())
def test_no_special_is_placed_without_title_day_or_id(listing: list[Listed], data: st.DataObject) -> None:
    special = Listed(0, data.draw(st.integers(0, 15)), None, None)
    with pytest.raises((NotInCatalogue, Uncertain)):
        place(episode(special.number, 0), claims((0, special.number)), [special, *(e for e in listing if e.season)])


# -- findings ------------------------------------------------------------------------------------------------------


def test_a_finding_can_be_shown_to_a_person() -> None:
    match = ShowMatch(ShowIds(tmdb=1399), "title search", (Claim(2, 5, "x"), Claim(3, 1, "y")))
    shown = Finding(match, "Harbour Lights", 2024, certain=False).candidate()
    assert (shown.title, shown.year, shown.tmdb, shown.season, shown.number) == ("Harbour Lights", 2024, 1399, 2, 5)
    assert shown.why == "title search"
    bare = Finding(ShowMatch(ShowIds(tmdb=7), "by id")).candidate()
    assert (bare.season, bare.number, bare.year) == (None, None, None)


def test_the_day_alone_is_no_evidence_against_number_and_title() -> None:
    listing = [Listed(1, 3, "Driftwood", FIRST)]
    with pytest.raises((NotInCatalogue, Uncertain)):
        place(Episode("Harbour", 1, 55, "New one", air_date=FIRST), [Claim(1, 55, "theirs")], listing)
    assert place(Episode("Harbour", None, None, "New one", air_date=FIRST), [], listing).how == "air date"
    assert place(Episode("Harbour", 1, 55, None, air_date=FIRST), [Claim(1, 55, "theirs")], listing).how == "air date"


# -- seasons as a whole ---------------------------------------------------------------------------------------------


def up_to(count: int) -> set[int]:
    return set(range(1, count + 1))


@pytest.mark.parametrize(
    ("ours", "theirs", "alike"),
    [
        ({1: up_to(8), 2: up_to(10)}, {0: 2, 1: 8, 2: 10, 3: 4}, {1, 2}),
        ({1: up_to(8), 2: up_to(9)}, {1: 8, 2: 10}, {1}),
        ({1: up_to(8), 2: {1, 2, 4}}, {1: 8, 2: 3}, set()),  # there is a fourth: counted otherwise
        ({1: up_to(8), 2: {2, 3}}, {1: 8, 2: 3}, {1}),
        ({1: up_to(8), 2: {0, 1}}, {1: 8, 2: 2}, {1}),
        ({1: up_to(8), 2: up_to(1)}, {1: 8}, set()),
        ({1: up_to(9), 2: up_to(10)}, {1: 8, 2: 10}, set()),
        ({0: up_to(2), 1: up_to(8)}, {0: 2, 1: 8}, {1}),
        ({0: up_to(3), 1: up_to(8)}, {0: 2, 1: 8}, {1}),
        ({1: set(), 2: up_to(1)}, {1: 0, 2: 1}, {2}),
        ({}, {1: 8}, set()),
    ],
)
def test_seasons_are_counted_alike_where_all_numbers_are_there_and_none_is_too_many(
    ours: dict[int, set[int]], theirs: dict[int, int], alike: set[int]
) -> None:
    assert counted_alike(ours, theirs) == alike


@given(
    st.dictionaries(st.integers(0, 4), st.sets(st.integers(0, 12))), st.dictionaries(st.integers(0, 4), st.integers())
)
def test_what_is_counted_alike_has_the_same_numbers_on_both_sides(
    ours: dict[int, set[int]], theirs: dict[int, int]
) -> None:
    for season in counted_alike(ours, theirs):
        assert season > 0
        assert ours[season] == up_to(theirs[season]) != set()


def test_gapless_begins_with_one_and_is_not_nothing() -> None:
    assert is_gapless({1}, 1)
    assert is_gapless({2, 1, 3}, 3)
    assert not is_gapless({1, 3}, 2)
    assert not is_gapless({0, 1}, 2)
    assert not is_gapless({2}, 1)
    assert not is_gapless(set(), 0)
    assert not is_gapless(set(), -1)


# -- a show that is known by its name alone ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "entry", "believed"),
    [
        ({"title": None}, {}, True),
        ({"title": "The Ferry"}, {"title": "the ferry"}, True),
        ({"title": "The Ferry"}, {"title": "Low Water"}, False),
        ({"title": "Folge 5"}, {"title": "Low Water"}, True),
        ({"title": None, "air_date": date(2024, 3, 1)}, {"air_date": date(2024, 3, 2)}, True),
        ({"title": None, "air_date": date(2024, 3, 1)}, {"air_date": date(2024, 9, 2)}, False),
        (
            {"title": "The Ferry", "air_date": date(2024, 3, 1)},
            {"title": "The Ferry", "air_date": date(2020, 1, 1)},
            False,
        ),
    ],
)
def test_an_episode_of_a_show_known_by_name_must_not_be_contradicted(
    told: dict[str, Any], entry: dict[str, Any], believed: bool
) -> None:
    named, known = ShowMatch(ShowIds(tmdb=1), BY_NAME), ShowMatch(ShowIds(tmdb=1), "TMDB show id")
    assert agrees(named, episode(**told), Listed(2, 5, **entry)) is believed
    assert agrees(known, episode(**told), Listed(2, 5, **entry))


@pytest.mark.parametrize(
    ("title", "year", "name", "when"),
    [
        ("Harbour Lights", None, "Harbour Lights", None),
        ("Harbour Lights (2021)", None, "Harbour Lights", 2021),
        ("Harbour Lights (2021) ", 2020, "Harbour Lights", 2020),
        ("Harbour Lights (US)", None, "Harbour Lights", None),
        ("Harbour (2021) Lights", None, "Harbour (2021) Lights", None),
        ("(2021)", None, "(2021)", 2021),
    ],
)
def test_a_year_or_country_behind_a_title_is_no_part_of_it(
    title: str, year: int | None, name: str, when: int | None
) -> None:
    assert bare(title) == name
    assert year_of(Episode(title, 1, 1, show_year=year)) == when
