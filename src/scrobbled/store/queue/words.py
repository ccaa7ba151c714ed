"""What stands in a row of the queue, and what SQL asks about it."""

from __future__ import annotations

from scrobbled.core.words.reasons import Code, Reason, coded

IN_FLIGHT = "in-flight"
IN_DOUBT = "in-doubt"
INTERRUPTED = "interrupted during the write"
DROPPED = "dropped by hand"
RESTORED = Reason("restored from a backup: looked up before it is sent", Code.RESTORED)
AGAIN = "taken from where it did not belong, and sent where it does"
CANCELLED = "its run was cancelled"
"""Why something was not sent that a later run may find again."""
SAYS = "reason = ?, code = ?, about = ?"
"""As SQL, to set what ``said`` gives."""
SAYS_NOTHING = "reason = '', code = '', about = NULL"
"""As SQL: why it came to what it was matters no more."""
SET_FREE = f"(outbox.state = 'undone' AND outbox.code = '{Code.CANCELLED}')"
"""As SQL: nobody has decided about it."""
OF_A_CANCELLED_RUN = "EXISTS (SELECT 1 FROM runs WHERE runs.id = {}.run AND runs.phase = 'cancelling')"
"""As SQL, for a table: it is about to be taken out of the queue, and nothing of it is sent any more."""
WAS_TAKEN_BACK = f"(outbox.state = 'undone' AND outbox.code = '{Code.TAKEN_BACK}')"
"""As SQL: by ``undo``."""
_TAKES_BACK = "amendments.state IN ('queued', 'parked', 'unmatched', 'dead')"
TO_BE_TAKEN_BACK = f"EXISTS (SELECT 1 FROM amendments WHERE amendments.change_id = outbox.id AND {_TAKES_BACK})"
"""As SQL: somebody wants a change in ``outbox`` taken back, and that is not settled yet."""
ANY_TO_BE_TAKEN_BACK = (
    "SELECT 1 FROM amendments INDEXED BY amendments_taking_back WHERE amendments.viewer = :viewer "
    f"AND amendments.tracker = :tracker AND amendments.change_id IS NOT NULL AND {_TAKES_BACK} LIMIT 1"
)
"""A query: whether that holds for any change of an account."""
DONE = "('delivered', 'already-there', 'echo', 'unwanted', 'undone')"
"""As SQL: the outcomes after which nothing waits any more. The indexes of what is open name the same."""
IS_ANOTHER = f"({{0}}.state = 'already-there' AND {{0}}.code = '{Code.SAME_VIEWING}')"
"""As SQL, for a row of ``outbox``: its play proved to be the viewing of another one."""


def said(reason: str) -> tuple[str, str, int | None]:
    """Values of ``reason``, ``code`` and ``about``."""
    why = coded(reason)
    return str(why), why.code, why.about
