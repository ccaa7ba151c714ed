"""What a database of charts is to hold of somebody's plays: points, days, and what changes between two sets of plays.

``points`` is what such a database keeps, ``plays`` are what points are made of, ``placing`` says where each play
stands, ``days`` counts them, ``plan`` compares what is wanted with what was written. No kind of database is known here.
"""
