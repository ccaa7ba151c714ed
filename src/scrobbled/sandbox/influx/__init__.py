"""InfluxDB 2, 3 and 1.x, one at a time by switch: their line protocol, what they refuse, and what they hold.

Stands alone, like every stand-in.
"""
