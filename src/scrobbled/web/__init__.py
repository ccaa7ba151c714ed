"""The HTTP side: webhooks in, health and metrics out, the API and the pages for people."""
