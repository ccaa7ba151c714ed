"""TMDB: search, ids and pictures.

Stands alone, like every stand-in.
"""
