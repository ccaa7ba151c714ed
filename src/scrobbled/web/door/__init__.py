"""Who comes in: connections, hosts, sign-ins, sessions and what is refused.

Nothing behind the door is known here.
"""
