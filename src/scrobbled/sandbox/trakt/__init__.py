"""Trakt: sign-in, catalogue, history, ratings and lists, with its limits and its lapses.

Stands alone, like every stand-in.
"""
