"""Which candidate is enough, and what it costs: pure functions."""
