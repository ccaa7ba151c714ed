"""What must survive: events, sessions, plays, the outbox, sign-ins and answers of catalogues, in one SQLite file."""

from scrobbled.store.file.database import Store

__all__ = ["Store"]
