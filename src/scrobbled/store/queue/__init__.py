"""Changes on their way to trackers, in whatever state, and what was asked about them.

Plays are in ``outbox``, all else is in ``amendments``; ``verbs`` is what is done to both alike. Whether a
change may go is decided in ``core`` and ``delivery``.
"""
