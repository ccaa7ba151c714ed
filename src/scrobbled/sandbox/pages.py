"""The few pages on which a person would act at the services: plain, and clearly of a stand-in."""

from __future__ import annotations

from scrobbled.sandbox.messages import Reply

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:2rem auto;padding:0 1rem}}
button,input,select{{font:inherit;min-height:44px;padding:0 1rem}}</style>
<h1>{title}</h1>{body}</html>
"""


def page(title: str, body: str) -> Reply:
    """``body`` is HTML, with whatever came from outside escaped already."""
    return Reply(200, _PAGE.format(title=title, body=body), content_type="text/html; charset=utf-8")
