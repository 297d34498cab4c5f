"""Painted pixels to a pixel classifier, and an honest word on how good it is."""
