"""The database as a file: one writer, many readers, and the migrations that make its tables.

No table of a subject is read here.
"""
