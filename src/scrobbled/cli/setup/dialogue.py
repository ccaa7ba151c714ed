"""Asking somebody at a terminal: a line, a secret, or one of several. An empty answer is always "later"."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import rich_click as click

from scrobbled.cli.common import harmless, say


class NobodyAnswers(Exception):
    """There is nobody who answers any more (Ctrl-D)."""


class Dialogue:
    """SetupQuestions in order. Raises ``NobodyAnswers``, and ``KeyboardInterrupt`` as Python does."""

    def heading(self, text: str) -> None:
        click.echo()
        click.secho(harmless(text), bold=True)

    def line(self, question: str, usual: str = "") -> str:
        """What is typed, trimmed; ``usual`` where nothing is."""
        beside = f" [{usual}]" if usual else ""
        return self._read(f"{question}{beside}: ") or usual

    def secret(self, question: str) -> str:
        """Without echo, and as it is typed."""
        try:
            return getpass.getpass(f"{harmless(question)}: ")
        except EOFError:
            raise NobodyAnswers from None

    def one_of(self, question: str, choices: Sequence[str]) -> int | None:
        """The place of what was chosen, by its number or its words; ``None`` for later."""
        for number, choice in enumerate(choices, 1):
            say(f"  {number}  {choice}")
        while True:
            typed = self.line(f"{question} (1 to {len(choices)}, empty: later)")
            if not typed:
                return None
            if typed.isdecimal() and 1 <= int(typed) <= len(choices):
                return int(typed) - 1
            alike = [at for at, one in enumerate(choices) if one.casefold().startswith(typed.casefold())]
            if len(alike) == 1:
                return alike[0]
            say("That is none of them.")

    def agrees(self, question: str) -> bool:
        """Whether somebody says yes; anything else is no, or later."""
        return self.line(f"{question} (y, empty: later)").casefold() in ("y", "yes")

    def _read(self, prompt: str) -> str:
        try:
            return input(harmless(prompt)).strip()
        except EOFError:
            raise NobodyAnswers from None
