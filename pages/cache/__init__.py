"""What is computed once for all visitors: one bounded store, one way to use it."""
