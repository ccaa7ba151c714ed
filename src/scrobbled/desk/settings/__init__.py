"""The configuration and the database as people change them: settings, backups, uploads.

What a setting means is ``config``'s.
"""
