"""From what players tell to plays: events, viewings, and what counts as watched.

Nothing here knows a media server or a tracker.
"""
