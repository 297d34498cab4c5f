"""Strokes to a classifier: a few painted pixels teach a network's features new classes."""
