"""Trakt: plays of episodes and films, one account per viewer."""
