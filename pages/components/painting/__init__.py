"""Painting on the viewer: strokes to the server, and what is learned from them back."""
