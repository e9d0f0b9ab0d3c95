"""What programmes brought: treated against control, with intervals, costs, sizes and a verdict."""
