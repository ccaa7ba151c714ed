"""``/api/v1/corrections`` and ``/search``."""
