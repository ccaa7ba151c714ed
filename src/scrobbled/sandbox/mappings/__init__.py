"""The data sets that tell where a list's numbers stand elsewhere, made from the anime wing.

``runs`` are what they are made of, ``anibridge``, ``fribb``, ``otaku`` and ``anime_lists`` one form each; ``app``
serves them whole, unchanged, moved, and broken in every way that is known.
"""
