"""Values as what JSON and YAML can hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec


def plain(value: Any) -> Any:
    """As mappings, lists and scalars, at any depth; dates stay dates, and what is foreign becomes its text."""
    return msgspec.to_builtins(value, builtin_types=(date, datetime), enc_hook=str)
