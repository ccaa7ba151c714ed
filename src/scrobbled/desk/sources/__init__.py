"""Media servers as people connect, claim and try them.

What a webhook means is ``sources``', what becomes of it ``intake``'s.
"""
