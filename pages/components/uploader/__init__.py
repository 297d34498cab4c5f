"""Uploads of any size: a part of the page, the tickets it gives out, the route they open."""
