"""What lies behind the page Teach: what is painted, learned from it and seen by its networks."""
