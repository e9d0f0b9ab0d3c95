"""Local servers that stand in for vendors: they keep state, check requests and misbehave."""
