"""``/api/v1/sources``, ``/accounts``, ``/connections`` and ``/start``."""
