"""What moved between the tables of two days, and what was loaded after the earlier of them."""
