"""The same tables and fits by other tools; each script runs in an environment of its own."""
