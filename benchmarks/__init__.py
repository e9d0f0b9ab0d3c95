"""How much CPU the tables cost, beside hand-tuned SQL and other tools, on a made-up shop."""
