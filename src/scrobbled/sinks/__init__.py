"""Where facts go that nobody waits for.

A sink is only written to, and can be thrown away and built anew.
"""
