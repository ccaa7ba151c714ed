"""Plex, asked and listened to: history, ids, what is on, and entering our webhook there.

What it posts by itself is read in ``sources``.
"""
