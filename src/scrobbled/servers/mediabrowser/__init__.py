"""Jellyfin and Emby, asked: history, ids, libraries, and entering our webhook there.

What they post by themselves is read in ``sources``.
"""
