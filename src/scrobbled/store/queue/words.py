"""What stands in a row of the queue, and what SQL asks about it."""

from __future__ import annotations

IN_FLIGHT = "in-flight"
IN_DOUBT = "in-doubt"
INTERRUPTED = "interrupted during the write"
SAME_VIEWING = "the same viewing is play "
"""How the reason begins of a play that is ``already-there`` because another one is; its id follows."""
DROPPED = "dropped by hand"
AGAIN = "taken from where it did not belong, and sent where it does"
TAKEN_BACK = "taken back"
"""How the reason begins of what ``undo`` took back: no report of the same viewing is sent again."""
CANCELLED = "its run was cancelled"
"""Why something was not sent that a later run may find again."""
SET_FREE = f"(outbox.state = 'undone' AND outbox.reason = '{CANCELLED}')"
"""As SQL: nobody has decided about it."""
OF_A_CANCELLED_RUN = "EXISTS (SELECT 1 FROM runs WHERE runs.id = {}.run AND runs.phase = 'cancelling')"
"""As SQL, for a table: it is about to be taken out of the queue, and nothing of it is sent any more."""
TO_BE_TAKEN_BACK = (
    "EXISTS (SELECT 1 FROM amendments WHERE amendments.change_id = outbox.id AND amendments.state IN "
    "('queued', 'parked', 'unmatched', 'dead'))"
)
"""As SQL: somebody wants a change in ``outbox`` taken back, and that is not settled yet."""
DONE = "('delivered', 'already-there', 'echo', 'unwanted', 'undone')"
"""As SQL: the outcomes after which nothing waits any more. The indexes of what is open name the same."""
