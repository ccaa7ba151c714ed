"""The schema, as an append-only list of steps. Each runs in a transaction; none is ever edited after a release."""

# In order of age.
# isort: off
from scrobbled.store.migrations import (
    first,
    operate,
    tallies,
    reconciling,
    amendments,
    polls,
    sources,
    walls,
    doors,
    counting,
    following,
    heard,
    accounts,
    ahead,
)

# isort: on
from scrobbled.store.migrations.registry import migrations

__all__ = [
    "accounts",
    "ahead",
    "amendments",
    "counting",
    "doors",
    "first",
    "following",
    "heard",
    "migrations",
    "operate",
    "polls",
    "reconciling",
    "sources",
    "tallies",
    "walls",
]
