"""Tautulli: what its notification agent posts.

Stands alone, like every stand-in.
"""
