"""Kodi, listened to over its websocket.

What it tells is handed on like a webhook; nothing is decided here.
"""
