"""A library of Jellyfin. Most of what it does is in ``trackers.mediabrowser``; its paths are in ``clients``."""
