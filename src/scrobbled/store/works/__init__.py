"""Films and episodes that were watched, once each, and the wall made of them.

Nothing here knows who watched.
"""
