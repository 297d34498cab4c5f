"""Charts and tables of numbers."""
