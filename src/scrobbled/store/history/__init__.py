"""What was watched, counted and searched.

Read only: plays are written by ``inbox`` and ``queue``.
"""
