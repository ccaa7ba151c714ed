"""``/api/v1/pairs``, ``/sync``, ``/previews``, ``/runs`` and ``/questions``."""
