"""``/api/v1/config``, ``/backup``, ``/alerts`` and ``/doctor``."""
