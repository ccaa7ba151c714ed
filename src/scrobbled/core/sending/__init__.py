"""Changes to be made at one tracker: what they say, when they are tried again, how many are safe.

Nothing here sends.
"""
