"""Code that several steps need: the contracts (table, bundle, need) and the text functions."""
