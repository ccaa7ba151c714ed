"""Stand-ins of the services we talk to, as strict as the real ones: what ``demo`` runs on and what the tests use."""
