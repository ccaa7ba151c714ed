"""Which show an episode belongs to: the chain of catalogues, what is remembered, and what is left undecided."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.catalogues.resolve import Resolver
from scrobbled.core.errors import ContractDrift, LoginNeeded, TrackerError, TryLater, Uncertain
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode, Origin
from scrobbled.core.naming.matching import Claim, Confidence, Finding, ShowMatch, plain
from scrobbled.core.naming.titles import SeasonSize, Title, TitleKind

EPISODE = Episode("Harbour Lights", 2, 5, show_ids=ShowIds(tvdb=429), origin=Origin("nas", "90412", show_key="90400"))
OWN = Claim(2, 5, "the media server's numbers")


def finding(tmdb: int | None, *, certain: bool = True, **ids: Any) -> Finding:
    claims = (Claim(3, 1, f"says {tmdb}"),)
    return Finding(
        ShowMatch(ShowIds(tmdb=tmdb, **ids), f"found {tmdb}", claims), "Harbour Lights", 2024, certain=certain
    )


@dataclass
class Asked:
    """A catalogue that answers as it was told."""

    answer: Sequence[Finding] | TrackerError = ()
    questions: list[tuple[Episode, bool]] = field(default_factory=list)

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        self.questions.append((episode, deeper))
        if isinstance(self.answer, TrackerError):
            raise self.answer
        return self.answer


@dataclass
class Notes:
    kept: dict[str, Any] = field(default_factory=dict)

    async def get(self, key: str) -> Any:
        return self.kept.get(key)

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        assert seconds >= (3_600 if key.startswith("named:") else 86_400)
        self.kept[key] = value


def resolver(*answers: Sequence[Finding] | TrackerError, notes: Notes | None = None) -> tuple[Resolver, list[Asked]]:
    asked = [Asked(answer) for answer in answers]
    return Resolver(asked, notes or Notes()), asked


async def test_the_id_of_the_media_server_needs_nobody() -> None:
    chain, asked = resolver([finding(1)])
    match = await chain.show_of(replace(EPISODE, show_ids=ShowIds(tmdb=1399)))
    assert (match.ids.tmdb, match.claims) == (1399, (OWN,))
    assert asked[0].questions == []


async def test_the_first_certain_answer_wins_and_is_remembered_under_the_servers_key() -> None:
    notes = Notes()
    chain, asked = resolver([], [finding(7)], [finding(8)], notes=notes)
    match = await chain.show_of(EPISODE)
    assert match.ids == ShowIds(tmdb=7, tvdb=429)
    assert match.claims == (Claim(3, 1, "says 7"), OWN)
    assert asked[2].questions == []
    assert list(notes.kept) == ["show:nas:90400:None"]
    again = await resolver(notes=notes)[0].show_of(EPISODE)
    assert (again.ids, again.method, again.claims) == (match.ids, "found 7", (OWN,))
    with pytest.raises(Uncertain):
        await resolver(notes=notes)[0].show_of(replace(EPISODE, show_ids=ShowIds(tvdb=429, plex="plex://show/mended")))


async def test_without_a_key_on_a_server_nothing_is_remembered() -> None:
    notes = Notes()
    await resolver([finding(7)], notes=notes)[0].show_of(replace(EPISODE, origin=None))
    assert notes.kept == {}


async def test_ids_that_one_catalogue_knows_help_to_ask_the_next() -> None:
    chain, asked = resolver([finding(None, imdb="tt7")], [finding(7)])
    await chain.show_of(EPISODE)
    assert asked[1].questions[0][0].show_ids == ShowIds(tvdb=429, imdb="tt7")


async def test_a_suggestion_helps_nobody_and_is_shown_to_people() -> None:
    chain, asked = resolver([finding(7, certain=False, imdb="tt7")], [finding(None, certain=False)])
    with pytest.raises(Uncertain, match="Harbour Lights") as caught:
        await chain.show_of(EPISODE)
    assert [candidate.tmdb for candidate in caught.value.candidates] == [7]
    assert asked[1].questions[0][0] == EPISODE


async def test_two_certain_shows_are_none() -> None:
    with pytest.raises(Uncertain) as caught:
        await resolver([finding(7), finding(8)])[0].show_of(EPISODE)
    assert [candidate.tmdb for candidate in caught.value.candidates] == [7, 8]
    assert (await resolver([finding(7), finding(7)])[0].show_of(EPISODE)).ids.tmdb == 7


async def test_a_catalogue_that_is_down_is_passed_over_where_another_knows() -> None:
    notes = Notes()
    match = await resolver(TryLater("down"), [finding(7)], notes=notes)[0].show_of(EPISODE)
    assert match.ids.tmdb == 7


@pytest.mark.parametrize("others", [[], [finding(8, certain=False)]])
async def test_nothing_is_left_to_a_person_while_somebody_who_may_know_is_down(others: list[Finding]) -> None:
    for answers in ([TryLater("down", after=40.0), others], [others, TryLater("down", after=40.0)]):
        with pytest.raises(TryLater, match="down") as caught:
            await resolver(*answers)[0].show_of(EPISODE)
        assert caught.value.after == 40.0


@pytest.mark.parametrize("error", [LoginNeeded("wrong key"), ContractDrift("HTML")])
async def test_a_catalogue_that_needs_a_person_does_not_keep_suggestions_from_people(error: TrackerError) -> None:
    with pytest.raises(Uncertain):
        await resolver(error, [finding(8, certain=False)])[0].show_of(EPISODE)
    with pytest.raises(TryLater):
        await resolver(error, [])[0].show_of(EPISODE)


async def test_asking_deeper_asks_everybody_and_puts_their_claims_before_our_own() -> None:
    notes = Notes({"show:nas:90400:None": {"ids": {"tmdb": 99}, "method": "old"}})
    chain, asked = resolver([finding(7)], [finding(8)], [finding(7)], notes=notes)
    match = await chain.show_of(EPISODE, deeper=True)
    assert all(one.questions[0][1] for one in asked)
    assert (match.ids.tmdb, match.claims) == (7, (Claim(3, 1, "says 7"), OWN))


async def test_an_episode_without_numbers_claims_none() -> None:
    match = await resolver([finding(7)])[0].show_of(replace(EPISODE, season=None))
    assert match.claims == (Claim(3, 1, "says 7"),)


# -- by title, year and number alone ---------------------------------------------------------------------------------

NAMED = Episode("Harbour Lights", 2, 5, show_year=2020, origin=Origin("player", "7", show_key="harbour"))
SHOW = Title("show", "Harbour Lights", 2020, 7, seasons=(SeasonSize(2, 10),))
NIGHT = Title("show", "Harbour Lights at Night", 2020, 9)


@dataclass
class Searched:
    """A catalogue in which a title can be looked for, and that answers as it was told."""

    answer: Sequence[Title] | TrackerError = (SHOW,)
    measures: Sequence[SeasonSize] | None = None
    asked: list[tuple[str, int | None, str]] = field(default_factory=list)
    kinds: frozenset[TitleKind] = frozenset({"show"})

    async def search(self, query: str, year: int | None, kind: TitleKind) -> Sequence[Title]:
        self.asked.append((query, year, kind))
        if isinstance(self.answer, TrackerError):
            raise self.answer
        return self.answer

    async def sizes(self, tmdb: int) -> Sequence[SeasonSize] | None:
        return self.measures


def named(
    *searched: Searched, finders: Sequence[Sequence[Finding] | TrackerError] = ((),), notes: Notes | None = None
) -> Resolver:
    chain = [Asked(answer) for answer in finders]
    return Resolver(chain, notes or Notes(), {f"c{number}": one for number, one in enumerate(searched)})


async def test_a_show_that_is_the_only_one_of_its_title_and_year_everywhere_is_believed() -> None:
    suggestion = replace(finding(7, certain=False), year=2020)
    for finders in (
        [()],
        [[suggestion]],
        [[replace(suggestion, year=None)]],
        [[replace(finding(8, certain=False), title="X")]],
    ):
        match = await named(Searched([NIGHT, SHOW]), Searched(), finders=finders).show_of(NAMED)
        assert (match.ids.tmdb, match.method, match.claims) == (7, "title and year", (OWN,))
        assert match.confidence is Confidence.LIKELY


async def test_a_catalogue_is_asked_once_an_hour_and_each_number_is_looked_at_again() -> None:
    one, notes = Searched(), Notes()
    chain = named(one, notes=notes)
    for number in (5, 6, 5):
        assert (await chain.show_of(replace(NAMED, number=number))).ids.tmdb == 7
    with pytest.raises(Uncertain):
        await chain.show_of(replace(NAMED, number=11))
    assert one.asked == [("Harbour Lights", 2020, "show")]
    assert [key for key in notes.kept if key.startswith("show:")] == [], "the next number may be one that nobody has"


async def test_how_long_a_season_is_is_asked_where_the_search_leaves_it_open() -> None:
    unmeasured = replace(SHOW, seasons=None)
    assert (await named(Searched([unmeasured], SHOW.seasons)).show_of(NAMED)).ids.tmdb == 7
    with pytest.raises(Uncertain):
        await named(Searched([unmeasured], None)).show_of(NAMED)


@pytest.mark.parametrize(
    "episode",
    [
        replace(NAMED, show_year=None),
        replace(NAMED, season=None),
        replace(NAMED, number=None),
        replace(NAMED, season=0, number=1),
        replace(NAMED, absolute=True),
        replace(NAMED, number=11),
        replace(NAMED, show_year=2021),
        replace(NAMED, show_ids=ShowIds(tvdb=429)),
        replace(NAMED, ids=EpisodeIds(imdb="tt0000001")),
    ],
)
async def test_what_names_less_or_an_id_is_as_uncertain_as_ever(episode: Episode) -> None:
    with pytest.raises(Uncertain):
        await named(Searched()).show_of(episode)


@pytest.mark.parametrize(
    "searched",
    [
        [],
        [Searched([])],
        [Searched(), Searched([NIGHT])],
        [Searched([SHOW, replace(SHOW, tmdb=8)])],
        [Searched(), Searched([replace(SHOW, tmdb=8)])],
        [Searched(LoginNeeded("the key is refused"))],
        [Searched(), Searched(ContractDrift("strange"))],
    ],
)
async def test_any_doubt_leaves_it_to_a_person(searched: list[Searched]) -> None:
    with pytest.raises(Uncertain):
        await named(*searched).show_of(NAMED)


async def test_a_suggestion_of_another_show_of_that_name_is_a_doubt() -> None:
    with pytest.raises(Uncertain):
        await named(Searched(), finders=[[replace(finding(8, certain=False), year=2020)]]).show_of(NAMED)


@pytest.mark.parametrize("finders", [[()], [[finding(7, certain=False)]]])
async def test_a_catalogue_that_does_not_answer_is_a_doubt_that_may_pass(finders: Any) -> None:
    down, notes = Searched(TryLater("Trakt does not answer", after=30)), Notes()
    chain = named(Searched(), down, finders=finders, notes=notes)
    with pytest.raises(TryLater) as caught:
        await chain.show_of(NAMED)
    assert caught.value.after == 30
    down.answer = [SHOW]
    assert (await chain.show_of(NAMED)).ids.tmdb == 7
    silent = named(Searched(), finders=[TryLater("down")])
    with pytest.raises(TryLater):
        await silent.show_of(NAMED)


answers = st.lists(
    st.builds(
        Title,
        st.just("show"),
        st.sampled_from(["Harbour Lights", "harbour lights", "Harbour"]),
        st.sampled_from([2020, 2019, None]),
        st.sampled_from([7, 8, None]),
        seasons=st.just(SHOW.seasons),
    ),
    max_size=3,
)


@given(st.lists(st.one_of(answers, st.just(TryLater("down")), st.just(LoginNeeded("key"))), max_size=3))
async def test_never_with_two_of_that_title_and_year_and_never_with_anybody_silent(
    told: list[Sequence[Title] | TrackerError],
) -> None:
    try:
        match = await named(*map(Searched, told)).show_of(NAMED)
    except (Uncertain, TryLater):
        return
    rows = [one for answer in told for one in answer]  # whoever raised is no list, and fails here
    assert {one.tmdb for one in rows if plain(one.title) == "harbour lights" and one.year != 2019} == {match.ids.tmdb}
