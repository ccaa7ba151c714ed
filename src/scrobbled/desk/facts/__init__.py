"""The facts that command, API and page tell alike: the house, its plays, its queue, its pairs.

Read only; what is done about them stands in the folders beside this one.
"""
