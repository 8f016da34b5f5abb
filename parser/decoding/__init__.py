"""Search for the best derivation: greedy or with a beam, a batch at a time."""
