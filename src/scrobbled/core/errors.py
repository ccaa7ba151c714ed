"""What can go wrong, named by what to do next and not by what HTTP said.

::

    ScrobbledError
    ├── ConfigError        fix the configuration; all problems are listed
    ├── BadPayload         the request cannot be read; the sender gets a 400
    ├── BadCorrection      what was typed makes no correction; the text says how to write it
    ├── BadFile            a file to be imported cannot be used; the text says what to do
    ├── NotWritten         the configuration file cannot be changed for them; the text has what to write there
    ├── NotRegistered      a media server did not take our webhook; the text says what to do instead
    ├── StoreError         the database cannot be used safely
    └── TrackerError       a tracker or catalogue did not do what was asked
        ├── TryLater       network, 5xx, 429: the same again, later
        ├── LoginNeeded    only the account's owner can help; the account pauses
        │   └── NeverSignedIn  so far nobody has signed in at all
        ├── AccountStopped the service shut the account or the app out; the account pauses
        ├── ListClosed     one list of the account takes nothing more; everything else goes on
        ├── ContractDrift  the answer is not what this service is known to answer; writing stops
        ├── NotInCatalogue the service does not know the item yet; asked again with growing distance
        ├── Uncertain      the item cannot be identified beyond doubt; never sent, needs a correction
        └── Refused        refused for good; shown, never booked as done
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from scrobbled.core.kinds import Kind
from scrobbled.core.sending.room import Closing
from scrobbled.core.words.reasons import Code, Reason

UNSAID = "it did not work, and no reason was given"
"""Where an error of ours says nothing, as its words were somebody else's."""


class ScrobbledError(Exception):
    """Base of all errors we raise on purpose; the text is written for the owner of the server, and never empty."""

    def __str__(self) -> str:
        return super().__str__().strip() or UNSAID


class BadPayload(ScrobbledError):
    """A webhook body that cannot be read."""


class BadCorrection(ScrobbledError):
    """What a person typed makes no correction."""


class BadFile(ScrobbledError):
    """A file that was given for import cannot be used."""


class NotWritten(ScrobbledError):
    """The configuration file could not be changed, and is as it was."""


class NotRegistered(ScrobbledError):
    """A media server did not take our webhook, or nobody knows whether it did."""


class StoreError(ScrobbledError):
    """The database is in use by another instance, corrupt, from a newer version, or on a full disk."""


class ConfigError(ScrobbledError):
    """Every problem found in the configuration, each with YAML path and line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class TrackerError(ScrobbledError):
    """``in_doubt`` is true when a write that must not be repeated may have taken effect all the same."""

    code = Code.FAILED

    def __init__(self, reason: str, *, in_doubt: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason.strip() or UNSAID
        self.in_doubt = in_doubt

    @property
    def coded(self) -> Reason:
        """The reason with its code."""
        return Reason(self.reason, self.code)


class TryLater(TrackerError):
    """``after`` is what the service asked for (``Retry-After``), in seconds.

    ``limited`` says that we asked too much, and ``limit`` is what the service tells of that (``X-Ratelimit``).
    """

    code = Code.TRY_LATER

    def __init__(
        self,
        reason: str,
        *,
        after: float | None = None,
        in_doubt: bool = False,
        limited: bool = False,
        limit: str = "",
    ) -> None:
        super().__init__(reason, in_doubt=in_doubt)
        self.after, self.limited, self.limit = after, limited, limit


class LoginNeeded(TrackerError):
    """Sign in again; plays are kept meanwhile."""

    code = Code.SIGN_IN


class NeverSignedIn(LoginNeeded):
    """Nobody has signed in to it yet, and nothing was tried."""


class AccountStopped(TrackerError):
    """Locked account, revoked app, exhausted limit: the service wants a person to act."""

    code = Code.STOPPED


class ListClosed(TrackerError):
    """A list of the account takes nothing more: it is full, or not for this account. Everything else goes on."""

    code = Code.LIST_CLOSED

    def __init__(self, reason: str, kind: Kind, closing: Closing, *, most: int | None = None) -> None:
        """``most`` is how much it may hold, where the service says so."""
        super().__init__(reason)
        self.kind, self.closing, self.most = kind, closing, most


class ContractDrift(TrackerError):
    """HTML for JSON, a missing key, a wrong type. ``reason`` names the request and the key."""

    code = Code.DRIFT


class NotJson(ContractDrift):
    """Of no shape at all: a web page of whoever stands in between, or an answer that was cut."""


class NotInCatalogue(TrackerError):
    """Identified, but unknown to this service today."""

    code = Code.NOT_IN_CATALOGUE


class NoLongerThere(NotInCatalogue):
    """It was in the library, and is not any more: nothing of it is wanted there, unless a later read finds it again."""

    code = Code.NOT_TAKEN


class Refused(TrackerError):
    """This change, as it is, will never be accepted. ``said`` is what the service said of it, if anything."""

    code = Code.REFUSED

    def __init__(self, reason: str, *, in_doubt: bool = False, said: str = "") -> None:
        super().__init__(reason, in_doubt=in_doubt)
        if "not found" in said.casefold():  # in whichever words: of an episode, a show, a season
            self.code = Code.NOT_FOUND


def said(error: BaseException) -> str:
    """What an error of others says, for a sentence of ours: without its number, and never empty."""
    own = error.strerror if isinstance(error, OSError) else None
    if text := (own or str(error)).strip():
        return text
    name = type(error).__name__
    return f"it took too long ({name})" if "Timeout" in name else f"{name}, without a word more"


class Candidate(Struct, frozen=True):
    """A possible match to show a person."""

    title: str
    year: int | None = None
    tmdb: int | None = None
    """TMDB *show* id, or movie id for a movie."""
    season: int | None = None
    number: int | None = None
    why: str = ""


class Uncertain(TrackerError):
    """No match, or several; ``candidates`` are what a person may choose from."""

    code = Code.UNCERTAIN

    def __init__(self, reason: str, candidates: Sequence[Candidate] = ()) -> None:
        super().__init__(reason)
        self.candidates = tuple(candidates)
