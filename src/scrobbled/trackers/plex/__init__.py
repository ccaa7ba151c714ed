"""A person's Plex library, on one server or several."""
