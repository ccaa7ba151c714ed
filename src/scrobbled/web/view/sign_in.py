"""How a sign-in looks: what is said of it, and which of its few faces is shown."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.sign_in.page import SignInStory
from scrobbled.trackers.given import SignInField
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.qr import Qr, qr


class SignInCard(Struct, frozen=True):
    """``face`` is ``waiting``, ``done``, ``over`` or ``ready``. ``account`` is a code that reads well aloud."""

    viewer: str
    tracker: str
    name: str
    face: str
    tone: str
    icon: str
    word: str
    text: str
    asks: tuple[SignInField, ...]
    account: str
    delivers: bool
    waits: bool
    libraries: bool
    code: str
    code_parts: tuple[str, ...]
    url: str
    link: str
    until: Moment | None
    qr: Qr | None


def shown(story: SignInStory, now: datetime) -> SignInCard:
    """For the page of one account, and for its line in the list."""
    tone, icon, word = _look(story)
    waiting = story.waiting
    return SignInCard(
        viewer=story.viewer,
        tracker=story.tracker,
        name=words.name(story.tracker),
        face=_face(story),
        tone=tone,
        icon=icon,
        word=word,
        text=_text(story),
        asks=story.asks,
        account=story.account,
        delivers=story.delivers,
        waits=story.waits,
        libraries=story.libraries,
        code=waiting.code if waiting else "",
        code_parts=_parts(waiting.code) if waiting else (),
        url=waiting.url if waiting else "",
        link=waiting.link if waiting and _is_address(waiting.link) else "",
        until=moment(waiting.until, now) if waiting else None,
        qr=qr(waiting.link) if waiting and len(waiting.link) <= LONGEST_LINK else None,
    )


LONGEST_LINK = 1_000
_COMMAND = ". Run: scrobbled auth"


def _is_address(link: str) -> bool:
    """What a service tells is followed by a click only where it is an ordinary address."""
    return link.startswith(("https://", "http://"))


def _face(story: SignInStory) -> str:
    return story.step if story.step in ("waiting", "done", "over") else "ready"


def _look(story: SignInStory) -> tuple[str, str, str]:
    """Tone, icon and word."""
    if story.step == "waiting":
        return "waiting", "clock", "waiting for you"
    if story.step == "over":
        return "need", "alert", "did not work"
    if story.step == "done" or (story.signed_in and story.state in ("ok", "new")):
        return "ok", "check", "signed in"
    if story.state == "sign-in" or not story.signed_in:
        return "need", "key", "needs you" if story.state == "sign-in" else "not signed in"
    if story.state == "down":
        return "down", "cloud", "down just now"
    return "need", "alert", story.state


def _text(story: SignInStory) -> str:
    name = words.name(story.tracker)
    if story.step == "done":
        return f"Signed in to {name} as {story.text}." if story.text else f"Signed in to {name}."
    if story.step == "over":
        return told(story.text)
    if story.step == "waiting" or story.state not in ("sign-in", "stopped", "drift", "down"):
        return ""
    return told(story.reason.partition(_COMMAND)[0])  # what the command would do, the buttons here do


def sentence(reason: str) -> str:
    """Why a sign-in did not work."""
    return told(reason)


def _parts(code: str) -> tuple[str, ...]:
    """In two halves where it is long, as people read it."""
    half = len(code) // 2
    return (code[:half], code[half:]) if len(code) >= 8 and len(code) % 2 == 0 else (code,)
