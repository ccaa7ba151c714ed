"""A library of Emby. Most of what it does is in ``trackers.mediabrowser``; its paths are in ``clients``."""
