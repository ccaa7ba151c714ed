"""Kodi: what it tells over its websocket, and what its add-ons post.

Stands alone, like every stand-in.
"""
