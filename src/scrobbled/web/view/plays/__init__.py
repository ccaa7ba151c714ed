"""Plays as they stand on the page. Pure."""
