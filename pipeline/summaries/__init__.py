"""What a person wants to see of a mart at a glance, in Dagster: small tables and plots."""
