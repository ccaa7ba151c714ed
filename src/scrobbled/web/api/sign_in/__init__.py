"""``/api/v1/sign-ins``, ``/plex`` and ``/tokens``."""
