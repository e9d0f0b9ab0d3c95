"""Start dbt."""


def main() -> None:
    """Start."""
