"""AniList, as far as signing in goes.

Stands alone, like every stand-in.
"""
