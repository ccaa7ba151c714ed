"""The schema, as an append-only list of steps. Each runs in a transaction; none is ever edited after a release."""

# In order of age.
# isort: off
from scrobbled.store.file.migrations import (
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
    knocking,
    films,
    drafts,
    taken_back,
    outlines,
    reasons,
    values,
    names,
    undated,
    cut_short,
    histories,
)

# isort: on
from scrobbled.store.file.migrations.registry import migrations

__all__ = [
    "accounts",
    "ahead",
    "amendments",
    "counting",
    "cut_short",
    "doors",
    "drafts",
    "films",
    "first",
    "following",
    "heard",
    "histories",
    "knocking",
    "migrations",
    "names",
    "operate",
    "outlines",
    "polls",
    "reasons",
    "reconciling",
    "sources",
    "taken_back",
    "tallies",
    "undated",
    "values",
    "walls",
]
