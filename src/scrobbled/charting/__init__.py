"""The book of charts and a database of charts, brought together: ``exporter`` does it, ``keeper`` says when.

No kind of database is known here, and no tracker: how an account is read is handed in.
"""
