"""``/api/v1/history``, ``/explain``, ``/playing`` and ``/undo``."""
