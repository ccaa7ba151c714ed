"""What only a person can move on, as cards: accounts, the house, and all that is to be decided."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.facts.house import AccountStatus, UnclaimedStatus
from scrobbled.desk.facts.run_words import with_names
from scrobbled.desk.needs import questions
from scrobbled.desk.needs.card import KINDS, Card, NeedAnswer, about, trackers
from scrobbled.desk.needs.change_cards import conflict_card, flood_card, group_card
from scrobbled.desk.needs.questions import NeedFacts, PlanNeed, RefusedWebhooks, ServerNeed
from scrobbled.runtime.troubles import OpenTrouble

KEPT = "Plays are kept and sent when it works again."


def cards(facts: NeedFacts, viewers: Sequence[str]) -> list[Card]:
    """Every question that wants an answer, in the order of ``KINDS``."""
    found = [
        *map(_broken, facts.broken),
        *map(_lapsing, facts.lapsing),
        *map(flood_card, facts.floods),
        *map(group_card, facts.groups),
        *map(conflict_card, facts.conflicts),
        *map(_plan, facts.plans),
        *(_unclaimed(row, viewers) for row in facts.unclaimed),
        *map(_server, facts.servers),
        *map(_refused, facts.refused),
        *map(_trouble, facts.troubles),
    ]
    order = list(KINDS)
    return sorted(found, key=lambda card: order.index(card.kind))


def waiting(facts: NeedFacts) -> list[Card]:
    """What waits by itself: told, but nothing is asked."""
    return list(map(group_card, facts.parked))


def _broken(row: AccountStatus) -> Card:
    tracker, (icon, question, advice) = words.name(row.tracker), _BROKEN[row.state]
    answers = [NeedAnswer("retry", "Try again now")]
    if row.state == "sign-in":
        answers.insert(0, _sign_in(row))
    return Card(
        id=questions.id_of(row),
        kind="account",
        code=row.state,
        tone="need",
        icon=icon,
        question=question.format(tracker=tracker, viewer=row.viewer),
        about=about(row.viewer, tracker),
        text=" ".join(filter(None, (told(_without_commands(row.reason)), advice, KEPT))),
        answers=tuple(answers),
        since=row.since,
    )


def _lapsing(row: AccountStatus) -> Card:
    tracker = words.name(row.tracker)
    return Card(
        id=questions.id_of(row),
        kind="account",
        code="lapses",
        tone="need",
        icon="key",
        question=f"{row.viewer}'s sign-in at {tracker} ends soon",
        about=about(row.viewer, tracker),
        text="It does not renew itself. Sign in once more and nothing is interrupted.",
        answers=(_sign_in(row),),
        since=row.token_expires,
    )


def _sign_in(row: AccountStatus) -> NeedAnswer:
    return NeedAnswer("open", "Sign in", to=f"sign-in/{quote(row.viewer, safe='')}/{quote(row.tracker, safe='')}")


def _without_commands(reason: str) -> str:
    """What a command would do is what a button does here."""
    for mark in (". Run: ", ", then run: ", "; run: "):
        reason = reason.partition(mark)[0]
    return reason


_BROKEN = {
    "sign-in": ("key", "{tracker} needs {viewer} to sign in", ""),
    "stopped": ("stop", "{tracker} has shut {viewer} out", "Look at the account on its website, then try again."),
    "drift": (
        "alert",
        "{tracker} answers in a way we do not know",
        "Writing there has stopped, so that nothing is damaged. It is tried again by itself, at least every hour, and "
        "often that is all it takes; if it lasts for a day, check for an update of scrobbled.",
    ),
}


def _plan(plan: PlanNeed) -> Card:
    return Card(
        id=questions.named("n", "plan", plan.run),
        kind="plan",
        code="approval",
        tone="need",
        icon="sync",
        question=f"Should this plan for {trackers(plan.trackers)} be carried out?",
        about=about(plan.viewer),
        text=f"{told(with_names(plan.reason, ','.join(plan.trackers)))} Nothing is changed until you approve it.",
        answers=(NeedAnswer("open", "Look at the plan", to=f"sync/runs/{plan.run}"),),
    )


def _unclaimed(row: UnclaimedStatus, viewers: Sequence[str]) -> Card:
    source = words.name(row.source)
    heard = words.plural(row.events, "message")
    return Card(
        id=questions.id_of(row),
        kind="unclaimed",
        code="unclaimed",
        tone="need",
        icon="question",
        question=f"Who is {row.account} on {source}?" if row.account else f"Who watches on {source}?",
        about=" · ".join(filter(None, (source, heard, row.label))),
        text="Nothing of this account is sent anywhere. Say whose it is, and what waited is delivered.",
        answers=(
            *(NeedAnswer("claim", f"This is {viewer}", value=viewer) for viewer in viewers),
            NeedAnswer("guest", "None of us"),
        ),
        since=row.last_heard,
        yaml=row.yaml,
    )


def _server(server: ServerNeed) -> Card:
    source = words.name(server.source)
    refused = server.state == "sign-in"
    return Card(
        id=questions.named("n", "server", server.source, server.state),
        kind="house",
        code=server.state,
        tone="need",
        icon="key" if refused else "alert",
        question=f"{source} does not take our token" if refused else f"{source} answers in a way we do not know",
        about=f"sources.{server.source}",
        text=f"{told(server.reason)} Webhooks still count; what is lost of them is not made up for.",
        answers=(NeedAnswer("open", "Open the settings", to="settings"),),
    )


def _refused(refused: RefusedWebhooks) -> Card:
    source = words.name(refused.source)
    return Card(
        id=questions.named("n", "refused", refused.source),
        kind="house",
        code="refused",
        tone="need",
        icon="alert",
        question=f"Something reports to {source}'s address with a wrong secret",
        about=f"{words.plural(refused.count, 'message')} turned away",
        text="If that is your server, give it the address as it is now; nothing it tells is heard until then.",
        answers=(NeedAnswer("open", "Show the address", to=f"set-up/{quote(refused.source, safe='')}"),),
        since=refused.last,
    )


def _trouble(trouble: OpenTrouble) -> Card:
    settings = (NeedAnswer("open", "Open the settings", to="settings"),)
    title = trouble.title.removeprefix("scrobbled: ")  # in an alert it says who speaks
    return Card(
        id=questions.named("n", trouble.kind, trouble.subject),
        kind="house",
        code=trouble.kind,
        tone="need",
        icon="alert",
        question=title[:1].upper() + title[1:],
        about=trouble.viewer or "",
        text=trouble.text,
        answers=settings if trouble.kind in ("configuration", "backup") else (),
        since=trouble.since,
    )
