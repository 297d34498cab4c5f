"""How far labels agree with the truth."""
