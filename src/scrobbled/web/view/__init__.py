"""From facts to what stands on a page. Pure; the templates only place it."""
