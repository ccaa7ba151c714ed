"""Which show an episode belongs to: the chain of catalogues, what is remembered, and what is left undecided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import ContractDrift, LoginNeeded, TrackerError, TryLater, Uncertain
from scrobbled.core.ids import ShowIds
from scrobbled.core.items import Episode, Origin
from scrobbled.core.matching import Claim, Finding, ShowMatch
from scrobbled.resolve import Resolver

pytestmark = pytest.mark.anyio
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
        assert seconds >= 86_400
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
