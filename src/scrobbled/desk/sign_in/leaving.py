"""Signing out: a sign-in is ended at its service, where that can be, and forgotten here."""

from __future__ import annotations

from scrobbled.core.errors import TrackerError
from scrobbled.core.words.outcomes import told
from scrobbled.desk.sign_in.ways import SignInWay
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.trackers.given import SignIn

NOT_ENDED = "The service could not be told: {} End it there as well, among the devices or apps of the account."
STAYS = "The service was not told, as it knows no way; where its site lists devices or apps, end it there as well."


async def sign_out(way: SignInWay, request: SignIn, store: Store, tracker: str) -> str:
    """Forgets the sign-in, whatever its service says of that; what was agreed on, watched and brought over stays.

    Returns what is left for a person to do, empty where it is ended there as well. A running service stops using it
    within a second.
    """
    left = await _ended(way, request)
    await request.tokens.forget()
    now = request.clock.now().timestamp()
    await store.write(lambda db: sign_ins.signed_out(db, request.viewer, tracker, now))
    return left


async def _ended(way: SignInWay, request: SignIn) -> str:
    if await request.tokens.load() is None:
        return ""
    if way.sign_out is None:
        return STAYS
    try:
        await way.sign_out(request)
    except TrackerError as error:
        return NOT_ENDED.format(told(error.reason))
    return ""
