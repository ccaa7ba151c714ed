"""``/api/v1``: everything the page can do, for scripts. Described at ``/schema/openapi.json``."""
