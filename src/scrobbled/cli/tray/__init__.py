"""``scrobbled tray``: an icon on the desktop, which is a client of the API and nothing else.

It runs where the service need not run, Windows too: what is imported here at once is neither the database nor the
configuration. pystray and Pillow are imported in ``icon`` alone, and only when it is shown.
"""
