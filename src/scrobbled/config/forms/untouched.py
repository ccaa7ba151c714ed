"""What a browser sends of a form that nobody touched, and what somebody changed in one that is out of date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scrobbled.config.forms.nodes import Control, FormList, FormSection, Node

FormFields = Mapping[str, Sequence[str]]


def untouched(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """Fields without a value are left out, as are the buttons."""
    fields: dict[str, list[str]] = {}
    for node in nodes:
        fields |= _control(node) if isinstance(node, Control) else {**_markers(node), **untouched(node.nodes)}
    return {name: values for name, values in fields.items() if values}


def rebased(sent: FormFields, old: FormFields, new: FormFields) -> FormFields:
    """``new`` with what ``sent`` changed of ``old``; only ``sent`` where entries of a list have other places now."""
    if any(old.get(name) != new.get(name) for name in {*old, *new} if name.endswith("~was")):
        return sent
    changed = {name for name in {*sent, *old} if list(sent.get(name, ())) != list(old.get(name, ()))}
    kept = {name: values for name, values in new.items() if name not in changed}
    return {**kept, **{name: values for name, values in sent.items() if name in changed}}


def _control(node: Control) -> dict[str, list[str]]:
    chosen = [option.value for option in node.options if option.chosen]
    if node.kind == "ticks":
        return {f"{node.name}~there": ["1"], node.name: chosen}
    if node.kind == "options":
        return {node.name: chosen}
    return {node.name: ["\r\n".join(node.values) if node.kind == "lines" else node.value]}


def _markers(node: FormSection | FormList) -> dict[str, list[str]]:
    if isinstance(node, FormList):
        return {f"{node.name}~there": ["1"], f"{node.name}~{node.marker}": list(node.keys)}
    return {f"{node.name}~is": [node.was]} if node.was in ("yes", "no") else {}
