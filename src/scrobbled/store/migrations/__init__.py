"""The schema, as an append-only list of steps. Each runs in a transaction; none is ever edited after a release."""

from scrobbled.store.migrations import first, operate, tallies, reconciling, amendments, polls, sources  # isort: skip  # in order of age
from scrobbled.store.migrations.registry import migrations

__all__ = ["amendments", "first", "migrations", "operate", "polls", "reconciling", "sources", "tallies"]
