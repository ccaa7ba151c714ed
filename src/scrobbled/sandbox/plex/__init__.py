"""Plex: a server with its library and players, and plex.tv.

Stands alone, like every stand-in.
"""
