"""What libraries have in common: copies of things at places, which of them are one thing, and what is told of it. Pure.

A library parses its server's rows into ``LibraryEntry``, in its own folder; what follows from those is here.
"""
