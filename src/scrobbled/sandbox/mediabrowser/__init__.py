"""Jellyfin and Emby, which share their API.

Stands alone, like every stand-in.
"""
