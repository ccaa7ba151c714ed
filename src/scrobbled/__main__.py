"""``python -m scrobbled`` is the same as the ``scrobbled`` command."""

from scrobbled.cli import main

if __name__ == "__main__":
    main()
