"""The schema, as an append-only list of steps. Each runs in a transaction; none is ever edited after a release."""

from scrobbled.store.migrations import first, operate, tallies  # isort: skip  # in the order in which they were added
from scrobbled.store.migrations.registry import migrations

__all__ = ["first", "migrations", "operate", "tallies"]
