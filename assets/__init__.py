"""Dagster assets: what exists, one module per border crossing."""
