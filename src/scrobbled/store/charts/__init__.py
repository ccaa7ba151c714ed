"""The book of databases of charts: what is exported, what stands there of each play, and what waits.

``origins`` reads plays, from the mirror of an account or from our own ledger; ``exports`` is who is exported and how
far; ``book`` compares and writes down; ``waiting`` hands out what is to be sent, and books what was.
"""
