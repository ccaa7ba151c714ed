"""Serializd: its catalogue, diary, ticks and ratings, as strict and as odd as the real one.

Stands alone, like every stand-in.
"""
