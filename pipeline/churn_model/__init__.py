"""The churn model: how many purchases are still to come from a customer, and how dear they are."""
